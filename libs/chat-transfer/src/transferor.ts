import { leastExpirySeconds } from './schemas.js';
import { type TransferTiming, transferTiming } from './transfer-timing.js';

/**
 * - `negotiating`: the transferee is asked whether it would
 * - `negotiated`: it would; nothing has happened to the chat yet
 * - `stalling`: 266 is on its way to the APP
 * - `executing`: the APP waits, the transferee is asked to take the chat
 * - `asking`: the execution expired; the transferee is asked once more what became of it
 * - `reactivating`: our own 265 is on its way to the APP
 * - `done`: the APP is with the transferee. Messages that it does not have yet are still passed on.
 * - `failed`: the chat is ours
 */
export type TransferorPhase =
  'negotiating' | 'negotiated' | 'stalling' | 'executing' | 'asking' | 'reactivating' | 'done' | 'failed';

export type TransferFailureReason =
  | 'declined'
  | 'no-answer'
  | 'negotiation-expired'
  | 'stall-failed'
  | 'execution-declined'
  | 'execution-expired'
  | 'refused-by-both'
  | 'app-unreachable'
  | 'cancelled'
  | 'closed'
  | 'restarted';

/**
 * What is known of the transferee: nothing was asked of it; it may have taken the chat; it has not and never will; it
 * has.
 */
export type TransfereeVerdict = 'none' | 'unknown' | 'no' | 'yes';

/** The transferor's side of one transfer. Plain data: this is what is persisted. Times are wall milliseconds. */
export interface Transferor {
  readonly role: 'transferor';
  readonly phase: TransferorPhase;
  readonly reason?: TransferFailureReason;
  readonly callId: string;
  /** SIP URIs of the two PSAPs. */
  readonly from: string;
  readonly to: string;
  readonly reasonText?: string;
  /** The Message Identifier of the 266: the last one used. */
  readonly messageId?: number;
  readonly negotiationExpiresAt?: number;
  readonly executionExpiresAt?: number;
  readonly verdict: TransfereeVerdict;
  /** Sequences of the chat's record: the last one made, and the last one known to be with the transferee. */
  readonly recorded: number;
  readonly passed: number;
  /** Number of the execution request sent last. */
  readonly attempt: number;
  /** That one was neither answered nor given up. */
  readonly asking: boolean;
  /** Failed in a row. */
  readonly failures: number;
  /** When our 265 went out first; until when it is tried. */
  readonly reactivatedAt?: number;
  /** When the chat was handed over. */
  readonly doneAt?: number;
  /** The last outcome of our 265 said nothing. */
  readonly unheard: boolean;
  /** `keep` or `hand-over` may not have been done yet: a restart asks for it again. */
  readonly confirming: boolean;
  /** The chat ended meanwhile: there is nothing to re-activate. */
  readonly closed: boolean;
  readonly timing: TransferTiming;
}

export type TransferorTimer = 'negotiation' | 'stall' | 'expiry' | 'ask' | 'retry' | 'again';

/** `at` is the wall time of the event in milliseconds. */
export type TransferorEvent =
  /** The negotiation was answered; `status` is absent where no valid answer came. */
  | {
      readonly type: 'negotiated';
      readonly at: number;
      readonly status?: 202 | 406;
      readonly expiryTime?: number;
    }
  /** Go on with what was negotiated. */
  | { readonly type: 'begin'; readonly at: number }
  /** The call taker changed their mind. Counts until the 266 is sent. */
  | { readonly type: 'cancel'; readonly at: number }
  /** What became of the 266: `status` 0 if nothing came until the outbox gave up. */
  | { readonly type: 'stalled'; readonly at: number; readonly status: number; readonly messageId: number }
  /** An execution request was answered; `status` is absent where no valid answer came. Echo the effect. */
  | {
      readonly type: 'executed';
      readonly at: number;
      readonly attempt: number;
      readonly upTo: number;
      readonly status?: 200 | 503;
      /** No valid answer, and there will be none: the peer refuses us (HTTP 4xx). */
      readonly final?: boolean;
    }
  /** What became of our 265: `status` 0 if nothing came until the outbox gave up. */
  | { readonly type: 'reactivated'; readonly at: number; readonly status: number }
  /** The chat's record grew to this sequence by a message of the APP. */
  | { readonly type: 'recorded'; readonly at: number; readonly sequence: number }
  /** The APP ended the chat. */
  | { readonly type: 'closed'; readonly at: number }
  | { readonly type: 'timer'; readonly at: number; readonly timer: TransferorTimer }
  /** The process was started again; `recorded` is the last sequence of the chat's record. No timer runs. */
  | { readonly type: 'restored'; readonly at: number; readonly recorded: number };

