import { type TransferTiming, transferTiming } from './transfer-timing.js';

/**
 * - `asked`: somebody has to say whether we would take the chat
 * - `accepted`: we would, until the consent expires
 * - `declined`: we never will by this transfer
 * - `taking`: our 265 is on its way to the APP, or about to be
 * - `owned`: the APP took it, the chat is ours
 * - `expired`: we would have, but nobody asked us to in time
 */
export type TransfereePhase = 'asked' | 'accepted' | 'declined' | 'taking' | 'owned' | 'expired';

export type TransfereeReason =
  | 'not-wanted'
  | 'not-decided'
  | 'no-history'
  | 'expired'
  | 'refused-by-app'
  | 'app-unreachable'
  | 'restarted';

/** The transferee's side of one transfer. Plain data: this is what is persisted. Times are wall milliseconds. */
export interface Transferee {
  readonly role: 'transferee';
  readonly phase: TransfereePhase;
  readonly reason?: TransfereeReason;
  readonly callId: string;
  /** SIP URIs of the two PSAPs. */
  readonly from: string;
  readonly to: string;
  /** Name of the agreement: nobody else may execute it. */
  readonly peer: string;
  readonly reasonText?: string;
  readonly negotiationExpiresAt?: number;
  /** Of the execution request; with the Call Identifier it tells this transfer from others. */
  readonly messageId?: number;
  readonly executionExpiresAt?: number;
  readonly timing: TransferTiming;
}

export type TransfereeTimer = 'decide' | 'negotiation' | 'again';

/** `at` is the wall time of the event in milliseconds. */
export type TransfereeEvent =
  /** The same negotiation once more. */
  | { readonly type: 'negotiate'; readonly at: number }
  | { readonly type: 'decide'; readonly at: number; readonly accept: boolean }
  /** An execution request for this chat. `history`: its `Data` can be read and names the APP. */
  | {
      readonly type: 'execute';
      readonly at: number;
      readonly messageId: number;
      readonly expiryTime: number;
      readonly history: boolean;
    }
  /** What became of our 265: `status` 0 if nothing came until the outbox gave up. */
  | { readonly type: 'taken'; readonly at: number; readonly status: number }
  /** A message of the APP in this chat reached us. */
  | { readonly type: 'heard'; readonly at: number }
  | { readonly type: 'timer'; readonly at: number; readonly timer: TransfereeTimer }
  /** The process was started again; `sent`: our 265 is in the record. No timer runs, nobody waits for an answer. */
  | { readonly type: 'restored'; readonly at: number; readonly sent: boolean };

/** In their order; what comes after `persist` waits until the new state is durable. */
export type TransfereeEffect =
  | { readonly type: 'persist' }
  /** Somebody has to decide. */
  | { readonly type: 'ask' }
  /** Answer all negotiation requests that wait. */
  | { readonly type: 'answer-negotiation'; readonly status: 202 | 406; readonly expiryTime: number }
  /** Put what is new in the history of this request into the record, durably, before anything that follows. */
  | { readonly type: 'merge' }
  /**
   * Send 265 with the next Message Identifier (PsapEvent `take`), the same one if it is recorded; tell `taken`. A
   * session that the APP has spoken to is open already.
   */
  | { readonly type: 'take'; readonly lastMessageId: number }
  /** Answer all execution requests that wait, this one too. One that waits longer than its ExpiryTime gets HTTP 504. */
  | { readonly type: 'answer'; readonly status: 200 | 503 }
  /** Answer 503 to this execution request alone: it belongs to no transfer of ours. */
  | { readonly type: 'refuse' }
  /** The chat is not ours (PsapEvent `decline`). */
  | { readonly type: 'decline' }
  | { readonly type: 'set-timer'; readonly timer: TransfereeTimer; readonly ms: number }
  | { readonly type: 'cancel-timers' };

type Step = [Transferee, TransfereeEffect[]];

/** ExpiryTime of a 406, which needs one. */
const nothingExpires = 10;

export function newTransferee(o: {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly peer: string;
  readonly reasonText?: string;
  readonly timing?: Partial<TransferTiming>;
}): [Transferee, TransfereeEffect[]] {
  const timing = { ...transferTiming, ...o.timing };
  const state: Transferee = {
    role: 'transferee',
    phase: 'asked',
    callId: o.callId,
    from: o.from,
    to: o.to,
    peer: o.peer,
    ...(o.reasonText !== undefined && { reasonText: o.reasonText }),
    timing,
  };
  return [
    state,
    [{ type: 'persist' }, { type: 'set-timer', timer: 'decide', ms: timing.decideMs }, { type: 'ask' }],
  ];
}

