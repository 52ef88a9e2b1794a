import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import type { QueueState, QueueStateValue } from '@esinet/states';
import type { Queue } from './queue.js';

/** Between two tellings of a queue of which only the length changes. */
const lengthEveryMs = 1_000;

interface Told {
  readonly state: QueueStateValue;
  readonly length: number;
  readonly at: number;
}

/** Tells others what becomes of the queues: a new state at once, a new length now and then. */
export class StateChanges {
  readonly #listeners = new Set<(state: QueueState) => void>();
  readonly #told = new Map<Queue, Told>();
  readonly #late = new Map<Queue, Timer>();

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  listen(listener: (state: QueueState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** `Unreachable` is what one who looks says (NENA i3): told is `Inactive`, as nobody takes calls there. */
  changed(queue: Queue, now: QueueStateValue): void {
    const state = now === 'Unreachable' ? 'Inactive' : now;
    const told = this.#told.get(queue);
    if (!told) return this.#keep(queue, state);
    if (told.state === state) {
      if (told.length === queue.length) return;
      const wait = told.at + lengthEveryMs - this.clock.now();
      if (wait > 0) return this.#later(queue, wait);
    }
    this.#tell(queue, state);
  }

  close(): void {
    for (const timer of this.#late.values()) timer.cancel();
    this.#late.clear();
    this.#listeners.clear();
  }

  #later(queue: Queue, ms: number): void {
    if (this.#late.has(queue)) return;
    const timer = this.clock.after(ms, () => {
      this.#late.delete(queue);
      const told = this.#told.get(queue);
      if (told && told.length !== queue.length) this.#tell(queue, told.state);
    });
    this.#late.set(queue, timer);
  }

  #keep(queue: Queue, state: QueueStateValue): void {
    this.#told.set(queue, { state, length: queue.length, at: this.clock.now() });
  }

  #tell(queue: Queue, value: QueueStateValue): void {
    this.#keep(queue, value);
    const state = queue.state(value);
    for (const listener of this.#listeners) {
      try {
        listener(state);
      } catch (error) {
        this.logger.error('queue state not told', { reason: messageOf(error) });
      }
    }
  }
}