/**
 * In their order; what comes after `persist` waits until the new state is durable. After a restart `stall`,
 * `reactivate` and `hand-over` come again: each one does nothing that was done, and says the outcome if it is known.
 */
export type TransferorEffect =
  | { readonly type: 'persist' }
  | { readonly type: 'negotiate' }
  /** Send 266 (PsapEvent `transfer`), unless it is recorded; tell `stalled`. */
  | { readonly type: 'stall' }
  /**
   * Send an execution request, with the whole history in `Data` or without any; tell `executed` with `attempt` and
   * `upTo`. Without a history the request only asks what became of it: it makes nobody take a chat.
   */
  | {
      readonly type: 'execute';
      readonly messageId: number;
      readonly expiryTime: number;
      readonly history: boolean;
      readonly attempt: number;
      readonly upTo: number;
    }
  /**
   * The chat is ours again: send 265 (PsapEvent `reactivate`), the same one if it is recorded; tell `reactivated`.
   * Where no 266 was recorded there is nothing to take back: tell 200.
   */
  | { readonly type: 'reactivate' }
  /** The chat is ours after all and no 265 is wanted: our own was refused as the APP does not wait. */
  | { readonly type: 'keep' }
  /** The APP is with the transferee (PsapEvent `handed-over`); a 265 of ours that waits is withdrawn. */
  | { readonly type: 'hand-over' }
  /** Messages that the transferee should have were not passed on for too long: they are in our record alone. */
  | { readonly type: 'lost' }
  | { readonly type: 'set-timer'; readonly timer: TransferorTimer; readonly ms: number }
  | { readonly type: 'cancel-timers' };

type Step = [Transferor, TransferorEffect[]];

export function newTransferor(o: {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly reasonText?: string;
  /** Last sequence of the chat's record. */
  readonly recorded: number;
  readonly timing?: Partial<TransferTiming>;
}): [Transferor, TransferorEffect[]] {
  const state: Transferor = {
    role: 'transferor',
    phase: 'negotiating',
    callId: o.callId,
    from: o.from,
    to: o.to,
    ...(o.reasonText !== undefined && { reasonText: o.reasonText }),
    verdict: 'none',
    recorded: o.recorded,
    passed: 0,
    attempt: 0,
    asking: false,
    failures: 0,
    unheard: false,
    confirming: false,
    closed: false,
    timing: { ...transferTiming, ...o.timing },
  };
  return [state, [{ type: 'persist' }, { type: 'negotiate' }]];
}

/**
 * TS 103 698 6.2.6, 6.3. Every event may come at any time; what does not fit changes nothing.
 *
 * The APP decides who has the chat: of all 265 after one 266 it takes the first. What is left to this machine is never
 * to believe in an owner that is none: 503 is a promise of the transferee that it never will take the chat, silence is
 * no answer, and a refused 265 means "the other one" unless the other one said 503.
 */
export function transferor(state: Transferor, event: TransferorEvent): [Transferor, TransferorEffect[]] {
  if (event.type === 'recorded') return recorded(state, event);
  if (event.type === 'closed') state = { ...state, closed: true };
  switch (state.phase) {
    case 'negotiating':
      return negotiating(state, event);
    case 'negotiated':
      return negotiated(state, event);
    case 'stalling':
      return stalling(state, event);
    case 'executing':
      return executing(state, event);
    case 'asking':
      return asking(state, event);
    case 'reactivating':
      return reactivating(state, event);
    case 'done':
      return done(state, event);
    case 'failed':
      return same(state);
  }
}

