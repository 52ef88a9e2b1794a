import type { QueueState, StateSource } from '@esinet/states';
import type { Desk } from '../desk.js';

export interface IntakeQueuesOptions {
  readonly desk: Pick<Desk, 'watch'>;
  readonly uriOf: (centre: string) => string;
  /** Chats that may wait at one centre. */
  readonly max: number;
  /** Whether a centre takes no calls. */
  readonly closed: (centre: string) => boolean;
  readonly onChange: () => void;
}

/** One queue for each centre: the chats that wait there for a call taker. */
export class IntakeQueues {
  readonly #lengths = new Map<string, number>();
  /** Those who watch a centre. */
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #unwatch: () => void;

  constructor(private readonly o: IntakeQueuesOptions) {
    this.#unwatch = o.desk.watch(({ type, centre, data }) => {
      if (type !== 'queue' || centre === undefined) return;
      const { length } = data as { length?: unknown };
      if (typeof length !== 'number' || length === (this.#lengths.get(centre) ?? 0)) return;
      // Strangers choose names of centres: those where nobody waits are not kept.
      if (length > 0) this.#lengths.set(centre, length);
      else this.#lengths.delete(centre);
      for (const listener of this.#listeners.get(centre) ?? []) listener();
      o.onChange();
    });
  }

  source(centre: string): StateSource<QueueState> {
    return { current: () => this.state(centre), onChange: (listener) => this.#watch(centre, listener) };
  }

  state(centre: string): QueueState {
    const { max, closed, uriOf } = this.o;
    const queueLength = this.#lengths.get(centre) ?? 0;
    return {
      queueUri: uriOf(centre),
      queueLength,
      queueMaxLength: max,
      state: closed(centre) ? 'Inactive' : queueLength >= max ? 'Full' : 'Active',
    };
  }

  /** Whether centres take calls may be different. */
  refresh(): void {
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener();
  }

  close(): void {
    this.#unwatch();
  }

  #watch(centre: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(centre) ?? new Set();
    this.#listeners.set(centre, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(centre) === listeners) this.#listeners.delete(centre);
    };
  }
}
