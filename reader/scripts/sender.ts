// Sends what is in the store, and forgets what the server has answered for.

import { device, type Store, type StudyEvent } from "./store";

const most = 100; // events at once: well below what a browser sends for a page that is gone
const longest = 300_000; // between two tries

interface Answer {
  results: { id: string; result: string }[];
}

export class Sender {
  private busy = false;
  private over = false;
  private readonly underWay = new Set<string>();
  private wait: number;
  private notBefore = 0; // by the page's own clock: when the server wants to hear more
  private timer: number | undefined;

  /**
   * tell hears how many events wait after each try; signedOut, that the
   * session has ended. Events then stay for when their owner is back.
   */
  constructor(
    private readonly store: Store,
    private readonly tell: (waiting: number) => void,
    private readonly first = 30_000,
    private readonly signedOut: () => void = () => undefined,
  ) {
    this.first = Math.min(first, 2_000);
    this.wait = this.first;
    addEventListener("online", () => void this.send());
  }

  add(event: StudyEvent): void {
    this.store.add(event);
    void this.send();
  }

  async send(): Promise<void> {
    if (this.busy || this.over) {
      return;
    }
    if (performance.now() < this.notBefore) {
      this.later();
      this.tell(this.store.size);
      return;
    }
    this.busy = true;
    clearTimeout(this.timer);
    try {
      for (let events = this.store.some(most); events.length > 0 && !this.over; events = this.store.some(most)) {
        await this.post(events);
      }
      this.wait = this.first;
    } catch {
      this.later();
    }
    this.busy = false;
    this.tell(this.store.size);
  }

  /** Sends what is left before the page goes, even while an answer is awaited. */
  flush(): void {
    const events = this.store.some(most).filter((event) => !this.underWay.has(event.id));
    if (events.length > 0 && !this.over && performance.now() >= this.notBefore) {
      this.post(events).catch(() => this.later());
    }
  }

  private later(): void {
    clearTimeout(this.timer);
    const refused = this.notBefore - performance.now();
    this.timer = setTimeout(() => void this.send(), Math.max(refused, 0) + this.wait * (0.5 + Math.random()));
    if (refused <= 0) {
      this.wait = Math.min(this.wait * 2, longest);
    }
  }

  private async post(events: StudyEvent[]): Promise<void> {
    const ids = events.map((event) => event.id);
    ids.forEach((id) => this.underWay.add(id));
    try {
      await this.exchange(events, new Set(ids));
    } finally {
      ids.forEach((id) => this.underWay.delete(id));
    }
  }

  private async exchange(events: StudyEvent[], sent: Set<string>): Promise<void> {
    const answer = await fetch("/api/events", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ device: device(), events }),
      keepalive: true, // it goes on when the page is gone
    });
    if (answer.status === 401) {
      this.over = true;
      this.signedOut();
      return;
    }
    if (answer.status === 429) {
      const seconds = Number(answer.headers.get("Retry-After")) || 0;
      this.notBefore = performance.now() + Math.min(seconds * 1_000, longest);
    }
    if (!answer.ok) {
      throw new Error(`events: ${answer.status}`);
    }
    const { results } = (await answer.json()) as Answer;
    const done = results.map((result) => result.id).filter((id) => sent.has(id));
    if (done.length === 0) {
      throw new Error("events: no answer for any of them");
    }
    this.store.remove(done);
  }
}