/** Whether the machine has still something to do; if not it need not be kept in memory. */
export function isTransferorActive(state: Transferor): boolean {
  if (state.phase === 'done') return state.confirming || !settled(state);
  return state.phase !== 'failed';
}

/**
 * Whether the machine wants `restored` after a restart: also when it was through, as a message may have come since that
 * is in the chat's record and nowhere else. Of several transfers of a chat that concerns the last one.
 */
export function wantsRestored(state: Transferor): boolean {
  return state.phase !== 'failed';
}

function negotiating(state: Transferor, event: TransferorEvent): Step {
  switch (event.type) {
    case 'negotiated': {
      if (event.status !== 202) return fail(state, event.status === 406 ? 'declined' : 'no-answer');
      const ms = 1_000 * (event.expiryTime ?? leastExpirySeconds);
      return [
        { ...state, phase: 'negotiated', negotiationExpiresAt: event.at + ms },
        [{ type: 'persist' }, { type: 'set-timer', timer: 'negotiation', ms }],
      ];
    }
    case 'cancel':
      return fail(state, 'cancelled');
    case 'closed':
      return fail(state, 'closed');
    case 'restored':
      return fail(state, 'restarted');
    default:
      return same(state);
  }
}

function negotiated(state: Transferor, event: TransferorEvent): Step {
  switch (event.type) {
    case 'begin':
      if (event.at >= (state.negotiationExpiresAt ?? 0)) return fail(state, 'negotiation-expired');
      return [
        { ...state, phase: 'stalling' },
        [{ type: 'persist' }, { type: 'cancel-timers' }, ...stall(state)],
      ];
    case 'timer':
      return event.timer === 'negotiation' ? fail(state, 'negotiation-expired') : same(state);
    case 'cancel':
      return fail(state, 'cancelled');
    case 'closed':
      return fail(state, 'closed');
    case 'restored':
      return fail(state, 'restarted');
    default:
      return same(state);
  }
}

function stall({ timing }: Transferor): TransferorEffect[] {
  return [{ type: 'set-timer', timer: 'stall', ms: timing.stallMs }, { type: 'stall' }];
}

function stalling(state: Transferor, event: TransferorEvent): Step {
  switch (event.type) {
    case 'stalled': {
      if (!isAccepted(event.status)) return reactivate(state, event.at, 'stall-failed');
      if (state.closed) return fail(state, 'closed');
      const known = { ...state, messageId: event.messageId };
      if (event.at >= (state.negotiationExpiresAt ?? 0)) {
        return reactivate(known, event.at, 'negotiation-expired');
      }
      const ms = 1_000 * state.timing.executionSeconds;
      // From here on the transferee may have it, whatever becomes of us.
      const next: Transferor = {
        ...known,
        phase: 'executing',
        verdict: 'unknown',
        executionExpiresAt: event.at + ms,
      };
      const [sent, execute] = send(next, event.at, true);
      return [
        sent,
        [{ type: 'persist' }, { type: 'cancel-timers' }, { type: 'set-timer', timer: 'expiry', ms }, execute],
      ];
    }
    case 'timer':
      return event.timer === 'stall' ? reactivate(state, event.at, 'stall-failed') : same(state);
    case 'closed':
      return fail(state, 'closed');
    case 'restored':
      if (event.at >= (state.negotiationExpiresAt ?? 0)) return reactivate(state, event.at, 'restarted');
      return [{ ...state, recorded: event.recorded }, stall(state)];
    default:
      return same(state);
  }
}

function executing(state: Transferor, event: TransferorEvent): Step {
  switch (event.type) {
    case 'executed': {
      if (event.status !== undefined) return answered(state, event);
      if (event.final) {
        // Refused before it was read: the only request that ever went out has made nobody take the chat.
        const verdict = event.attempt === 1 && state.attempt === 1 ? 'no' : 'unknown';
        return reactivate({ ...state, verdict }, event.at, 'no-answer');
      }
      if (event.attempt !== state.attempt) return same(state);
      return [{ ...state, asking: false }, [{ type: 'set-timer', timer: 'retry', ms: state.timing.retryMs }]];
    }
    case 'timer':
      if (event.timer === 'expiry') return ask(state, event.at);
      if (event.timer !== 'retry') return same(state);
      return executeAgain(state, event.at);
    case 'closed':
      return [state, [{ type: 'persist' }]];
    case 'restored': {
      const fresh = { ...state, recorded: event.recorded };
      const left = (state.executionExpiresAt ?? 0) - event.at;
      if (left <= 0) return ask(fresh, event.at);
      const [next, effects] = executeAgain(fresh, event.at);
      return [
        next,
        [
          { type: 'set-timer', timer: 'expiry', ms: Math.min(left, 1_000 * state.timing.executionSeconds) },
          ...effects,
        ],
      ];
    }
    default:
      return same(state);
  }
}

