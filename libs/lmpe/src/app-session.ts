import { type Arrivals, type ReceivedMessage, arrive, arriveKeepAlive, noArrivals } from './arrivals.js';
import { recordOf, showOf } from './received-effects.js';
import { isKeepAlive, messageKind } from './message-type.js';
import { MessageType } from './registry.js';
import {
  type SessionEffect,
  type SessionNote,
  type SessionTiming,
  appTiming,
  earlyTextMs,
  queuedTexts,
} from './session-effect.js';

export type AppPhase = 'idle' | 'starting' | 'open' | 'transferring' | 'redirecting' | 'stopped' | 'failed';

/** The caller's end of one chat. */
export interface AppSession {
  readonly phase: AppPhase;
  readonly callId: string;
  /** Service URN or number the start goes to. */
  readonly service: string;
  /** Where the chat goes on: the PSAP's Reply-To. */
  readonly target?: string;
  /** Message Identifier used last; 0 before the first. */
  readonly lastSent: number;
  readonly arrivals: Arrivals;
  /** Texts that wait for a PSAP. */
  readonly queue: readonly string[];
  /** Waited long enough: texts follow the start to the service. */
  readonly early: boolean;
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
  | { readonly type: 'timer'; readonly timer: 'heartbeat' | 'silence' | 'early' }
  /** What became of a `send` after all attempts. */
  | {
      readonly type: 'outcome';
      readonly messageType: number;
      readonly messageId?: number;
      readonly delivered: boolean;
    }
  | ReceivedMessage;

type Step = readonly [AppSession, readonly SessionEffect[]];

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
    inactive: false,
    silent: false,
    introduction: o.introduction ?? '',
    timing: o.timing ?? appTiming,
  };
}

/** TS 103 698 6.2.2 to 6.2.7, the APP. Any event may come at any time. */
export function appSession(state: AppSession, event: AppEvent): Step {
  switch (event.type) {
    case 'start':
      return start(state, event.text);
    case 'say':
      return say(state, event.text);
    case 'stop':
      return stop(state, event.text);
    case 'moved':
      return connected(state) ? [state, [keepAlive(state)]] : [state, []];
    case 'inactive':
    case 'active': {
      const next = { ...state, inactive: event.type === 'inactive' };
      return connected(state) && next.inactive !== state.inactive ? [next, [keepAlive(next)]] : [next, []];
    }
    case 'timer':
      return timer(state, event.timer);
    case 'outcome':
      return outcome(state, event.messageType, event.messageId, event.delivered);
    case 'received':
      return received(state, event);
  }
}

/** 6.2.2: once; again only when it could not be delivered. */
function start(state: AppSession, text: string): Step {
  if (state.phase !== 'idle' && state.phase !== 'failed') return [state, [note('refused')]];
  const [next, sent] = message(
    { ...state, phase: 'starting', early: false },
    state.service,
    MessageType.start,
    text,
  );
  return [next, [phase(next), ...sent, { type: 'set-timer', timer: 'early', ms: earlyTextMs }]];
}

/** 6.2.3, and the stall of 6.2.6 and 6.2.7. */
function say(state: AppSession, text: string): Step {
  if (state.phase === 'idle' || state.phase === 'stopped' || state.phase === 'failed') {
    return [state, [note('refused')]];
  }
  if (stalled(state)) {
    if (state.queue.length >= queuedTexts) return [state, [note('refused')]];
    return [{ ...state, queue: [...state.queue, text] }, [note('queued')]];
  }
  return message(state, destination(state), MessageType.inChat, text);
}

/** 6.2.4. Whoever gives up before the PSAP's first message is not held back: what was typed goes first. */
function stop(state: AppSession, text: string | undefined): Step {
  if (state.phase === 'stopped') return [state, []];
  if (state.phase === 'idle' || state.phase === 'failed') return ended(state, []);
  const [flushed, texts] = flush(state);
  const [next, sent] = message(flushed, destination(flushed), MessageType.stop, text);
  return ended(next, [...texts, ...sent]);
}

function timer(state: AppSession, name: 'heartbeat' | 'silence' | 'early'): Step {
  if (name === 'early') {
    if (state.phase !== 'starting') return [state, []];
    return flush({ ...state, early: true });
  }
  if (!connected(state)) return [state, []];
  if (name === 'heartbeat') return [state, [keepAlive(state), heartbeatTimer(state)]];
  return state.silent ? [state, []] : [{ ...state, silent: true }, [note('silent')]];
}

function outcome(
  state: AppSession,
  messageType: number,
  messageId: number | undefined,
  delivered: boolean,
): Step {
  if (delivered || isKeepAlive(messageKind(messageType))) return [state, []];
  // Only the latest start counts: that of an earlier attempt may be reported late.
  if (messageType === MessageType.start && state.phase === 'starting' && messageId === state.lastSent) {
    const next: AppSession = { ...state, phase: 'failed' };
    return [next, [note('undelivered'), { type: 'cancel-timer', timer: 'early' }, phase(next)]];
  }
  return [state, [note('undelivered')]];
}

