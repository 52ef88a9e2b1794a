import type { Clock } from '@esinet/kernel';
import type { Store } from '@esinet/platform';
import { seal } from './source-key.js';

/**
 * When each source made its last test call that was taken, here or at another border. TS 103 698 6.1.2.10: one within 2
 * min and no more. A test that failed may be tried again. With the store away each border counts for itself.
 */
export class TestCalls {
  readonly #last = new Map<string, number>();

  constructor(
    private readonly o: {
      readonly intervalMs: number;
      readonly max: number;
      readonly store: Store;
      readonly storeTimeoutMs: number;
      readonly clock: Clock;
    },
  ) {}

  /** `now` in monotonic milliseconds. Never rejects. */
  async allowed(identity: string, now: number): Promise<boolean> {
    const last = this.#last.get(identity);
    if (last !== undefined && now - last < this.o.intervalMs) return false;
    return !(await this.#elsewhere(identity));
  }

  taken(identity: string, now: number): void {
    const { store, intervalMs, max } = this.o;
    if (intervalMs > 0) store.set(keyOf(identity), '1', { ttlMs: intervalMs }).catch(() => undefined);
    this.#last.delete(identity);
    this.#last.set(identity, now);
    if (this.#last.size <= max) return;
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest);
      return;
    }
  }

  #elsewhere(identity: string): Promise<boolean> {
    const { store, storeTimeoutMs, clock } = this.o;
    return new Promise((resolve) => {
      const timer = clock.after(storeTimeoutMs, () => resolve(false));
      store
        .get(keyOf(identity))
        .then(
          (found) => resolve(found !== undefined),
          () => resolve(false),
        )
        .finally(() => timer.cancel());
    });
  }
}

function keyOf(identity: string): string {
  return `bcf:test:${seal(identity)}`;
}
