import { endsSubscription } from './notifier-machine.js';
import type { SubscriptionState, TerminationReason } from './subscription-state.js';

/** Why a subscription came to its end, or could not be had. */
export type SubscriptionEnd =
  | { readonly why: 'unsubscribed' | 'fetched' | 'no-notify' | 'no-answer' | 'expired' }
  | { readonly why: 'refused'; readonly status: number }
  | { readonly why: 'terminated'; readonly reason?: TerminationReason };

/** RFC 6665 4.1.2. Seconds and milliseconds as their names say. */
export type SubscriberState =
  | { readonly name: 'init' }
  | {
      /** `attempts`: subscriptions in a row that came to nothing. `granted`: seconds of the 2xx. */
      readonly name: 'notify-wait';
      readonly attempts: number;
      readonly asked: number;
      readonly granted: number | undefined;
      readonly leaving: boolean;
    }
  | {
      readonly name: 'pending' | 'active';
      readonly attempts: number;
      readonly asked: number;
      /** A SUBSCRIBE is out whose NOTIFY has not come: Timer N runs. */
      readonly refreshing: boolean;
      readonly leaving: boolean;
    }
  | { readonly name: 'retry-wait'; readonly attempts: number; readonly asked: number }
  | { readonly name: 'terminated' };

export type SubscriberTimer = 'N' | 'refresh' | 'expiry' | 'retry';

export type SubscriberEvent =
  | { readonly type: 'start' }
  /** 2xx to SUBSCRIBE; `noNotify`: a 204, RFC 5839. */
  | { readonly type: 'accepted'; readonly expires: number | undefined; readonly noNotify: boolean }
  | {
      readonly type: 'refused';
      readonly status: number;
      readonly minExpires: number | undefined;
      readonly retryAfter: number | undefined;
    }
  /** The SUBSCRIBE had no answer, or could not be sent. */
  | { readonly type: 'failed' }
  | { readonly type: 'notify'; readonly state: SubscriptionState }
  | { readonly type: 'timer'; readonly timer: SubscriberTimer }
  | { readonly type: 'unsubscribe' };

export type SubscriberEffect =
  /** `new`: outside of any dialog, with a fresh Call-ID and tag. RFC 6665 4.1.2.2 */
  | { readonly do: 'subscribe'; readonly dialog: 'new' | 'same'; readonly expires: number }
  | { readonly do: 'set'; readonly timer: SubscriberTimer; readonly ms: number }
  | { readonly do: 'stop'; readonly timer: SubscriberTimer }
  /** The dialog is over, a new subscription follows in so many milliseconds. */
  | { readonly do: 'lost'; readonly end: SubscriptionEnd; readonly retryMs: number }
  | { readonly do: 'end'; readonly end: SubscriptionEnd };

export interface SubscriberSettings {
  /** Seconds asked for; 0: the state once. */
  readonly expires: number;
  /** Subscribes anew whenever RFC 6665 4.1.3 lets it. */
  readonly persistent: boolean;
  /** Timer N, 64*T1. */
  readonly timerN: number;
  /** Milliseconds before the second attempt; doubled with each further one up to `longestPause`. */
  readonly firstPause: number;
  readonly longestPause: number;
}

type Step = readonly [SubscriberState, readonly SubscriberEffect[]];
type Waiting = Extract<SubscriberState, { readonly name: 'notify-wait' }>;
type Live = Extract<SubscriberState, { readonly name: 'active' | 'pending' }>;

const terminated: SubscriberState = { name: 'terminated' };
const stop = (timer: SubscriberTimer): SubscriberEffect => ({ do: 'stop', timer });
const set = (timer: SubscriberTimer, ms: number): SubscriberEffect => ({ do: 'set', timer, ms });

/** Milliseconds; what lasts longer is refreshed all the same. */
const longestTimer = 2_000_000_000;

/** Milliseconds before its end at which a subscription of so many seconds is refreshed. */
export function refreshLead(expires: number): number {
  return Math.min(expires * 500, Math.max(5_000, Math.min(60_000, expires * 100)));
}

