import { getHeapStatistics } from 'node:v8';
import type { Clock, Logger } from '@esinet/kernel';
import type { Health } from './health.js';

/** Share of the heap that V8 may have, above which the process is near its end. */
export const fullAbove = 0.9;

/** Looks in a row that find it so: one alone may have come just before a collection. */
const looksInARow = 5;

const everyMs = 1_000;

/** Octets in use and octets that may be. */
export interface HeapUse {
  readonly used: number;
  readonly limit: number;
}

export function heapUse(): HeapUse {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return { used, limit };
}

/**
 * A heap that stays full is a leak or a load beyond all limits, and ends in the death of the process in the middle of
 * whatever it does. Before that it is not ready, and `onFull` is called once: it finishes what it has and begins anew.
 */
export function watchHeap(o: {
  readonly health: Pick<Health, 'register'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFull: () => void;
  readonly use?: () => HeapUse;
}): void {
  const { health, clock, logger, onFull, use = heapUse } = o;
  let full = 0;
  health.register('heap', () => {
    if (full < looksInARow) return Promise.resolve(undefined);
    return Promise.resolve(`more than ${fullAbove * 100} % of the heap is in use`);
  });
  const look = (): void => {
    const { used, limit } = use();
    full = used > limit * fullAbove ? full + 1 : 0;
    if (full === looksInARow) {
      const megabytes = (octets: number): number => Math.round(octets / 1_048_576);
      logger.error('heap is full, draining', { usedMb: megabytes(used), limitMb: megabytes(limit) });
      onFull();
    }
    clock.after(everyMs, look);
  };
  clock.after(everyMs, look);
}
