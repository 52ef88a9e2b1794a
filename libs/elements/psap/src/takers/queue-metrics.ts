import type { Metrics } from '@esinet/platform';
import { type QueueState, isWaiting } from './queue.js';
import type { Unanswered } from './unanswered.js';

/** Seconds somebody waited for a call taker. */
const waits = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800];

/** What is known of a centre that no configuration names: strangers choose such names. */
const other = 'other';

/** The queue in figures. Real calls only: a test never gets here. */
export class QueueMetrics {
  readonly #length;
  readonly #oldest;
  readonly #unanswered;
  readonly #takers;
  readonly #seats;
  readonly #waited;
  readonly #labels: ReadonlySet<string>;

  constructor(metrics: Metrics, centres: readonly string[]) {
    this.#labels = new Set([...centres, other]);
    const of = ['centre'];
    this.#length = metrics.gauge('esinet_queue_length', 'Chats that wait for a call taker', of);
    this.#oldest = metrics.gauge('esinet_queue_oldest_seconds', 'Age of the oldest wait in the queue', of);
    this.#unanswered = metrics.gauge(
      'esinet_chat_unanswered_oldest_seconds',
      'Longest time a caller waits for a word of a person now',
      of,
    );
    this.#takers = metrics.gauge('esinet_takers_signed_on', 'Call takers signed on');
    this.#seats = metrics.gauge('esinet_taker_seats', 'Seats of the call takers signed on', ['state']);
    this.#waited = metrics.histogram(
      'esinet_queue_wait_seconds',
      'Time from entering the queue to a call taker',
      waits,
      of,
    );
  }

  accepted(centre: string, waitedMs: number): void {
    this.#waited.observe(waitedMs / 1_000, { centre: this.#label(centre) });
  }

  measure(state: QueueState, unanswered: Unanswered, now: number): void {
    const rows = new Map(
      [...this.#labels].map((label) => [label, { length: 0, oldest: now, unanswered: now }]),
    );
    let used = 0;
    for (const c of state.chats.values()) {
      const row = rows.get(this.#label(c.centre));
      if (!row) continue;
      row.unanswered = Math.min(row.unanswered, unanswered.since(c.chat) ?? now);
      if (c.taker !== undefined) used++;
      if (!isWaiting(c)) continue;
      row.length++;
      row.oldest = Math.min(row.oldest, c.waitingSince);
    }
    for (const [centre, row] of rows) {
      this.#length.set(row.length, { centre });
      this.#oldest.set((now - row.oldest) / 1_000, { centre });
      this.#unanswered.set((now - row.unanswered) / 1_000, { centre });
    }
    let seats = 0;
    for (const taker of state.takers.values()) seats += taker.seats;
    this.#takers.set(state.takers.size);
    this.#seats.set(used, { state: 'used' });
    this.#seats.set(Math.max(0, seats - used), { state: 'free' });
  }

  #label(centre: string): string {
    return this.#labels.has(centre) ? centre : other;
  }
}
