// Tells whether everything is saved.

export function tellSync(waiting: number): void {
  const text = waiting === 0 ? "Everything saved" : `${waiting} waiting to be saved`;
  for (const place of document.querySelectorAll<HTMLElement>("[data-sync]")) {
    place.setAttribute("aria-live", "polite");
    if (place.textContent !== text) {
      place.textContent = text; // only a change is read out
    }
  }
}
