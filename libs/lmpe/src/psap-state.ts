import { type Arrivals, type ReceivedMessage, giveUp, noArrivals } from './arrivals.js';
import { effectsOf } from './received-effects.js';
import { MessageType } from './registry.js';
import { type SessionEffect, type SessionTimer, type SessionTiming, psapTiming } from './session-effect.js';

/**
 * - `transferring`: the APP was told to wait for another PSAP (266), nothing is sent (TS 103 698 6.2.6).
 * - `handed-over`: transferred or redirected; what still comes is taken in, nothing is sent (6.2.6, 6.2.7).
 * - `taking`: a chat of another PSAP, offered to the APP (265) or about to be; not ours until the APP has agreed.
 * - `declined`: it stayed with somebody else.
 */
export type PsapPhase =
  'waiting' | 'open' | 'closed' | 'transferring' | 'handed-over' | 'taking' | 'declined';

/** The call taker's end of one chat. */
export interface PsapSession {
  readonly phase: PsapPhase;
  readonly callId: string;
  /** Where our messages go: the P-Asserted-Identity of the caller's first message, else its From. */
  readonly caller: string;
  /** Predefined text of the first message. */
  readonly greeting: string;
  /** Of a test call: the text that answers and ends it (TS 103 698 6.1.2.10). */
  readonly testAnswer?: string;
  /** Message Identifier used last; 0 before the first. */
  readonly lastSent: number;
  readonly arrivals: Arrivals;
  readonly inactive: boolean;
  readonly silent: boolean;
  /** Keep-alives sent since the caller was last heard. */
  readonly unheard: number;
  readonly timing: SessionTiming;
  /** The chat was ours before: what comes late may be from that time. */
  readonly had?: boolean;
  /** Records are being taken in: nothing is asked of anybody before `resumed`. */
  readonly replaying?: boolean | undefined;
  /** The 266 sent last, and whether the APP has taken it, if that is known: from then on it takes a 265. */
  readonly stall?: Stall | undefined;
  /** What we asked the APP to let us have the chat with, as long as it has not agreed. */
  readonly claim?: Claim | undefined;
  /** Our 274, to be repeated for an APP that goes on writing to us. */
  readonly redirect?: Redirect | undefined;
  /** Message Identifier of the caller's stop: what is older does not open the chat again. */
  readonly endedAt?: number | undefined;
}

export interface Stall {
  readonly messageId: number;
  readonly text?: string;
  readonly answered?: boolean;
}

/** A 265, or the 257 to an APP that may have found another PSAP by now. */
export interface Claim {
  readonly messageType: number;
  readonly messageId: number;
  readonly text?: string;
  readonly by: 'take' | 'reactivate' | 'greet';
  /** `sent`: on its way, or sent again for as long as the outbox tries. */
  readonly fate: 'sent' | 'unanswered' | 'refused';
}

export interface Redirect {
  readonly messageId: number;
  readonly text?: string;
  readonly target: string;
  /** On its way: not to be sent beside itself. */
  readonly underWay: boolean;
}

export type PsapEvent =
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'stop'; readonly text?: string }
  | { readonly type: 'timer'; readonly timer: SessionTimer }
  /** 6.2.6: the APP is told to wait for another PSAP. */
  | { readonly type: 'transfer'; readonly text?: string }
  /** 6.2.7: the APP is sent to another PSAP. */
  | { readonly type: 'redirect'; readonly target: string; readonly text?: string }
  /** 6.3.3: the transfer has failed, the chat goes on here. */
  | { readonly type: 'reactivate'; readonly text?: string }
  /** 6.3.3: the transferee has answered 200. `messageId`: of the 266, if another transfer may have begun since. */
  | { readonly type: 'handed-over'; readonly messageId?: number }
  /** 6.2.6: the chat is offered to the APP from here. `lastMessageId`: of the transferor. */
  | { readonly type: 'take'; readonly lastMessageId: number; readonly text?: string }
  /** The execution has expired before anything was offered. */
  | { readonly type: 'decline' }
  /** A closed chat is opened again from here (6.1.2.5). */
  | { readonly type: 'call-back'; readonly text: string; readonly incident: boolean }
  /** What became of a message of ours after all attempts: the final status, 0 if there was no answer. */
  | {
      readonly type: 'outcome';
      readonly messageType: number;
      readonly messageId?: number;
      readonly status: number;
    }
  /**
   * A message of ours found in the records after a restart, with the final status if there was one (0: given up). Text
   * and `replyTo` are wanted of 265 and 274, which may have to be sent again. What is imported is none of ours.
   */
  | {
      readonly type: 'restored';
      readonly messageType: number;
      readonly messageId?: number;
      readonly status?: number;
      readonly text?: string;
      readonly replyTo?: string;
    }
  /** Timers do not outlive a process: asked for once after all records have been taken in. */
  | { readonly type: 'resumed' }
  | ReceivedMessage;

