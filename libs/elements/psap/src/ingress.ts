import type { Clock } from '@esinet/kernel';
import type { RecordWrite, Records } from '@esinet/platform';

const collection = 'ingress';
const key = 'limit';

/** Numbers are spoken for so far ahead, in microseconds, and anew when half of that is used. */
const aheadMicros = 600_000_000;

/** A message waits no longer for what was written down. */
const patienceMs = 500;

/**
 * A number for each message that is recorded, rising over all chats of this process and over its restarts: about the
 * microseconds since 1970, and more where the clock would have it fall back. What may have been given is written down
 * before it is given, in the write of the message itself, so that it costs nothing. Several processes on one store each
 * have an order of their own, which differs from the others' by as much as their clocks do.
 */
export class Ingress {
  #last = 0;
  #limit = 0;
  #start: Promise<void> | undefined;

  constructor(
    private readonly records: Pick<Records, 'get'>,
    private readonly clock: Clock,
  ) {}

  /** The first of `count` numbers, and what has to be stored with what gets them. Never rejects. */
  async take(count: number): Promise<{ readonly first: number; readonly writes: readonly RecordWrite[] }> {
    await (this.#start ??= this.#read());
    const first = Math.max(this.#last + 1, Math.floor(this.clock.wall() * 1_000));
    this.#last = first + count - 1;
    if (this.#last <= this.#limit - aheadMicros / 2) return { first, writes: [] };
    return { first, writes: [{ kind: 'put', collection, key, value: this.#last + aheadMicros }] };
  }

  /** What was to be stored is. */
  stored(writes: readonly RecordWrite[]): void {
    for (const { value } of writes) this.#limit = Math.max(this.#limit, Number(value));
  }

  #inTime<T>(reading: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(patienceMs, () => reject(new Error('the records do not answer')));
      reading.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** A message is not lost for the sake of its number: what cannot be read counts from the clock. */
  async #read(): Promise<void> {
    try {
      const limit = await this.#inTime(this.records.get(collection, key));
      if (typeof limit === 'number') this.#last = Math.max(this.#last, limit);
    } catch {
      this.#start = undefined;
    }
  }
}