function received(state: AppSession, m: ReceivedMessage): Step {
  const kind = messageKind(m.messageType);
  if (isKeepAlive(kind)) {
    const { next, notes } = arriveKeepAlive(state.arrivals, m);
    const [heard, effects] = hear({ ...state, arrivals: next });
    return [heard, [...notes, ...effects]];
  }
  const { next: arrivals, duplicate, notes } = arrive(state.arrivals, m);
  const [heard, signs] = hear(state);
  if (duplicate) return [heard, [...notes, ...signs]];
  const current: AppSession = { ...heard, arrivals };
  const before: SessionEffect[] = [recordOf(m), ...notes, ...signs];
  const shown = showOf(m);
  const answer = (step: Step): Step => [step[0], [...before, ...step[1]]];

  switch (kind) {
    case 'start':
      if (current.phase === 'starting' || current.phase === 'redirecting') {
        return answer(opened(current, m, shown));
      }
      return answer([
        current,
        [note(current.phase === 'stopped' ? 'after-stop' : 'repeated-start'), ...shown],
      ]);
    case 'start-transfer':
      // 6.2.6: accepted once after each 266.
      if (current.phase === 'transferring') return answer(opened(current, m, shown));
      return answer([current, [note('refused-transfer')]]);
    case 'stop-transfer': {
      if (current.phase !== 'open' && current.phase !== 'starting') return answer([current, shown]);
      const next: AppSession = { ...withTarget(current, m), phase: 'transferring' };
      return answer([next, [...shown, phase(next), ...timers(current, next)]]);
    }
    case 'stop-redirect':
      if (current.phase !== 'open' && current.phase !== 'starting') return answer([current, shown]);
      return answer(redirected(current, m, shown));
    case 'stop':
      if (current.phase === 'stopped') return answer([current, shown]);
      return answer(ended(current, shown));
    case 'in-chat':
    case 'start-redirect':
    case 'unknown': {
      const strange: SessionEffect[] = kind === 'in-chat' ? [] : [note('unknown-type')];
      // The PSAP's start may be late or lost: its Reply-To is what the chat needs.
      if (current.phase === 'starting' && m.replyTo !== undefined) {
        return answer(opened(current, m, [note('no-start'), ...strange, ...shown]));
      }
      return answer([current, [...strange, ...shown]]);
    }
    default:
      return answer([current, shown]);
  }
}

function opened(state: AppSession, m: ReceivedMessage, shown: readonly SessionEffect[]): Step {
  const open: AppSession = { ...withTarget(state, m), phase: 'open' };
  const [next, texts] = flush(open);
  return [next, [...shown, phase(next), ...timers(state, next), ...texts]];
}

/** 6.2.7: a start to the PSAP the redirecting one names, telling it which one that was. */
function redirected(state: AppSession, m: ReceivedMessage, shown: readonly SessionEffect[]): Step {
  const from = state.target;
  const moved: AppSession = { ...withTarget(state, m), phase: 'redirecting' };
  const [next, sent] = message(
    moved,
    destination(moved),
    MessageType.startRedirect,
    state.introduction,
    from,
  );
  return [next, [...shown, phase(next), ...timers(state, next), ...sent]];
}

function ended(state: AppSession, effects: readonly SessionEffect[]): Step {
  const next: AppSession = { ...state, phase: 'stopped', queue: [] };
  return [
    next,
    [
      ...effects,
      { type: 'cancel-timer', timer: 'heartbeat' },
      { type: 'cancel-timer', timer: 'silence' },
      { type: 'cancel-timer', timer: 'early' },
      phase(next),
    ],
  ];
}

function withTarget(state: AppSession, m: ReceivedMessage): AppSession {
  return { ...state, target: m.replyTo ?? state.target ?? m.sender };
}

function hear(state: AppSession): Step {
  if (!connected(state)) return [state, []];
  const again: SessionEffect[] = state.silent ? [note('heard-again')] : [];
  return [{ ...state, silent: false }, [...again, silenceTimer(state)]];
}

function flush(state: AppSession): Step {
  const effects: SessionEffect[] = [];
  let next: AppSession = { ...state, queue: [] };
  for (const text of state.queue) {
    const [after, sent] = message(next, destination(next), MessageType.inChat, text);
    next = after;
    effects.push(...sent);
  }
  return [next, effects];
}

function message(
  state: AppSession,
  to: string,
  messageType: number,
  text: string | undefined,
  historyInfo?: string,
): Step {
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

function keepAlive(state: AppSession): SessionEffect {
  const messageType = state.inactive ? MessageType.heartbeatInactive : MessageType.heartbeat;
  return { type: 'send', to: destination(state), messageType, withLocation: true };
}

/** Keep-alives begin with the PSAP's first message and go on while a transfer or redirect is pending. */
function timers(before: AppSession, after: AppSession): SessionEffect[] {
  if (connected(before)) return [];
  return [{ type: 'cancel-timer', timer: 'early' }, heartbeatTimer(after), silenceTimer(after)];
}

function heartbeatTimer(state: AppSession): SessionEffect {
  return { type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs };
}

function silenceTimer(state: AppSession): SessionEffect {
  return { type: 'set-timer', timer: 'silence', ms: state.timing.silenceMs };
}

function destination(state: AppSession): string {
  return state.target ?? state.service;
}

function connected(state: AppSession): boolean {
  return state.phase === 'open' || state.phase === 'transferring' || state.phase === 'redirecting';
}

function stalled(state: AppSession): boolean {
  if (state.phase === 'starting') return !state.early;
  return state.phase === 'transferring' || state.phase === 'redirecting';
}

function phase(state: AppSession): SessionEffect {
  return { type: 'phase', phase: state.phase };
}

function note(name: Exclude<SessionNote['note'], 'gap'>): SessionNote {
  return { type: 'note', note: name };
}
