import { type Pace, earliest, latest, newPace, notifiedAt, withRates } from './pace.js';
import { type RatePolicy, type Rates, agreeRates } from './rates.js';
import type { SubscriptionState, TerminationReason } from './subscription-state.js';

/** Why a notification is made: what the package puts into it may depend on it. */
export type NotifyCause =
  /** The first one, RFC 6665 4.2.1.2. */
  | 'subscribed'
  | 'refreshed'
  /** The state has changed as the subscriber wants to know it. */
  | 'changed'
  /** Pending became active. */
  | 'activated'
  /** A minimum rate, RFC 6446 6 and 7: nothing need have changed. */
  | 'rate'
  | 'terminated';

/** RFC 6665 4.2.2. Times are monotonic milliseconds. */
export type NotifierState =
  | { readonly name: 'init' }
  | {
      readonly name: 'pending' | 'active';
      readonly expiresAt: number;
      readonly asked: Rates;
      readonly pace: Pace;
      /** What could not be told yet: the interval of the rates has not passed, or a NOTIFY is still unanswered. */
      readonly waiting: NotifyCause | undefined;
      /** NOTIFYs without their final response. */
      readonly underWay: number;
    }
  | { readonly name: 'terminated' };

export type NotifierEvent =
  /** `expiresMs` 0: a fetch, or an unsubscription. RFC 6665 4.4.3 */
  | {
      readonly type: 'subscribe';
      readonly expiresMs: number;
      readonly rates: Rates;
      readonly granted: 'active' | 'pending';
    }
  | { readonly type: 'refresh'; readonly expiresMs: number; readonly rates: Rates }
  | { readonly type: 'changed' }
  | { readonly type: 'activate' }
  | { readonly type: 'terminate'; readonly reason: TerminationReason; readonly retryAfter?: number }
  /** The time left is cut to this. RFC 6665 4.2.2: never lengthened. */
  | { readonly type: 'shorten'; readonly expiresMs: number }
  /** The final response to a NOTIFY; `rates` where its Event header names them, RFC 6446 9.3. */
  | { readonly type: 'answered'; readonly status: number; readonly rates?: Rates }
  /** A NOTIFY had no answer, or could not be sent. */
  | { readonly type: 'failed' }
  | { readonly type: 'wake' };

export type NotifierEffect =
  | { readonly do: 'notify'; readonly cause: NotifyCause; readonly state: SubscriptionState }
  /** Call again then, with `wake`; the one before does not count any more. */
  | { readonly do: 'wake'; readonly at: number }
  /** The subscription is no more. `told`: the subscriber was sent its end. */
  | { readonly do: 'end'; readonly told: boolean };

export interface NotifierContext {
  readonly now: number;
  readonly policy: RatePolicy;
}

type Step = readonly [NotifierState, readonly NotifierEffect[]];
type Live = Extract<NotifierState, { readonly name: 'active' | 'pending' }>;

const terminated: NotifierState = { name: 'terminated' };
/** NOTIFYs that may be unanswered before further ones wait: a refresh is told at once, but not without end. */
const mostUnderWay = 2;

/** RFC 6665 4.2.2: responses to NOTIFY upon which the subscription is removed. */
export function endsSubscription(status: number): boolean {
  return (
    status === 404 ||
    status === 405 ||
    status === 410 ||
    status === 416 ||
    (status >= 480 && status <= 485) ||
    status === 489 ||
    status === 501 ||
    status === 604
  );
}

/** The notifier's side of one subscription. RFC 6665 4.2, RFC 6446 */
export function notifier(state: NotifierState, event: NotifierEvent, c: NotifierContext): Step {
  switch (state.name) {
    case 'terminated':
      return [state, []];
    case 'init': {
      if (event.type !== 'subscribe') return [state, []];
      // 4.4.3: a fetch is answered with the state and the end at once.
      if (event.expiresMs <= 0) return endTold('timeout');
      const asked = event.rates;
      const live: Live = {
        name: event.granted,
        expiresAt: c.now + event.expiresMs,
        asked,
        pace: newPace(agreeRates(asked, c.policy, event.expiresMs), c.now),
        waiting: undefined,
        underWay: 0,
      };
      return tell(live, 'subscribed', c);
    }
    default:
      return alive(state, event, c);
  }
}