function executeAgain(state: Transferor, at: number): Step {
  const [next, execute] = send(state, at, true);
  return [next, [execute]];
}

function ask(state: Transferor, at: number): Step {
  const [next, execute] = send({ ...state, phase: 'asking' }, at, false);
  return [
    next,
    [
      { type: 'persist' },
      { type: 'cancel-timers' },
      { type: 'set-timer', timer: 'ask', ms: state.timing.askMs },
      execute,
    ],
  ];
}

function asking(state: Transferor, event: TransferorEvent): Step {
  switch (event.type) {
    case 'executed':
      if (event.status !== undefined) return answered(state, event);
      // The failure of an earlier request says nothing about this one.
      if (event.attempt !== state.attempt) return same(state);
      return reactivate(state, event.at, 'execution-expired');
    case 'timer':
      return event.timer === 'ask' ? reactivate(state, event.at, 'execution-expired') : same(state);
    case 'closed':
      return [state, [{ type: 'persist' }]];
    case 'restored':
      return ask({ ...state, recorded: event.recorded }, event.at);
    default:
      return same(state);
  }
}

function answered(state: Transferor, event: TransferorEvent & { readonly type: 'executed' }): Step {
  if (event.status === 200) return handOver({ ...state, verdict: 'yes' }, event.at, event.upTo);
  return reactivate({ ...state, verdict: 'no' }, event.at, 'execution-declined');
}

/** R2: open at once; the 265 is on its way. */
function reactivate(state: Transferor, at: number, reason: TransferFailureReason): Step {
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

function reactivating(state: Transferor, event: TransferorEvent): Step {
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
function keep(state: Transferor): Step {
  return [{ ...state, confirming: true }, [{ type: 'persist' }, { type: 'keep' }, confirmLater(state)]];
}

function confirmLater({ timing }: Transferor): TransferorEffect {
  return { type: 'set-timer', timer: 'again', ms: timing.retryMs };
}

function handOver(state: Transferor, at: number, upTo: number): Step {
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

function done(state: Transferor, event: TransferorEvent): Step {
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

function later(state: Transferor, at: number): Step {
  const { retryMs, maxRetryMs, passOnMs } = state.timing;
  if (at - (state.doneAt ?? at) >= passOnMs) return [{ ...state, asking: false }, [{ type: 'lost' }]];
  const ms = Math.min(maxRetryMs, retryMs * 2 ** Math.min(state.failures, 20));
  return [
    { ...state, asking: false, failures: state.failures + 1 },
    [{ type: 'set-timer', timer: 'retry', ms }],
  ];
}

/** The transferee said that it has the chat, and has every message. */
function settled(state: Transferor): boolean {
  return state.verdict === 'yes' && state.passed >= state.recorded;
}

function passOn(state: Transferor, at: number): Step {
  const [next, execute] = send(state, at, true);
  return [next, [execute]];
}

/** A message of the APP that came after all: it is in the record, and has to reach whoever has the chat. */
function recorded(state: Transferor, event: TransferorEvent & { readonly type: 'recorded' }): Step {
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

function send(state: Transferor, at: number, history: boolean): [Transferor, TransferorEffect] {
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

function fail(state: Transferor, reason: TransferFailureReason): Step {
  return [
    { ...state, phase: 'failed', reason, asking: false, confirming: false },
    [{ type: 'persist' }, { type: 'cancel-timers' }],
  ];
}

function same(state: Transferor): Step {
  return [state, []];
}

function isAccepted(status: number): boolean {
  return status >= 200 && status < 300;
}
