// Measures reading: time in which the page is visible and somebody did
// something a short while ago.

export class Clock {
  private visible = false;
  private from: number | null = null; // start of the stretch that is not told yet
  private last = 0; // when somebody did something

  /** tell hears of each stretch: when it ended, and how long it was. */
  constructor(
    private readonly idle: number,
    private readonly tell: (at: number, length: number) => void,
  ) {}

  show(now: number): void {
    this.visible = true;
    this.act(now);
  }

  hide(now: number): void {
    this.beat(now);
    this.visible = false;
    this.from = null;
  }

  /** Somebody scrolled, pointed or typed. */
  act(now: number): void {
    if (!this.visible) {
      return;
    }
    if (this.from !== null && !this.awake(now)) {
      this.beat(now); // ends the stretch where it fell asleep
    }
    this.last = now;
    this.from ??= now;
  }

  /** Tells of the time since the last stretch, which the next one touches. */
  beat(now: number): void {
    if (this.from === null) {
      return;
    }
    const end = Math.min(now, this.last + this.idle);
    if (end > this.from) {
      this.tell(end, end - this.from);
    }
    this.from = this.awake(now) ? now : null;
  }

  // A clock that was set back counts as waking up.
  private awake(now: number): boolean {
    return now >= this.last && now <= this.last + this.idle;
  }
}
