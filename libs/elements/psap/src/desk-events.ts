import { type Clock, type Logger, isoTime, messageOf } from '@esinet/kernel';
import type { DeskEvent } from './desk.js';

/** Tells everybody who watches. Nothing waits for them, and one that fails keeps no other from hearing. */
export class DeskEvents {
  readonly #listeners = new Set<(event: DeskEvent) => void>();
  readonly #waiting: DeskEvent[] = [];
  #telling = false;
  #last: number;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    // Above all that a former process gave out: none tells a thousand things in every millisecond of its life.
    this.#last = Math.floor(clock.wall()) * 1_000;
  }

  /** The identifier of what was told last; of nothing so far, the one before the first. */
  get last(): number {
    return this.#last;
  }

  watch(listener: (event: DeskEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One after the other: what a listener tells in turn is heard by all after what made it tell. */
  tell(what: Omit<DeskEvent, 'id' | 'at'> & { readonly at?: string }): void {
    this.#waiting.push({ id: ++this.#last, at: isoTime(this.clock.wall()), ...what });
    if (this.#telling) return;
    this.#telling = true;
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) this.#tell(event);
    this.#telling = false;
  }

  #tell(event: DeskEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.logger.error('desk event not taken', { reason: messageOf(error) });
      }
    }
  }
}
