import { received } from './app-received.js';
import {
  type AppEvent,
  type AppSession,
  type AppStep,
  after,
  connected,
  destination,
  ended,
  flush,
  heartbeatTimer,
  keepAlive,
  message,
  phase,
  waitsForPsap,
} from './app-state.js';
import { giveUp } from './arrivals.js';
import { isKeepAlive, messageKind } from './message-type.js';
import { effectsOf } from './received-effects.js';
import { MessageType } from './registry.js';
import { type SessionTimer, earlyTextMs, note, queuedTexts } from './session-effect.js';

export { type AppEvent, type AppPhase, type AppSession, destinationOf, newAppSession } from './app-state.js';

/** TS 103 698 6.2.2 to 6.2.7, the APP. Any event may come at any time. */
export function appSession(state: AppSession, event: AppEvent): AppStep {
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
function start(state: AppSession, text: string): AppStep {
  if (state.phase !== 'idle' && state.phase !== 'failed') return [state, [note('refused')]];
  return started(state, text);
}

function started(state: AppSession, text: string): AppStep {
  const fresh: AppSession = { ...state, phase: 'starting', early: false, longStalled: false };
  const [sending, sent] = message(fresh, state.service, MessageType.start, text);
  const next: AppSession = { ...sending, startId: sending.lastSent };
  return [next, [phase(next), ...sent, { type: 'set-timer', timer: 'early', ms: earlyTextMs }]];
}

/** 6.2.3, and the stall of 6.2.6 and 6.2.7. */
function say(state: AppSession, text: string): AppStep {
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
function stop(state: AppSession, text: string | undefined): AppStep {
  if (state.phase === 'stopped') return [state, []];
  if (state.phase === 'idle' || state.phase === 'failed') return ended(state, false);
  const [flushed, texts] = flush(state);
  const [next, sent] = message(flushed, destination(flushed), MessageType.stop, text);
  return after([...texts, ...sent], ended(next, false));
}

function timer(state: AppSession, name: SessionTimer): AppStep {
  switch (name) {
    case 'gap': {
      const arrival = giveUp(state.arrivals);
      const shown = effectsOf(state.arrivals, arrival, state.timing);
      return [{ ...state, arrivals: arrival.next }, [...arrival.notes, ...shown]];
    }
    case 'early':
      return state.phase === 'starting' ? flush({ ...state, early: true }) : [state, []];
    case 'stall':
      // 6.2.6 says nothing of a PSAP that never comes; nobody's text waits for ever.
      if (!waitsForPsap(state) || state.longStalled) return [state, []];
      return after([note('stalled-long')], flush({ ...state, longStalled: true }));
    case 'heartbeat':
      return connected(state) ? [state, [keepAlive(state), heartbeatTimer(state)]] : [state, []];
    case 'silence':
      if (!connected(state) || state.silent) return [state, []];
      return [{ ...state, silent: true }, [note('silent')]];
  }
}

function outcome(
  state: AppSession,
  messageType: number,
  messageId: number | undefined,
  delivered: boolean,
): AppStep {
  if (delivered || isKeepAlive(messageKind(messageType))) return [state, []];
  // Only the latest start counts: that of an earlier attempt may be reported late.
  if (messageType === MessageType.start && state.phase === 'starting' && messageId === state.startId) {
    const next: AppSession = { ...state, phase: 'failed' };
    return [next, [note('undelivered'), { type: 'cancel-timer', timer: 'early' }, phase(next)]];
  }
  if (
    messageType === MessageType.startRedirect &&
    state.phase === 'redirecting' &&
    messageId === state.redirectId
  ) {
    return redirectFailed(state);
  }
  return [state, [note('undelivered')]];
}

/** 6.2.7 into the void: the chat starts again where every chat starts, so that it is routed to somebody. */
function redirectFailed(state: AppSession): AppStep {
  const lost: AppSession = { ...state, target: undefined, redirectId: undefined };
  return after(
    [note('undelivered'), note('redirect-failed'), { type: 'cancel-timer', timer: 'stall' }],
    started(lost, state.introduction),
  );
}

function stalled(state: AppSession): boolean {
  if (state.phase === 'starting') return !state.early;
  return waitsForPsap(state) && !state.longStalled;
}
