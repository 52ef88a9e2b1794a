import { type RatePolicy, type Rates, shortestInterval } from './rates.js';

/** Slices of the rolling period in which notifications are counted; RFC 6446 7.4 leaves the granularity open. */
const slices = 16;
/** The rolling period in intervals of the adaptive minimum; 7.4 recommends several. */
const periodIntervals = 8;

/** What a notifier remembers of the notifications of one subscription. Times are monotonic milliseconds. */
export interface Pace {
  readonly agreed: Rates;
  /** When the last notification was made; -Infinity before the first. */
  readonly last: number;
  /** Only with adaptive-min-rate. */
  readonly adaptive?: AdaptiveHistory;
}

interface AdaptiveHistory {
  readonly periodMs: number;
  /** Start of the slice that `counts[0]` stands for; the next ones are older. */
  readonly slice: number;
  readonly counts: readonly number[];
}

export function newPace(agreed: Rates, now: number): Pace {
  return withRates({ agreed: {}, last: -Infinity }, agreed, now);
}

/** Other rates for the same subscription; what was sent counts on where the adaptive minimum stays. */
export function withRates(pace: Pace, agreed: Rates, now: number): Pace {
  const { adaptiveMin } = agreed;
  const { last } = pace;
  if (adaptiveMin === undefined) return { agreed, last };
  if (pace.adaptive && pace.agreed.adaptiveMin === adaptiveMin) {
    return { agreed, last, adaptive: pace.adaptive };
  }
  const periodMs = (periodIntervals * 1_000) / adaptiveMin;
  // RFC 6446 7.2 step 1: as if `period * adaptive-min-rate` notifications had been sent in the period.
  const counts = Array.from({ length: slices }, () => periodIntervals / slices);
  return { agreed, last, adaptive: { periodMs, slice: now, counts } };
}

/** A notification is being made now. */
export function notifiedAt(pace: Pace, now: number): Pace {
  const { adaptive } = pace;
  if (!adaptive) return { agreed: pace.agreed, last: now };
  const moved = turned(adaptive, now);
  const counts = [...moved.counts];
  counts[0] = (counts[0] ?? 0) + 1;
  return { agreed: pace.agreed, last: now, adaptive: { ...moved, counts } };
}

function turned(history: AdaptiveHistory, now: number): AdaptiveHistory {
  const sliceMs = history.periodMs / slices;
  const steps = Math.floor((now - history.slice) / sliceMs);
  if (steps <= 0) return history;
  const fresh = Math.min(slices, steps);
  return {
    periodMs: history.periodMs,
    slice: history.slice + steps * sliceMs,
    counts: [...Array.from({ length: fresh }, () => 0), ...history.counts.slice(0, slices - fresh)],
  };
}

/** The earliest time at which a change may be told. RFC 6446 5.2 */
export function earliest(pace: Pace, policy: RatePolicy): number {
  return pace.last + shortestInterval(pace.agreed, policy);
}

/** When the state is told although nothing has changed; Infinity: never. RFC 6446 6.2, 7.2 */
export function latest(pace: Pace, policy: RatePolicy): number {
  const { min, adaptiveMin } = pace.agreed;
  let interval = min === undefined ? Infinity : 1_000 / min;
  if (adaptiveMin !== undefined && pace.adaptive) {
    const count = pace.adaptive.counts.reduce((sum, n) => sum + n, 0);
    // 7.4 (1): timeout = count / (adaptive-min-rate² * period)
    const timeout = (count * 1_000) / (adaptiveMin * adaptiveMin * (pace.adaptive.periodMs / 1_000));
    interval = Math.min(interval, timeout);
  }
  // 7.4 (2): never below the reciprocal of the maximum.
  return pace.last + Math.max(interval, shortestInterval(pace.agreed, policy));
}