/** The subscriber's side of one subscription. RFC 6665 4.1 */
export function subscriber(state: SubscriberState, event: SubscriberEvent, s: SubscriberSettings): Step {
  switch (state.name) {
    case 'init':
      if (event.type === 'start') return begin(0, s.expires, s);
      if (event.type === 'unsubscribe') return over({ why: 'unsubscribed' });
      return [state, []];
    case 'notify-wait':
      return waitingForNotify(state, event, s);
    case 'pending':
    case 'active':
      return alive(state, event, s);
    case 'retry-wait':
      if (event.type === 'timer' && event.timer === 'retry') return begin(state.attempts, state.asked, s);
      if (event.type === 'unsubscribe') return over({ why: 'unsubscribed' });
      return [state, []];
    case 'terminated':
      return [state, []];
  }
}

function begin(attempts: number, expires: number, s: SubscriberSettings): Step {
  return [
    { name: 'notify-wait', attempts, asked: expires, granted: undefined, leaving: false },
    // 4.1.2.4
    [{ do: 'subscribe', dialog: 'new', expires }, set('N', s.timerN)],
  ];
}

function waitingForNotify(state: Waiting, event: SubscriberEvent, s: SubscriberSettings): Step {
  switch (event.type) {
    case 'accepted':
      return [{ ...state, granted: event.expires }, event.noNotify ? [stop('N')] : []];
    case 'refused':
      // 4.2.1.1: once more with what the notifier wants at least.
      if (event.status === 423 && event.minExpires !== undefined && event.minExpires > state.asked) {
        return begin(state.attempts, event.minExpires, s);
      }
      return away(state, { why: 'refused', status: event.status }, event.retryAfter, s);
    case 'failed':
      return away(state, { why: 'no-answer' }, undefined, s);
    case 'notify': {
      if (event.state.state === 'terminated') return ended(state, event.state, s);
      const live: Live = {
        name: event.state.state,
        attempts: state.attempts,
        asked: state.asked,
        refreshing: false,
        leaving: state.leaving,
      };
      if (state.leaving) return leave(live, s);
      const seconds = event.state.expires ?? state.granted ?? state.asked;
      return [live, [stop('N'), ...lasting(seconds)]];
    }
    case 'timer':
      // 4.1.2.4: the attempt has failed.
      return event.timer === 'N' ? away(state, { why: 'no-notify' }, undefined, s) : [state, []];
    case 'unsubscribe':
      // Without a dialog there is nothing to unsubscribe from yet.
      return [{ ...state, leaving: true }, []];
    case 'start':
      return [state, []];
  }
}

function alive(state: Live, event: SubscriberEvent, s: SubscriberSettings): Step {
  switch (event.type) {
    case 'notify': {
      if (event.state.state === 'terminated') return ended(state, event.state, s);
      const next: Live = { ...state, name: event.state.state, refreshing: state.leaving };
      // While we leave, only the end counts, and Timer N runs until it comes.
      if (state.leaving) return [next, []];
      const { expires } = event.state;
      // 4.1.3: `expires` is the authoritative duration.
      return [next, [stop('N'), ...(expires === undefined ? [] : lasting(expires))]];
    }
    case 'accepted':
      if (state.leaving) return [state, []];
      // Shortened to nothing: the NOTIFY that says so is on its way, and Timer N runs.
      if (event.expires === 0) return [state, [stop('refresh'), stop('expiry')]];
      return [
        { ...state, attempts: 0, refreshing: state.refreshing && !event.noNotify },
        [...(event.noNotify ? [stop('N')] : []), ...lasting(event.expires ?? state.asked)],
      ];
    case 'refused':
      // 4.1.2.2: these end the subscription, others leave it as it was.
      if (endsSubscription(event.status)) {
        return away(state, { why: 'refused', status: event.status }, event.retryAfter, s);
      }
      if (event.status === 423 && event.minExpires !== undefined && event.minExpires > state.asked) {
        return refresh({ ...state, asked: event.minExpires }, s);
      }
      return [
        { ...state, refreshing: state.leaving },
        state.leaving ? [] : [stop('N'), set('refresh', pause(1, s))],
      ];
    case 'failed':
      // Timer N is as long as Timer F: it tells the rest.
      return [state, []];
    case 'timer':
      switch (event.timer) {
        case 'refresh':
          return refresh(state, s);
        case 'N':
          return away(state, { why: 'no-notify' }, undefined, s);
        case 'expiry':
          return away(state, { why: 'expired' }, undefined, s);
        case 'retry':
          return [state, []];
      }
      break;
    case 'unsubscribe':
      return state.leaving ? [state, []] : leave(state, s);
    case 'start':
      return [state, []];
  }
  return [state, []];
}