/**
 * TS 103 698 6.2.6, 6.3. Every event may come at any time; what does not fit changes nothing.
 *
 * 503 is said only when it is certain that the APP will never be ours by this transfer. As long as a 265 of ours may
 * have reached the APP there is no answer.
 */
export function transferee(state: Transferee, event: TransfereeEvent): [Transferee, TransfereeEffect[]] {
  switch (state.phase) {
    case 'asked':
      return asked(state, event);
    case 'accepted':
      return accepted(state, event);
    case 'taking':
      return taking(state, event);
    case 'owned':
      if (event.type !== 'execute') return same(state);
      if (event.messageId !== state.messageId) return [state, [{ type: 'refuse' }]];
      return [state, [...merge(event), { type: 'answer', status: 200 }]];
    case 'declined':
    case 'expired':
      return over(state, event);
  }
}

/** Whether a new negotiation about the same chat may begin: not while the APP may take our 265 of the last one. */
export function mayNegotiateAgain(last: Transferee | undefined): boolean {
  return last?.phase !== 'taking' && !(last?.phase === 'accepted' && last.messageId !== undefined);
}

/** Whether the machine has still something to do by itself. */
export function isTransfereeActive(state: Transferee): boolean {
  return state.phase === 'asked' || state.phase === 'accepted' || state.phase === 'taking';
}

/**
 * The transfer that an execution request is about, among all of its Call Identifier and peer, the oldest first: the one
 * that was executed under its Message Identifier, else the newest that was not executed yet.
 */
export function executedBy<T extends { readonly messageId?: number | undefined }>(
  known: readonly T[],
  messageId: number,
): T | undefined {
  return known.findLast((t) => t.messageId === messageId) ?? known.findLast((t) => t.messageId === undefined);
}

function asked(state: Transferee, event: TransfereeEvent): Step {
  switch (event.type) {
    case 'decide': {
      if (!event.accept) return refuse(state, 'not-wanted');
      return consent(state, event.at);
    }
    case 'timer':
      return event.timer === 'decide' ? refuse(state, 'not-decided') : same(state);
    case 'execute':
      return neverWill(state, 'not-decided', event.messageId);
    case 'restored':
      return refuse(state, 'restarted');
    default:
      return same(state);
  }
}

function consent(state: Transferee, at: number): Step {
  const { negotiationSeconds } = state.timing;
  const ms = 1_000 * negotiationSeconds;
  return [
    { ...state, phase: 'accepted', negotiationExpiresAt: at + ms },
    [
      { type: 'persist' },
      { type: 'cancel-timers' },
      { type: 'set-timer', timer: 'negotiation', ms },
      { type: 'answer-negotiation', status: 202, expiryTime: negotiationSeconds },
    ],
  ];
}

function refuse(state: Transferee, reason: TransfereeReason): Step {
  return [
    { ...state, phase: 'declined', reason },
    [
      { type: 'persist' },
      { type: 'cancel-timers' },
      { type: 'answer-negotiation', status: 406, expiryTime: nothingExpires },
    ],
  ];
}

function accepted(state: Transferee, event: TransfereeEvent): Step {
  switch (event.type) {
    case 'negotiate':
      return state.messageId === undefined
        ? consent(state, event.at)
        : [state, [{ type: 'answer-negotiation', status: 406, expiryTime: nothingExpires }]];
    case 'timer':
      return event.timer === 'negotiation' ? expire(state) : same(state);
    case 'execute': {
      const { at, messageId, expiryTime } = event;
      if (messageId !== (state.messageId ?? messageId)) return [state, [{ type: 'refuse' }]];
      if (at >= (state.negotiationExpiresAt ?? 0)) {
        const [next, effects] = expire({ ...state, messageId });
        return [next, [...effects, { type: 'answer', status: 503 }]];
      }
      // The same request may still come with a history, late: that one is answered 503 as well.
      if (!event.history) return neverWill(state, 'no-history', messageId);
      return [
        { ...state, phase: 'taking', messageId, executionExpiresAt: at + 1_000 * expiryTime },
        [
          { type: 'persist' },
          { type: 'cancel-timers' },
          { type: 'merge' },
          { type: 'take', lastMessageId: messageId },
        ],
      ];
    }
    case 'decide':
      // Changed their mind before it began.
      return event.accept ? same(state) : neverWill(state, 'not-wanted');
    case 'restored': {
      const left = (state.negotiationExpiresAt ?? 0) - event.at;
      if (left <= 0) return expire(state);
      const ms = Math.min(left, 1_000 * state.timing.negotiationSeconds);
      return [state, [{ type: 'set-timer', timer: 'negotiation', ms }]];
    }
    default:
      return same(state);
  }
}

