// Finds while somebody types, and lets the keyboard go through what was found.
// The page that the server makes is the only one that shows hits: this takes
// them out of it.

const pause = 150; // milliseconds after the last key

/** Makes the search form answer at once. */
export function searchAsTyped(form: HTMLFormElement, found: HTMLElement): void {
  const input = form.querySelector<HTMLInputElement>("input[type=search]");
  if (!input) {
    return;
  }
  let timer = 0;
  let asking: AbortController | undefined;
  let shown = input.value.trim();

  const ask = async (): Promise<void> => {
    asking?.abort();
    const typed = input.value.trim();
    if (typed === shown) {
      return;
    }
    asking = new AbortController();
    const url = typed ? "/search?q=" + encodeURIComponent(typed) : "/search";
    try {
      const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: asking.signal });
      if (!answer.ok) {
        return; // the button still works, and says what is wrong
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const hits = page.querySelector("[data-hits]");
      if (hits) {
        found.replaceChildren(...hits.childNodes);
        document.title = page.title;
        history.replaceState(history.state, "", url);
        shown = typed;
      }
    } catch {
      // overtaken by the next key, or no network: what is shown stays
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), pause);
  });
  document.addEventListener("keydown", (event) => move(event, input, found));
}

/** Arrows go through the hits, Escape back to the words, "/" to them from anywhere. */
function move(event: KeyboardEvent, input: HTMLInputElement, found: HTMLElement): void {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const hits = Array.from(found.querySelectorAll<HTMLElement>("ol a"));
  const at = hits.indexOf(document.activeElement as HTMLElement);
  const inside = at >= 0 || document.activeElement === input;
  let to: HTMLElement | undefined;
  if (event.key === "ArrowDown" && inside) {
    to = hits[at + 1];
  } else if (event.key === "ArrowUp" && at >= 0) {
    to = hits[at - 1] ?? input;
  } else if ((event.key === "Escape" && at >= 0) || (event.key === "/" && document.activeElement === document.body)) {
    to = input;
  }
  if (to) {
    event.preventDefault();
    to.focus();
  }
}
