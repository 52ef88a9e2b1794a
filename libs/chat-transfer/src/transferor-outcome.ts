import { leastExpirySeconds } from './schemas.js';
import type {
  TransferFailureReason,
  Transferor,
  TransferorEffect,
  TransferorEvent,
  TransferorStep,
} from './transferor-state.js';

/** R2: open at once; the 265 is on its way. */
export function reactivate(state: Transferor, at: number, reason: TransferFailureReason): TransferorStep {
  if (state.closed) return fail(state, 'closed');
  return [
    {
      ...state,
      confirming: false,
      phase: 'reactivating',
      reason,
      asking: false,
      reactivatedAt: state.reactivatedAt ?? at,
      unheard: false,
    },
    [{ type: 'persist' }, { type: 'cancel-timers' }, { type: 'reactivate' }],
  ];
}

export function reactivating(state: Transferor, event: TransferorEvent): TransferorStep {
  switch (event.type) {
    case 'reactivated':
      if (isAccepted(event.status)) return fail(state, state.reason ?? 'no-answer');
      if (event.status === 403)
        return state.verdict === 'unknown' ? handOver(state, event.at, 0) : keep(state);
      if (event.at - (state.reactivatedAt ?? event.at) >= state.timing.giveUpMs) {
        return fail(state, 'app-unreachable');
      }
      return [{ ...state, unheard: true }, [{ type: 'set-timer', timer: 'again', ms: state.timing.againMs }]];
    case 'timer':
      if (event.timer !== 'again') return same(state);
      if (state.confirming) return fail(state, state.reason ?? 'no-answer');
      return [{ ...state, unheard: false }, [{ type: 'reactivate' }]];
    case 'executed':
      // The APP took the transferee's 265 before ours.
      if (event.status === 200) return handOver({ ...state, verdict: 'yes' }, event.at, event.upTo);
      if (event.status === 503 && state.verdict === 'unknown') {
        return [{ ...state, verdict: 'no' }, [{ type: 'persist' }]];
      }
      return same(state);
    case 'closed':
      return fail(state, 'closed');
    case 'restored':
      if (state.confirming) return keep(state);
      return [{ ...state, recorded: event.recorded, unheard: false }, [{ type: 'reactivate' }]];
    default:
      return same(state);
  }
}

/** Nobody else can have it: the APP does not wait, or no longer. */
function keep(state: Transferor): TransferorStep {
  return [{ ...state, confirming: true }, [{ type: 'persist' }, { type: 'keep' }, confirmLater(state)]];
}

function confirmLater({ timing }: Transferor): TransferorEffect {
  return { type: 'set-timer', timer: 'again', ms: timing.retryMs };
}

export function handOver(state: Transferor, at: number, upTo: number): TransferorStep {
  const { reason: _reason, ...rest } = state;
  const next: Transferor = {
    ...rest,
    phase: 'done',
    doneAt: state.doneAt ?? at,
    confirming: true,
    asking: false,
    failures: 0,
    passed: Math.max(state.passed, upTo),
  };
  const [passing, effects] = settled(next) ? same(next) : passOn(next, at);
  return [
    passing,
    [{ type: 'persist' }, { type: 'cancel-timers' }, { type: 'hand-over' }, confirmLater(state), ...effects],
  ];
}

export function done(state: Transferor, event: TransferorEvent): TransferorStep {
  switch (event.type) {
    case 'executed': {
      if (event.status === undefined) {
        if (event.attempt !== state.attempt) return same(state);
        return later(state, event.at);
      }
      if (event.status === 503) {
        // Refused by the APP and not wanted by the transferee: then the APP never left us.
        if (state.verdict === 'unknown')
          return reactivate({ ...state, verdict: 'no' }, event.at, 'refused-by-both');
        return event.attempt === state.attempt ? later(state, event.at) : same(state);
      }
      const next: Transferor = {
        ...state,
        verdict: 'yes',
        asking: event.attempt === state.attempt ? false : state.asking,
        failures: 0,
        passed: Math.max(state.passed, event.upTo),
      };
      if (settled(next)) return [{ ...next, asking: false }, [{ type: 'persist' }]];
      if (next.asking) return [next, [{ type: 'persist' }]];
      const [passing, effects] = passOn(next, event.at);
      return [passing, [{ type: 'persist' }, ...effects]];
    }
    case 'reactivated':
      // The APP waited once more, and took our 265 when it came again.
      return isAccepted(event.status) ? fail(state, 'refused-by-both') : same(state);
    case 'timer':
      if (event.timer === 'again') return [{ ...state, confirming: false }, [{ type: 'persist' }]];
      return event.timer === 'retry' && !state.asking && !settled(state)
        ? passOn(state, event.at)
        : same(state);
    case 'restored': {
      const fresh = { ...state, recorded: event.recorded, asking: false };
      const [next, effects] = settled(fresh) ? same(fresh) : passOn(fresh, event.at);
      const handOverAgain: TransferorEffect[] = state.confirming
        ? [{ type: 'hand-over' }, confirmLater(state)]
        : [];
      return [next, [...handOverAgain, ...effects]];
    }
    default:
      return same(state);
  }
}

function later(state: Transferor, at: number): TransferorStep {
  const { retryMs, maxRetryMs, passOnMs } = state.timing;
  if (at - (state.doneAt ?? at) >= passOnMs) return [{ ...state, asking: false }, [{ type: 'lost' }]];
  const ms = Math.min(maxRetryMs, retryMs * 2 ** Math.min(state.failures, 20));
  return [
    { ...state, asking: false, failures: state.failures + 1 },
    [{ type: 'set-timer', timer: 'retry', ms }],
  ];
}

/** The transferee said that it has the chat, and has every message. */
export function settled(state: Transferor): boolean {
  return state.verdict === 'yes' && state.passed >= state.recorded;
}

function passOn(state: Transferor, at: number): TransferorStep {
  const [next, execute] = send(state, at, true);
  return [next, [execute]];
}

/** A message of the APP that came after all: it is in the record, and has to reach whoever has the chat. */
export function recorded(
  state: Transferor,
  event: TransferorEvent & { readonly type: 'recorded' },
): TransferorStep {
  if (event.sequence <= state.recorded) return same(state);
  const next = { ...state, recorded: event.sequence };
  if (state.phase === 'done') {
    // A pause that runs already ends in a request that takes this one along.
    return state.asking || !settled(state) ? same(next) : passOn({ ...next, failures: 0 }, event.at);
  }
  if (state.phase === 'reactivating' && state.unheard) {
    // The APP is there: it may be asked now.
    return [{ ...next, unheard: false }, [{ type: 'cancel-timers' }, { type: 'reactivate' }]];
  }
  return same(next);
}

export function send(state: Transferor, at: number, history: boolean): [Transferor, TransferorEffect] {
  const left = history ? Math.ceil(((state.executionExpiresAt ?? 0) - at) / 1_000) : 0;
  const attempt = state.attempt + 1;
  return [
    { ...state, attempt, asking: true },
    {
      type: 'execute',
      messageId: state.messageId ?? 1,
      expiryTime: Math.max(leastExpirySeconds, Math.min(left, state.timing.executionSeconds)),
      history,
      attempt,
      upTo: history ? state.recorded : 0,
    },
  ];
}

export function fail(state: Transferor, reason: TransferFailureReason): TransferorStep {
  return [
    { ...state, phase: 'failed', reason, asking: false, confirming: false },
    [{ type: 'persist' }, { type: 'cancel-timers' }],
  ];
}

export function same(state: Transferor): TransferorStep {
  return [state, []];
}

export function isAccepted(status: number): boolean {
  return status >= 200 && status < 300;
}
