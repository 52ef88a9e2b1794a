import { type Arrivals, type ReceivedMessage, giveUp, noArrivals } from './arrivals.js';
import { isKeepAlive, messageKind } from './message-type.js';
import { effectsOf } from './received-effects.js';
import { MessageType } from './registry.js';
import { type SessionEffect, type SessionTimer, type SessionTiming, appTiming } from './session-effect.js';

/**
 * - `transferring`: told to wait (266) until a PSAP takes the chat up (265). TS 103 698 6.2.6
 * - `redirecting`: sent elsewhere (274), until the PSAP there begins (257). 6.2.7
 */
export type AppPhase = 'idle' | 'starting' | 'open' | 'transferring' | 'redirecting' | 'stopped' | 'failed';

/** The caller's end of one chat. */
export interface AppSession {
  readonly phase: AppPhase;
  readonly callId: string;
  /** Service URN or number the start goes to. */
  readonly service: string;
  /** Where the chat goes on: the PSAP's Reply-To. */
  readonly target?: string | undefined;
  /** URI of the PSAP the chat is with, or was with last. */
  readonly with?: string | undefined;
  /** Message Identifier used last; 0 before the first. */
  readonly lastSent: number;
  readonly arrivals: Arrivals;
  /** Texts that wait for a PSAP. */
  readonly queue: readonly string[];
  /** Waited long enough: texts follow the start to the service. */
  readonly early: boolean;
  /** Waited long enough for the other PSAP: texts go where they went last. */
  readonly longStalled: boolean;
  /** Message Identifier of the latest 266 or 274. */
  readonly stallId?: number | undefined;
  /** Message Identifier of the latest start, and of the latest 273. */
  readonly startId?: number | undefined;
  readonly redirectId?: number | undefined;
  /** It was the PSAP that stopped. */
  readonly stoppedByPsap: boolean;
  readonly inactive: boolean;
  readonly silent: boolean;
  /** Text of a start this side sends by itself (TS 103 698 6.2.7). */
  readonly introduction: string;
  readonly timing: SessionTiming;
}

export type AppEvent =
  | { readonly type: 'start'; readonly text: string }
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'stop'; readonly text?: string }
  | { readonly type: 'moved' }
  | { readonly type: 'inactive' }
  | { readonly type: 'active' }
  | { readonly type: 'timer'; readonly timer: SessionTimer }
  /** What became of a `send` after all attempts. */
  | {
      readonly type: 'outcome';
      readonly messageType: number;
      readonly messageId?: number;
      readonly delivered: boolean;
    }
  | ReceivedMessage;

export type AppStep = readonly [AppSession, readonly SessionEffect[]];

export function newAppSession(o: {
  readonly callId: string;
  readonly service: string;
  readonly introduction?: string;
  readonly timing?: SessionTiming;
}): AppSession {
  return {
    phase: 'idle',
    callId: o.callId,
    service: o.service,
    lastSent: 0,
    arrivals: noArrivals,
    queue: [],
    early: false,
    longStalled: false,
    stoppedByPsap: false,
    inactive: false,
    silent: false,
    introduction: o.introduction ?? '',
    timing: o.timing ?? appTiming,
  };
}

/**
 * Where a message goes that was made earlier and is sent only now: the chat may have moved on since. A start and the 273
 * stay with whom they were made for.
 */
export function destinationOf(
  state: AppSession,
  message: { readonly to: string; readonly messageType: number },
): string {
  const kind = messageKind(message.messageType);
  const follows = kind === 'in-chat' || kind === 'stop' || isKeepAlive(kind);
  return follows ? (state.target ?? message.to) : message.to;
}

export function message(
  state: AppSession,
  to: string,
  messageType: number,
  text: string | undefined,
  historyInfo?: string,
): AppStep {
  const messageId = state.lastSent + 1;
  const said = text === undefined ? {} : { text };
  return [
    { ...state, lastSent: messageId },
    [
      { type: 'record', direction: 'out', messageType, messageId, ...said },
      {
        type: 'send',
        to,
        messageType,
        messageId,
        ...said,
        withLocation: true,
        ...(historyInfo !== undefined && { historyInfo }),
      },
    ],
  ];
}

/** What waits for a PSAP goes out. */
export function flush(state: AppSession): AppStep {
  const effects: SessionEffect[] = [];
  let next: AppSession = { ...state, queue: [] };
  for (const text of state.queue) {
    const [after, sent] = message(next, destination(next), MessageType.inChat, text);
    next = after;
    effects.push(...sent);
  }
  return [next, effects];
}

/** The end of the chat. Nothing that was held back stays so. */
export function ended(state: AppSession, byPsap: boolean): AppStep {
  const arrival = giveUp(state.arrivals);
  const next: AppSession = {
    ...state,
    phase: 'stopped',
    queue: [],
    arrivals: arrival.next,
    stoppedByPsap: byPsap,
    longStalled: false,
  };
  return [
    next,
    [
      ...arrival.notes,
      ...effectsOf(state.arrivals, arrival, state.timing),
      { type: 'cancel-timer', timer: 'heartbeat' },
      { type: 'cancel-timer', timer: 'silence' },
      { type: 'cancel-timer', timer: 'early' },
      { type: 'cancel-timer', timer: 'stall' },
      phase(next),
    ],
  ];
}

export function keepAlive(state: AppSession): SessionEffect {
  const messageType = state.inactive ? MessageType.heartbeatInactive : MessageType.heartbeat;
  return { type: 'send', to: destination(state), messageType, withLocation: true };
}

/** Keep-alives begin with the PSAP's first message and go on while a transfer or redirect is pending. */
export function timers(before: AppSession, after: AppSession): SessionEffect[] {
  if (connected(before)) return [];
  return [{ type: 'cancel-timer', timer: 'early' }, heartbeatTimer(after), silenceTimer(after)];
}

export function heartbeatTimer(state: AppSession): SessionEffect {
  return { type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs };
}

export function silenceTimer(state: AppSession): SessionEffect {
  return { type: 'set-timer', timer: 'silence', ms: state.timing.silenceMs };
}

export function destination(state: AppSession): string {
  return state.target ?? state.service;
}

export function connected(state: AppSession): boolean {
  return state.phase === 'open' || waitsForPsap(state);
}

/** Between PSAPs. */
export function waitsForPsap(state: AppSession): boolean {
  return state.phase === 'transferring' || state.phase === 'redirecting';
}

export function phase(state: AppSession): SessionEffect {
  return { type: 'phase', phase: state.phase };
}

/** Effects before those of a step. */
export function after(effects: readonly SessionEffect[], step: AppStep): AppStep {
  return [step[0], [...effects, ...step[1]]];
}
