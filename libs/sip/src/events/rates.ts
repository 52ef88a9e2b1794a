import type { Params } from '../codec/params.js';

/** RFC 6446: notifications per second, each above 0 and below 100. */
export interface Rates {
  readonly max?: number;
  readonly min?: number;
  readonly adaptiveMin?: number;
}

/** RFC 6446 9.2: 1*2DIGIT ["." 1*10DIGIT]; zero is not allowed (5.1). */
const grammar = /^\d{1,2}(?:\.\d{1,10})?$/;

export const noRates: Rates = {};

/** The rates among the parameters of Event or Subscription-State; one that breaks the grammar is as if not there. */
export function readRates(params: Params): Rates {
  if (params.size === 0) return noRates;
  const max = rate(params.get('max-rate'));
  const min = rate(params.get('min-rate'));
  const adaptiveMin = rate(params.get('adaptive-min-rate'));
  return {
    ...(max === undefined ? undefined : { max }),
    ...(min === undefined ? undefined : { min }),
    ...(adaptiveMin === undefined ? undefined : { adaptiveMin }),
  };
}

function rate(text: string | undefined): number | undefined {
  if (text === undefined || !grammar.test(text)) return undefined;
  const value = Number(text);
  return value > 0 ? value : undefined;
}

/** `;max-rate=0.2;min-rate=0.01` as it stands behind Event or Subscription-State. */
export function rateParams({ max, min, adaptiveMin }: Rates): string {
  return (
    (max === undefined ? '' : `;max-rate=${rateText(max)}`) +
    (min === undefined ? '' : `;min-rate=${rateText(min)}`) +
    (adaptiveMin === undefined ? '' : `;adaptive-min-rate=${rateText(adaptiveMin)}`)
  );
}

const smallest = 0.0000000001;
const largest = 99.9999999999;

function rateText(value: number): string {
  const bounded = Math.min(largest, Math.max(smallest, value));
  return bounded.toFixed(10).replace(/\.?0+$/, '');
}

/** What a notifier allows. RFC 6446 4.2: it may move any of the values asked for. */
export interface RatePolicy {
  /** Notifications per second of a subscriber that names no max-rate; RFC 3856 6.10: 0.2 for presence. */
  readonly usualMax: number;
  /** Notifications per second at most, whatever is asked for. */
  readonly highestMax: number;
  /** As much of min-rate and adaptive-min-rate at most: what is sent though nothing has changed. */
  readonly highestMin: number;
}

/**
 * The rates a notifier keeps to: what was asked for, moved within the policy and RFC 6446 5.3 and 8. `remainingMs` is
 * the time left of the subscription.
 */
export function agreeRates(asked: Rates, policy: RatePolicy, remainingMs: number): Rates {
  let max = Math.min(asked.max ?? policy.usualMax, policy.highestMax);
  // 5.3: a maximum under which nothing would be sent before the end is raised to one notification in that time.
  if (remainingMs > 0) max = Math.max(max, Math.min(policy.highestMax, 1_000 / remainingMs));
  const within = (value: number | undefined): number | undefined =>
    // 8: a minimum is never above the maximum.
    value === undefined ? undefined : Math.min(value, policy.highestMin, max);
  const adaptiveMin = within(asked.adaptiveMin);
  let min = within(asked.min);
  // 8: a min-rate that is not below the adaptive one does not count.
  if (min !== undefined && asked.adaptiveMin !== undefined && (asked.min ?? 0) >= asked.adaptiveMin)
    min = undefined;
  return {
    // 5.2: a local maximum may be told to those who asked for none; here it is told to those who use the mechanism.
    ...(asked.max !== undefined ? { max } : undefined),
    ...(min === undefined ? undefined : { min }),
    ...(adaptiveMin === undefined ? undefined : { adaptiveMin }),
  };
}

/** Milliseconds between notifications at least, under the rates agreed. */
export function shortestInterval(agreed: Rates, policy: RatePolicy): number {
  return 1_000 / Math.min(agreed.max ?? policy.usualMax, policy.highestMax);
}
