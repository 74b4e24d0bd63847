// What was read and is not yet known to be saved. Each event has a key of its
// own, so that tabs do not overwrite each other's; it holds its owner, so that
// nobody's reading is sent as somebody else's.

export interface StudyEvent {
  id: string;
  lesson: string;
  kind: "open" | "read" | "finish";
  at: string;
  active_ms: number;
  version?: string;
}

const deviceKey = "study:device";

export class Store {
  private readonly prefix: string;
  private readonly memory = new Map<string, string>(); // where the browser keeps nothing, or is full

  constructor(owner: string) {
    this.prefix = `study:event:${owner}:`;
  }

  add(event: StudyEvent): void {
    const key = this.prefix + event.id;
    const text = JSON.stringify(event);
    try {
      localStorage.setItem(key, text);
    } catch {
      this.memory.set(key, text);
    }
  }

  /** Forgets events that the server has answered for. */
  remove(ids: string[]): void {
    for (const id of ids) {
      this.memory.delete(this.prefix + id);
      disk()?.removeItem(this.prefix + id);
    }
  }

  get size(): number {
    return this.keys().length;
  }

  /** Returns at most max events. */
  some(max: number): StudyEvent[] {
    const events: StudyEvent[] = [];
    for (const key of this.keys().slice(0, max)) {
      const event = read(this.memory.get(key) ?? disk()?.getItem(key));
      if (event) {
        events.push(event);
      } else {
        disk()?.removeItem(key); // another program's, or half written
      }
    }
    return events;
  }

  private keys(): string[] {
    const kept = Object.keys(disk() ?? {}).filter((key) => key.startsWith(this.prefix));
    return [...this.memory.keys(), ...kept];
  }
}

function read(text: string | null | undefined): StudyEvent | null {
  try {
    return JSON.parse(text ?? "null") as StudyEvent | null;
  } catch {
    return null;
  }
}

/** Returns the name of this device: random, and the same in all its tabs. */
export function device(): string {
  const name = disk()?.getItem(deviceKey) ?? crypto.randomUUID();
  try {
    localStorage.setItem(deviceKey, name);
  } catch {
    // It has another name next time, which does no harm.
  }
  return name;
}

function disk(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