/** 4.1.2.3 */
function leave(state: Live, s: SubscriberSettings): Step {
  return [
    { ...state, leaving: true, refreshing: true },
    [stop('refresh'), stop('expiry'), { do: 'subscribe', dialog: 'same', expires: 0 }, set('N', s.timerN)],
  ];
}

/** 4.1.2.2 */
function refresh(state: Live, s: SubscriberSettings): Step {
  if (state.leaving) return [state, []];
  return [
    { ...state, refreshing: true },
    [{ do: 'subscribe', dialog: 'same', expires: state.asked }, set('N', s.timerN)],
  ];
}

/** Milliseconds: at its end the notifier says so, RFC 6665 4.2.1.4, and is given the time to. */
const farewell = 5_000;

/** Timers of a subscription that lasts so many seconds from now on. */
function lasting(seconds: number): SubscriberEffect[] {
  const ms = Math.min(longestTimer, seconds * 1_000);
  return [set('refresh', Math.max(0, ms - refreshLead(ms / 1_000))), set('expiry', ms + farewell)];
}

/** 4.1.3: what the notifier ended, by its reason. */
function ended(state: Waiting | Live, told: SubscriptionState, s: SubscriberSettings): Step {
  const end: SubscriptionEnd = {
    why: 'terminated',
    ...(told.reason === undefined ? undefined : { reason: told.reason }),
  };
  if (state.leaving) return over({ why: 'unsubscribed' });
  if (s.expires === 0) return over(told.reason === 'timeout' ? { why: 'fetched' } : end);
  switch (told.reason) {
    case 'rejected':
    case 'noresource':
    case 'invariant':
      return over(end);
    case 'deactivated':
    case 'timeout':
      // At once; retry-after has no meaning here.
      return again(state, end, 0, s);
    default:
      return again(state, end, Math.max(pause(1, s), (told.retryAfter ?? 0) * 1_000), s);
  }
}

/** What failed without a word of the notifier's. */
function away(
  state: Waiting | Live,
  end: SubscriptionEnd,
  retryAfter: number | undefined,
  s: SubscriberSettings,
): Step {
  if (state.leaving) return over({ why: 'unsubscribed' });
  // A new subscription may well do where the dialog is gone; where a first one is refused it would be refused again.
  const wasAlive = state.name !== 'notify-wait';
  const worthIt = end.why !== 'refused' || (wasAlive && end.status === 481) || isPassing(end.status);
  if (!worthIt || s.expires === 0) return over(end);
  return again(state, end, Math.max(wasAlive ? 0 : pause(1, s), (retryAfter ?? 0) * 1_000), s);
}

/** Refusals that time may mend. */
function isPassing(status: number): boolean {
  return status === 408 || status === 480 || (status >= 500 && status < 600 && status !== 501);
}

function again(state: Waiting | Live, end: SubscriptionEnd, leastMs: number, s: SubscriberSettings): Step {
  if (!s.persistent) return over(end);
  const { attempts, asked } = state;
  // The first time at once; whoever is sent away again and again comes back ever more slowly.
  const retryMs = Math.min(longestTimer, Math.max(leastMs, attempts === 0 ? 0 : pause(attempts, s)));
  return [
    { name: 'retry-wait', attempts: attempts + 1, asked },
    [stop('N'), stop('refresh'), stop('expiry'), { do: 'lost', end, retryMs }, set('retry', retryMs)],
  ];
}

function pause(attempt: number, s: SubscriberSettings): number {
  return Math.min(s.longestPause, s.firstPause * 2 ** Math.min(20, attempt - 1));
}

function over(end: SubscriptionEnd): Step {
  return [terminated, [stop('N'), stop('refresh'), stop('expiry'), stop('retry'), { do: 'end', end }]];
}
