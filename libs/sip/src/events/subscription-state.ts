import { tokenEnd } from '../codec/lexical.js';
import { parseParams } from '../codec/params.js';
import { maxDeltaSeconds, readDeltaSeconds } from './delta-seconds.js';
import { type Rates, rateParams, readRates } from './rates.js';

/** RFC 6665 4.1.3; others may define further ones. */
export type TerminationReason =
  'deactivated' | 'probation' | 'rejected' | 'timeout' | 'giveup' | 'noresource' | 'invariant';

const reasons: readonly string[] = [
  'deactivated',
  'probation',
  'rejected',
  'timeout',
  'giveup',
  'noresource',
  'invariant',
];

/** Subscription-State, RFC 6665 8.4 and RFC 6446 9.2. Times in seconds. */
export interface SubscriptionState {
  readonly state: 'active' | 'pending' | 'terminated';
  readonly expires?: number;
  /** Undefined where there is none or an unknown one: both mean the same, RFC 6665 4.1.3. */
  readonly reason?: TerminationReason;
  readonly retryAfter?: number;
  readonly rates: Rates;
}

/** Undefined where it cannot be read, or is in a state that is none of RFC 6665's. */
export function parseSubscriptionState(text: string): SubscriptionState | undefined {
  const end = tokenEnd(text, 0);
  const state = text.slice(0, end).toLowerCase();
  if (state !== 'active' && state !== 'pending' && state !== 'terminated') return undefined;
  const params = parseParams(text, end);
  if (params === undefined) return undefined;
  const expires = readDeltaSeconds(params.get('expires'));
  const retryAfter = readDeltaSeconds(params.get('retry-after'));
  const reason = params.get('reason')?.toLowerCase();
  return {
    state,
    ...(expires === undefined ? undefined : { expires }),
    ...(reason !== undefined && reasons.includes(reason)
      ? { reason: reason as TerminationReason }
      : undefined),
    ...(retryAfter === undefined ? undefined : { retryAfter }),
    rates: readRates(params),
  };
}

/** RFC 6665 4.2.2: `expires` with active and pending, `reason` and `retry-after` with terminated. */
export function writeSubscriptionState(s: SubscriptionState): string {
  if (s.state !== 'terminated') {
    const expires = Math.min(maxDeltaSeconds, Math.max(0, Math.round(s.expires ?? 0)));
    return `${s.state};expires=${expires}${rateParams(s.rates)}`;
  }
  const reason = s.reason === undefined ? '' : `;reason=${s.reason}`;
  const retryAfter = s.retryAfter === undefined ? '' : `;retry-after=${Math.round(s.retryAfter)}`;
  return `terminated${reason}${retryAfter}`;
}
