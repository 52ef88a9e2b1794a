import type { Clock, Timer } from './clock.js';

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves only when told to: timers fire in due order while `advance` walks over them. */
export class ManualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(private readonly epoch = Date.UTC(2026, 0, 1, 12, 0, 0)) {}

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.epoch + this.#now;
  }

  after(ms: number, fire: () => void): Timer {
    const pending: Pending = { due: this.#now + Math.max(0, ms), order: this.#order++, fire };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Timers still waiting. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Moves time on by `ms`, firing what falls due on the way, also what is set while it moves. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#next(until);
      if (!next) break;
      this.#pending.delete(next);
      this.#now = next.due;
      next.fire();
    }
    this.#now = until;
  }

  /** As `advance`, in steps, letting promises settle between them. */
  async run(ms: number, step = 10): Promise<void> {
    const until = this.#now + ms;
    while (this.#now < until) {
      this.advance(Math.min(step, until - this.#now));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #next(until: number): Pending | undefined {
    let found: Pending | undefined;
    for (const candidate of this.#pending) {
      if (candidate.due > until) continue;
      if (
        !found ||
        candidate.due < found.due ||
        (candidate.due === found.due && candidate.order < found.order)
      ) {
        found = candidate;
      }
    }
    return found;
  }
}
