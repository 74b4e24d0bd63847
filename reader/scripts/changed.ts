// Tells somebody that a lesson says something else than when they read it. The
// note lies over the page, so that nothing in it moves, until it is dismissed.

interface Change {
  since?: string;
  read?: string;
  version: string;
  changelog: string;
  blocks: unknown[];
}

/** Asks what has changed for the owner, and shows it in the lesson's place for it. */
export async function tellChange(article: HTMLElement, owner: string): Promise<void> {
  const place = article.querySelector<HTMLElement>("[data-changed]");
  const { module, lesson } = article.dataset;
  if (!place || !module || !lesson) {
    return; // a preview, which nobody has read
  }
  const path = `/modules/${encodeURIComponent(module)}/lessons/${encodeURIComponent(lesson)}/changes`;
  const change = await ask("/api" + path);
  const key = `changed:${owner}:${lesson}`;
  if (!change?.since || !change.read || change.blocks.length === 0 || dismissed(key) === change.version) {
    return;
  }
  place.replaceChildren(...note(change, change.read, `${path}?since=${encodeURIComponent(change.since)}`, () => {
    dismiss(key, change.version);
    place.replaceChildren();
    article.tabIndex = -1; // where the keyboard goes on
    article.focus({ preventScroll: true });
  }));
}

function note(change: Change, read: string, href: string, done: () => void): HTMLElement[] {
  const words = document.createElement("p");
  const day = new Date(read).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  words.textContent = `Changed since you read it on ${day}${change.changelog ? ": " + change.changelog : "."}`;
  const link = document.createElement("a");
  link.href = href;
  link.textContent = "See what changed";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Dismiss";
  button.addEventListener("click", done);
  const actions = document.createElement("div");
  actions.className = "actions";
  actions.append(link, button);
  return [words, actions];
}

async function ask(path: string): Promise<Change | null> {
  try {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    return answer.ok ? ((await answer.json()) as Change) : null;
  } catch {
    return null; // the outline tells it too
  }
}

function dismissed(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function dismiss(key: string, version: string): void {
  try {
    localStorage.setItem(key, version);
  } catch {
    // It comes again with the next page.
  }
}