function alive(state: Live, event: NotifierEvent, c: NotifierContext): Step {
  switch (event.type) {
    case 'refresh': {
      if (event.expiresMs <= 0) return endTold('timeout');
      const next = paced({ ...state, expiresAt: c.now + event.expiresMs, asked: event.rates }, c);
      // RFC 6665 4.2.1.2: at once, and RFC 6446 5.2: whatever the maximum rate says.
      return next.underWay < mostUnderWay ? tell(next, 'refreshed', c) : rest(wait(next, 'refreshed'), c);
    }
    case 'changed':
      // RFC 6665 4.2.2 and RFC 3856 6.6.2: who is not yet authorised learns no change.
      if (state.name === 'pending') return rest(state, c);
      return mayTell(state, c) ? tell(state, 'changed', c) : rest(wait(state, 'changed'), c);
    case 'activate':
      if (state.name === 'active') return [state, []];
      // RFC 6446 5.2: the change from pending to active is told whatever the maximum rate says.
      return tell({ ...state, name: 'active' }, 'activated', c);
    case 'terminate':
      return endTold(event.reason, event.retryAfter);
    case 'shorten':
      if (c.now + event.expiresMs >= state.expiresAt) return rest(state, c);
      return rest(paced({ ...state, expiresAt: c.now + event.expiresMs }, c), c);
    case 'answered': {
      // 4.2.2: these remove the subscription; others do not say that the subscriber is gone.
      if (endsSubscription(event.status)) return [terminated, [{ do: 'end', told: false }]];
      const fewer: Live = { ...state, underWay: Math.max(0, state.underWay - 1) };
      const next =
        event.rates && event.status < 300 && asksForRates(state.asked)
          ? paced({ ...fewer, asked: event.rates }, c)
          : fewer;
      return onward(next, c);
    }
    case 'failed':
      // 4.2.2: a NOTIFY that timed out: the subscriber is gone.
      return [terminated, [{ do: 'end', told: false }]];
    case 'wake':
      return onward(state, c);
    case 'subscribe':
      return [state, []];
  }
}

/** RFC 6446 4.1: who asked for no rate in the SUBSCRIBE may not do so in an answer. */
function asksForRates(asked: Rates): boolean {
  return asked.max !== undefined || asked.min !== undefined || asked.adaptiveMin !== undefined;
}

/** What time has brought about. */
function onward(state: Live, c: NotifierContext): Step {
  // 4.2.1.4: not refreshed in time.
  if (c.now >= state.expiresAt) return endTold('timeout');
  if (state.underWay === 0) {
    if (state.waiting !== undefined && (state.waiting !== 'changed' || mayTell(state, c))) {
      return tell(state, state.waiting, c);
    }
    if (state.name === 'active' && c.now >= latest(state.pace, c.policy)) return tell(state, 'rate', c);
  }
  return rest(state, c);
}

function mayTell(state: Live, c: NotifierContext): boolean {
  return state.underWay === 0 && c.now >= earliest(state.pace, c.policy);
}

/** A cause that waits already and is not bound to the rate stays: it will be told the sooner. */
function wait(state: Live, cause: NotifyCause): Live {
  if (state.waiting !== undefined && (state.waiting !== 'changed' || cause === 'changed')) return state;
  return { ...state, waiting: cause };
}

function paced(state: Live, c: NotifierContext): Live {
  const agreed = agreeRates(state.asked, c.policy, state.expiresAt - c.now);
  return { ...state, pace: withRates(state.pace, agreed, c.now) };
}

function tell(state: Live, cause: NotifyCause, c: NotifierContext): Step {
  const next: Live = {
    ...state,
    pace: notifiedAt(state.pace, c.now),
    waiting: undefined,
    underWay: state.underWay + 1,
  };
  const told: SubscriptionState = {
    state: next.name,
    expires: Math.max(0, (next.expiresAt - c.now) / 1_000),
    rates: next.pace.agreed,
  };
  return [next, [{ do: 'notify', cause, state: told }, ...rest(next, c)[1]]];
}

/** When there is something to do next without anything happening. */
function rest(state: Live, c: NotifierContext): Step {
  let at = state.expiresAt;
  if (state.underWay === 0) {
    if (state.waiting !== undefined) {
      at = Math.min(at, state.waiting === 'changed' ? earliest(state.pace, c.policy) : c.now);
    }
    if (state.name === 'active') at = Math.min(at, latest(state.pace, c.policy));
  }
  return [state, [{ do: 'wake', at }]];
}

function endTold(reason: TerminationReason, retryAfter?: number): Step {
  const state: SubscriptionState = {
    state: 'terminated',
    reason,
    ...(retryAfter === undefined ? undefined : { retryAfter }),
    rates: {},
  };
  return [
    terminated,
    [
      { do: 'notify', cause: 'terminated', state },
      { do: 'end', told: true },
    ],
  ];
}
