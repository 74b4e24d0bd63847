// Shows a saved change: the page is loaded again, at the same place.
const panel = document.querySelector("[data-preview]");
const events = new EventSource("/preview/events?after=" + panel.dataset.preview);
events.onmessage = () => {
	events.close();
	location.reload();
};
