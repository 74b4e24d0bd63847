// Tells what was seen, once the page is hidden: which page, nothing of the
// person. Whoever asks by Global Privacy Control not to be followed is not
// told of.

interface Seen {
  kind: string;
  at: string;
  module?: string | undefined;
  lesson?: string | undefined;
  version?: string | undefined;
}

type What = Omit<Seen, "at">;

/** Counts this page, and what its forms begin. */
export function count(): void {
  if ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl) {
    return;
  }
  let waiting: Seen[] = [];
  const add = (what: What | undefined) => what && waiting.push({ ...what, at: new Date().toISOString() });
  const send = () => {
    for (; waiting.length > 0; waiting = waiting.slice(10)) { // which are taken at once
      navigator.sendBeacon("/api/analytics", new Blob([JSON.stringify({ events: waiting.slice(0, 10) })], { type: "application/json" }));
    }
  };
  add(page());
  document.addEventListener("submit", (event) => add(begun(event.target as HTMLFormElement)));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send());
  addEventListener("pagehide", send); // some browsers hide nothing when they leave
}

/** What this page is; the one that a form or an error made is none. */
function page(): What | undefined {
  const article = document.querySelector<HTMLElement>("article[data-lesson]");
  if (article) {
    return lesson("lesson-read", article);
  }
  const outline = document.querySelector<HTMLElement>("[data-outline]")?.dataset.outline;
  if (outline) {
    return { kind: "module-viewed", module: outline };
  }
  const query = new URLSearchParams(location.search);
  switch (location.pathname) {
    case "/":
      return { kind: "catalog-viewed" };
    case "/search":
      return query.get("q") ? { kind: "search-used" } : undefined;
  }
  return location.pathname.startsWith("/orders/") && query.has("paid") ? { kind: "purchase-returned" } : undefined;
}

/** What sending a form begins or ends. */
function begun(form: HTMLFormElement): What | undefined {
  const article = document.querySelector<HTMLElement>("article[data-lesson]");
  // Not form.action, which is the field of that name where there is one.
  const { pathname } = new URL(form.getAttribute("action") ?? "", location.href);
  if (article && pathname.endsWith("/finish")) {
    return lesson("lesson-finished", article);
  }
  const checkout = /^\/checkout\/([^/]+)$/.exec(pathname);
  return checkout ? { kind: "checkout-started", module: checkout[1] } : undefined;
}

function lesson(kind: string, article: HTMLElement): What {
  const { lesson, module, version } = article.dataset;
  return { kind, lesson, module, version };
}