export type PsapStep = readonly [PsapSession, readonly SessionEffect[]];

export function newPsapSession(o: {
  readonly callId: string;
  readonly caller: string;
  readonly greeting: string;
  readonly testAnswer?: string;
  readonly timing?: SessionTiming;
  /** A chat that comes from another PSAP. */
  readonly taking?: boolean;
}): PsapSession {
  return {
    phase: o.taking === true ? 'taking' : 'waiting',
    callId: o.callId,
    caller: o.caller,
    greeting: o.greeting,
    ...(o.testAnswer !== undefined && { testAnswer: o.testAnswer }),
    lastSent: 0,
    arrivals: noArrivals,
    inactive: false,
    silent: false,
    unheard: 0,
    timing: o.timing ?? psapTiming,
  };
}

/** A message of the next number: recorded, then sent. */
export function message(
  state: PsapSession,
  messageType: number,
  text: string | undefined,
  more: { callBack?: 'incident' | 'plain' } = {},
): PsapStep {
  const messageId = state.lastSent + 1;
  return [{ ...state, lastSent: messageId }, recordedSend(state, { messageType, messageId, text, ...more })];
}

export function recordedSend(
  state: PsapSession,
  m: {
    readonly messageType: number;
    readonly messageId: number;
    readonly text: string | undefined;
    readonly replyTo?: string;
    readonly callBack?: 'incident' | 'plain';
  },
): SessionEffect[] {
  const { messageType, messageId, text, replyTo } = m;
  const said = {
    ...(text !== undefined && { text }),
    ...(replyTo !== undefined && { replyTo }),
  };
  return [{ type: 'record', direction: 'out', messageType, messageId, ...said }, sendOf(state, m)];
}

export function sendOf(
  state: PsapSession,
  m: {
    readonly messageType: number;
    readonly messageId: number;
    readonly text?: string | undefined;
    readonly replyTo?: string;
    readonly callBack?: 'incident' | 'plain';
  },
): SessionEffect {
  const { messageType, messageId, text, replyTo, callBack } = m;
  return {
    type: 'send',
    to: state.caller,
    messageType,
    messageId,
    ...(text !== undefined && { text }),
    withLocation: false,
    ...(replyTo !== undefined && { replyTo }),
    ...(callBack !== undefined && { callBack }),
  };
}

/**
 * 6.2.6: the claim once more, under the same identifiers. Nobody but the APP can say whose the chat is. If it is not known
 * whether it ever was told to wait, that comes first: its answer is the same as then.
 */
export function claimAgain(state: PsapSession): PsapStep {
  const { claim, stall } = state;
  if (!claim || claim.fate === 'sent') return [state, []];
  const next: PsapSession = { ...state, claim: { ...claim, fate: 'sent' } };
  const again: SessionEffect[] =
    claim.by === 'reactivate' && stall && stall.answered === undefined
      ? [sendOf(state, { ...stall, messageType: MessageType.stopTransfer })]
      : [];
  return [next, [...again, sendOf(state, claim)]];
}

/** 6.2.7: the 274 once more, for an APP that does not know of it. */
export function redirectAgain(state: PsapSession): PsapStep {
  const { redirect } = state;
  if (!redirect || redirect.underWay) return [state, []];
  const { messageId, text, target } = redirect;
  return [
    { ...state, redirect: { ...redirect, underWay: true } },
    [sendOf(state, { messageType: MessageType.stopRedirect, messageId, text, replyTo: target })],
  ];
}

/** The chat is ours from now on, whatever was going on before. */
export function open(state: PsapSession): PsapStep {
  const next: PsapSession = {
    ...state,
    phase: 'open',
    had: true,
    stall: undefined,
    claim: undefined,
    redirect: undefined,
    endedAt: undefined,
  };
  return state.phase === 'open' ? [next, []] : [next, [phase(next), ...timers(next)]];
}

/** The chat goes no further here, for now or for good. */
export function leave(state: PsapSession, to: PsapPhase): PsapStep {
  const next: PsapSession = { ...state, phase: to };
  return [
    next,
    [{ type: 'cancel-timer', timer: 'heartbeat' }, { type: 'cancel-timer', timer: 'silence' }, phase(next)],
  ];
}

/** Nothing that was held back stays so. */
export function showHeld(state: PsapSession): PsapStep {
  const arrival = giveUp(state.arrivals);
  return [
    { ...state, arrivals: arrival.next },
    [...arrival.notes, ...effectsOf(state.arrivals, arrival, state.timing)],
  ];
}

export function timers(state: PsapSession): SessionEffect[] {
  return [
    { type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs },
    { type: 'set-timer', timer: 'silence', ms: state.timing.silenceMs },
  ];
}

export function phase(state: PsapSession): SessionEffect {
  return { type: 'phase', phase: state.phase };
}

/** Effects before those of a step. */
export function after(effects: readonly SessionEffect[], step: PsapStep): PsapStep {
  return [step[0], [...effects, ...step[1]]];
}