function taking(state: Transferee, event: TransfereeEvent): Step {
  switch (event.type) {
    case 'taken':
      if (event.status >= 200 && event.status < 300) return own(state);
      if (event.status === 403) return neverWill(state, 'refused-by-app');
      // It may have arrived all the same, whoever answered.
      if (event.at - (state.executionExpiresAt ?? event.at) >= state.timing.giveUpMs) {
        return neverWill(state, 'app-unreachable');
      }
      return [state, [{ type: 'set-timer', timer: 'again', ms: state.timing.againMs }]];
    case 'timer':
      return event.timer === 'again' ? [state, [take(state)]] : same(state);
    case 'heard':
      return own(state);
    case 'execute':
      if (event.messageId !== state.messageId) return [state, [{ type: 'refuse' }]];
      return [state, merge(event)];
    case 'restored':
      return event.sent ? [state, [take(state)]] : takeLater(state, event.at);
    default:
      return same(state);
  }
}

/** Declined or expired. Only the APP itself can change that. */
function over(state: Transferee, event: TransfereeEvent): Step {
  switch (event.type) {
    case 'heard':
      return state.phase === 'declined' && state.executionExpiresAt !== undefined ? own(state) : same(state);
    case 'taken':
      // The same 265, asked for once more by an APP that wrote to us all the same.
      return event.status >= 200 && event.status < 300 ? own(state) : same(state);
    case 'negotiate':
      return [state, [{ type: 'answer-negotiation', status: 406, expiryTime: nothingExpires }]];
    case 'execute': {
      const answer: TransfereeEffect = { type: 'answer', status: 503 };
      // Remembered: another copy of it gets the same answer.
      if (state.messageId !== undefined) return [state, [answer]];
      return [{ ...state, messageId: event.messageId }, [{ type: 'persist' }, answer]];
    }
    default:
      return same(state);
  }
}

/** The history may not be in the record: nothing goes out until the request comes again, with it and in time. */
function takeLater(state: Transferee, at: number): Step {
  const until = state.executionExpiresAt ?? 0;
  if (at >= until) return neverWill(state, 'expired');
  return [
    { ...state, phase: 'accepted', negotiationExpiresAt: until },
    [{ type: 'persist' }, { type: 'set-timer', timer: 'negotiation', ms: until - at }],
  ];
}

function take(state: Transferee): TransfereeEffect {
  return { type: 'take', lastMessageId: state.messageId ?? 0 };
}

function merge(event: { readonly history: boolean }): TransfereeEffect[] {
  return event.history ? [{ type: 'merge' }] : [];
}

function own(state: Transferee): Step {
  const { reason: _reason, ...rest } = state;
  return [
    { ...rest, phase: 'owned' },
    [{ type: 'persist' }, { type: 'cancel-timers' }, { type: 'answer', status: 200 }],
  ];
}

function expire(state: Transferee): Step {
  return [
    { ...state, phase: 'expired', reason: 'expired' },
    [{ type: 'persist' }, { type: 'cancel-timers' }],
  ];
}

function neverWill(state: Transferee, reason: TransfereeReason, messageId = state.messageId): Step {
  const began = state.phase === 'taking';
  const waits = state.phase === 'asked';
  return [
    { ...state, phase: 'declined', reason, ...(messageId !== undefined && { messageId }) },
    [
      { type: 'persist' },
      { type: 'cancel-timers' },
      ...(began ? [{ type: 'decline' } as const] : []),
      ...(waits ? [{ type: 'answer-negotiation', status: 406, expiryTime: nothingExpires } as const] : []),
      { type: 'answer', status: 503 },
    ],
  ];
}

function same(state: Transferee): Step {
  return [state, []];
}
