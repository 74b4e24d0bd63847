// Tells what is read on a lesson's page.

import { Clock } from "./clock";
import type { StudyEvent } from "./store";

const usualBeat = 30_000;
const signs = ["scroll", "pointerdown", "pointermove", "keydown", "wheel", "touchmove"];

/** Listener hears of events, and that the page may be gone the next moment. */
export interface Listener {
  take(event: StudyEvent): void;
  leave(): void;
}

export interface Reading {
  readonly beat: number;
  stop(): void;
}

export function study(article: HTMLElement, listener: Listener): Reading {
  const beat = Number(article.dataset.beat) || usualBeat;
  let stopped = false;
  const take = (kind: StudyEvent["kind"], at: number, length: number) => {
    if (!stopped) {
      listener.take(event(article, kind, at, length));
    }
  };
  watch(beat, () => take("open", Date.now(), 0), (at, length) => take("read", at, length), () => listener.leave());
  return { beat, stop: () => void (stopped = true) };
}

function event(article: HTMLElement, kind: StudyEvent["kind"], at: number, length: number): StudyEvent {
  const { lesson = "", version } = article.dataset;
  return {
    id: crypto.randomUUID(), lesson, kind, at: new Date(at).toISOString(), active_ms: length,
    ...(version === undefined ? {} : { version }),
  };
}

/** Runs a clock over the page's life: opened once, read again and again. */
function watch(beat: number, opened: () => void, read: (at: number, length: number) => void, left: () => void): void {
  const clock = new Clock(2 * beat, read);
  let open = false;
  const show = () => {
    if (document.visibilityState !== "visible") {
      return;
    }
    if (!open) {
      open = true;
      opened();
    }
    clock.show(Date.now());
  };
  const hide = () => {
    clock.hide(Date.now());
    left();
  };
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? show() : hide()));
  addEventListener("pageshow", (event) => event.persisted && show());
  addEventListener("pagehide", hide);
  for (const sign of signs) {
    addEventListener(sign, () => clock.act(Date.now()), { passive: true, capture: true });
  }
  setInterval(() => clock.beat(Date.now()), beat);
  show();
}
