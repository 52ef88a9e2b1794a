import type { DequeuersConfig } from './config.js';

export interface DequeueRegistration {
  readonly dequeuerUri: string;
  /** 1 to 5, 5 the highest. */
  readonly preference: number;
  /** Monotonic milliseconds. */
  readonly until: number;
}

interface Held extends DequeueRegistration {
  /** Turn in which it last got a call: among equals the one that waits longest is next. */
  turn: number;
}

/** Who is registered to take the calls of one queue. */
export class Dequeuers {
  readonly #held = new Map<string, Held>();
  #turn = 0;

  constructor(readonly config: DequeuersConfig) {}

  /** False where there are too many. */
  register(registration: DequeueRegistration): boolean {
    const { dequeuerUri } = registration;
    const before = this.#held.get(dequeuerUri);
    if (!before && this.#held.size >= this.config.atMost) return false;
    // A new one starts behind its equals: else it would get every call until it has had as many.
    this.#held.set(dequeuerUri, { ...registration, turn: before?.turn ?? this.#turn });
    return true;
  }

  remove(dequeuerUri: string): void {
    this.#held.delete(dequeuerUri);
  }

  /** Forgets those whose time is over; true where there were any. */
  expire(now: number): boolean {
    const before = this.#held.size;
    for (const [uri, { until }] of this.#held) if (until <= now) this.#held.delete(uri);
    return this.#held.size < before;
  }

  get size(): number {
    return this.#held.size;
  }

  /** When the first of them ends. */
  get nextEnd(): number {
    let next = Infinity;
    for (const { until } of this.#held.values()) next = Math.min(next, until);
    return next;
  }

  /** The highest preference first, among equals the one whose last call is longest ago. */
  inOrder(): readonly DequeueRegistration[] {
    return [...this.#held.values()].sort((a, b) => b.preference - a.preference || a.turn - b.turn);
  }

  /** This one got a call. */
  served(dequeuerUri: string): void {
    const held = this.#held.get(dequeuerUri);
    if (held) held.turn = ++this.#turn;
  }
}
