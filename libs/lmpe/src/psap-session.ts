import { type Arrivals, type ReceivedMessage, arrive, arriveKeepAlive, noArrivals } from './arrivals.js';
import { recordOf, showOf } from './received-effects.js';
import { type MessageKind, isKeepAlive, messageKind } from './message-type.js';
import { MessageType } from './registry.js';
import {
  type SessionEffect,
  type SessionNote,
  type SessionTiming,
  heartbeatsIntoSilence,
  psapTiming,
} from './session-effect.js';

/** `handed-over`: transferred or redirected; what still comes is taken in, nothing is sent (TS 103 698 6.2.6, 6.2.7). */
export type PsapPhase = 'waiting' | 'open' | 'closed' | 'handed-over';

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
}

export type PsapEvent =
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'stop'; readonly text?: string }
  | { readonly type: 'timer'; readonly timer: 'heartbeat' | 'silence' }
  /** A message of ours found in the records after a restart. */
  | { readonly type: 'restored'; readonly messageType: number; readonly messageId?: number }
  /** Timers do not outlive a process: asked for once after all records have been taken in. */
  | { readonly type: 'resumed' }
  | ReceivedMessage;

type Step = readonly [PsapSession, readonly SessionEffect[]];

export function newPsapSession(o: {
  readonly callId: string;
  readonly caller: string;
  readonly greeting: string;
  readonly testAnswer?: string;
  readonly timing?: SessionTiming;
}): PsapSession {
  return {
    phase: 'waiting',
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

/** TS 103 698 6.2.2 to 6.2.5, the PSAP. Any event may come at any time; a chat is closed by people only. */
export function psapSession(state: PsapSession, event: PsapEvent): Step {
  switch (event.type) {
    case 'received':
      return received(state, event);
    case 'say':
      if (state.phase !== 'open') return [state, [note('refused')]];
      return message(state, MessageType.inChat, event.text);
    case 'stop': {
      if (state.phase !== 'open') return [state, [note('refused')]];
      const [next, sent] = message(state, MessageType.stop, event.text);
      return closed(next, sent);
    }
    case 'timer':
      return timer(state, event.timer);
    case 'restored':
      return restored(state, event.messageType, event.messageId);
    case 'resumed':
      return [state, state.phase === 'open' ? timers(state) : []];
  }
}

function received(state: PsapSession, m: ReceivedMessage): Step {
  const kind = messageKind(m.messageType);
  if (isKeepAlive(kind)) return keptAlive(state, m, kind);
  const { next: arrivals, duplicate, notes } = arrive(state.arrivals, m);
  const [heard, signs] = hear(state);
  if (duplicate) return [heard, [...notes, ...signs]];
  const current: PsapSession = { ...heard, arrivals };
  const before: SessionEffect[] = [recordOf(m), ...notes, ...signs];
  const strange: SessionEffect[] = expected(kind) ? [] : [note('unknown-type')];
  const shown = showOf(m);
  const answer = (step: Step): Step => [step[0], [...before, ...step[1]]];

  if (kind === 'stop') {
    if (current.phase === 'closed') return answer([current, shown]);
    return answer(closed(current, shown));
  }
  if (kind === 'start' || kind === 'start-redirect') {
    const again: SessionEffect[] = current.phase === 'waiting' ? [] : [note('repeated-start')];
    return answer(greeted(current, [...again, ...shown]));
  }
  if (current.phase === 'waiting') return answer(greeted(current, [note('no-start'), ...strange, ...shown]));
  if (current.phase === 'closed') {
    const next: PsapSession = { ...current, phase: 'open' };
    return answer([next, [note('reopened'), ...strange, ...shown, phase(next), ...timers(next)]]);
  }
  return answer([current, [...strange, ...shown]]);
}

/** 6.2.5. A keep-alive may be the first thing that is heard of a chat, if this side lost its memory. */
function keptAlive(state: PsapSession, m: ReceivedMessage, kind: MessageKind): Step {
  const { next: arrivals, notes } = arriveKeepAlive(state.arrivals, m);
  const [heard, signs] = hear({ ...state, arrivals });
  const inactive = kind === 'inactive';
  const change: SessionEffect[] = inactive === state.inactive ? [] : [note(inactive ? 'inactive' : 'active')];
  const current: PsapSession = { ...heard, inactive };
  const effects = [recordOf(m), ...notes, ...signs, ...change, ...showOf(m)];
  if (current.phase !== 'waiting') return [current, effects];
  const [next, greeting] = greeted(current, [note('no-start')]);
  return [next, [...effects, ...greeting]];
}

/** 6.2.2: the automatic first message, which tells the APP where the chat goes on. */
function greeted(state: PsapSession, effects: readonly SessionEffect[]): Step {
  if (state.testAnswer !== undefined) {
    const [ended, answer] = message(state, MessageType.stop, state.testAnswer);
    return closed(ended, [...effects, ...answer]);
  }
  const open: PsapSession = { ...state, phase: 'open' };
  const [next, sent] = message(open, MessageType.start, state.greeting);
  const changed = state.phase === 'open' ? [] : [phase(next), ...timers(next)];
  return [next, [...effects, ...sent, ...changed]];
}

function closed(state: PsapSession, effects: readonly SessionEffect[]): Step {
  const next: PsapSession = { ...state, phase: 'closed' };
  return [
    next,
    [
      ...effects,
      { type: 'cancel-timer', timer: 'heartbeat' },
      { type: 'cancel-timer', timer: 'silence' },
      phase(next),
    ],
  ];
}

function timer(state: PsapSession, name: 'heartbeat' | 'silence'): Step {
  if (state.phase !== 'open') return [state, []];
  if (name === 'silence') return state.silent ? [state, []] : [{ ...state, silent: true }, [note('silent')]];
  if (state.unheard >= heartbeatsIntoSilence) return [state, [note('heartbeat-paused')]];
  const next: PsapSession = { ...state, unheard: state.unheard + 1 };
  return [
    next,
    [
      { type: 'send', to: state.caller, messageType: MessageType.heartbeat, withLocation: false },
      { type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs },
    ],
  ];
}

function hear(state: PsapSession): Step {
  const next: PsapSession = { ...state, silent: false, unheard: 0 };
  if (state.phase !== 'open') return [next, []];
  const effects: SessionEffect[] = state.silent ? [note('heard-again')] : [];
  if (state.unheard >= heartbeatsIntoSilence) {
    effects.push({ type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs });
  }
  effects.push({ type: 'set-timer', timer: 'silence', ms: state.timing.silenceMs });
  return [next, effects];
}

function restored(state: PsapSession, messageType: number, messageId: number | undefined): Step {
  const kind = messageKind(messageType);
  const lastSent = Math.max(state.lastSent, messageId ?? 0);
  let phaseNow = state.phase;
  if (kind === 'stop') phaseNow = 'closed';
  else if (kind === 'stop-transfer' || kind === 'stop-redirect') phaseNow = 'handed-over';
  else if (state.phase === 'waiting') phaseNow = 'open';
  return [{ ...state, lastSent, phase: phaseNow }, []];
}

function message(state: PsapSession, messageType: number, text: string | undefined): Step {
  const messageId = state.lastSent + 1;
  const said = text === undefined ? {} : { text };
  return [
    { ...state, lastSent: messageId },
    [
      { type: 'record', direction: 'out', messageType, messageId, ...said },
      { type: 'send', to: state.caller, messageType, messageId, ...said, withLocation: false },
    ],
  ];
}

function timers(state: PsapSession): SessionEffect[] {
  return [
    { type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs },
    { type: 'set-timer', timer: 'silence', ms: state.timing.silenceMs },
  ];
}

/** What an APP may send (6.2). */
function expected(kind: MessageKind): boolean {
  return kind === 'start' || kind === 'stop' || kind === 'in-chat' || kind === 'start-redirect';
}

function phase(state: PsapSession): SessionEffect {
  return { type: 'phase', phase: state.phase };
}

function note(name: Exclude<SessionNote['note'], 'gap'>): SessionNote {
  return { type: 'note', note: name };
}
