import type { Metrics } from '@esinet/platform';
import type { OutboxEntry } from './outbox.js';

/** What an operator looks at: how much waits for each authority, and for how long the oldest of it. */
export class QueueMetrics {
  readonly #waiting: ReturnType<Metrics['gauge']>;
  readonly #oldest: ReturnType<Metrics['gauge']>;
  readonly #told = new Set<string>();

  constructor(metrics: Metrics) {
    this.#waiting = metrics.gauge(
      'esinet_handover_waiting',
      'Documents and objects that wait to be delivered to an authority',
      ['authority'],
    );
    this.#oldest = metrics.gauge(
      'esinet_handover_oldest_waiting_seconds',
      'Seconds since the oldest of what waits was queued',
      ['authority'],
    );
  }

  show(waiting: readonly OutboxEntry[], wallMs: number): void {
    const by = new Map<string, { count: number; since: number }>();
    for (const { authority, queuedAt, notBefore } of waiting) {
      const since = Date.parse(queuedAt ?? notBefore);
      const sum = by.get(authority) ?? { count: 0, since };
      by.set(authority, { count: sum.count + 1, since: Math.min(sum.since, since) });
    }
    for (const authority of this.#told)
      if (!by.has(authority)) by.set(authority, { count: 0, since: wallMs });
    for (const [authority, { count, since }] of by) {
      this.#told.add(authority);
      this.#waiting.set(count, { authority });
      this.#oldest.set(Math.max(0, (wallMs - since) / 1_000), { authority });
    }
  }
}
