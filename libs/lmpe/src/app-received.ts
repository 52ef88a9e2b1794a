import {
  type AppSession,
  type AppStep,
  after,
  connected,
  destination,
  ended,
  flush,
  message,
  phase,
  silenceTimer,
  timers,
  waitsForPsap,
} from './app-state.js';
import { type ReceivedMessage, arrive, arriveCounted, isDuplicate } from './arrivals.js';
import { countOf, isOvertaken } from './message-count.js';
import { type MessageKind, isKeepAlive, messageKind } from './message-type.js';
import { effectsOf, recordOf } from './received-effects.js';
import { MessageType } from './registry.js';
import { type SessionEffect, note, stallMs } from './session-effect.js';

export function received(state: AppSession, m: ReceivedMessage): AppStep {
  const kind = messageKind(m.messageType);
  if (!isKeepAlive(kind) && isDuplicate(state.arrivals, m)) {
    return after([note('duplicate')], hear(state));
  }
  // Read before the message itself is counted.
  const before = standing(state, m, kind);
  if (!takes(state, m, kind, before)) return refused(state, m, kind, before);
  const arrival = arrive(state.arrivals, m);
  const shown = effectsOf(state.arrivals, arrival, state.timing);
  const [heard, signs] = hear({ ...state, arrivals: arrival.next });
  if (isKeepAlive(kind)) return [heard, [...arrival.notes, ...signs, ...shown]];
  return after([recordOf(m), ...arrival.notes, ...signs], taken(heard, m, kind, before, shown));
}

/** What is known of the sender when a message comes. */
interface Standing {
  /** It had not moved on. */
  readonly fresh: boolean;
  readonly known: boolean;
  /** The chat is, or was last, with it. */
  readonly owner: boolean;
}

function standing(state: AppSession, m: ReceivedMessage, kind: MessageKind): Standing {
  return {
    fresh: !isOvertaken(state.arrivals.counts, m, kind),
    known: countOf(state.arrivals.counts, m.sender) !== undefined,
    owner: m.sender === state.with,
  };
}

/**
 * 6.2.6: one 265 after each 266, from whoever is first, so that a chat has one PSAP; it counts on from the 266, which
 * tells it from a copy of an earlier one. Nobody but the PSAP the chat is with may hand it over, and no 266 or 274 counts
 * that its sender has left behind: it would stall an APP that nobody waits for.
 */
function takes(state: AppSession, m: ReceivedMessage, kind: MessageKind, sender: Standing): boolean {
  switch (kind) {
    case 'start':
      // Of two PSAPs that a start or a redirect has come to, the first one has the chat.
      return state.phase !== 'open' || sender.owner || m.replyTo === state.target;
    case 'start-transfer':
      if (state.phase !== 'transferring') return state.phase === 'open' && sender.owner;
      return (m.messageId ?? Infinity) > (state.stallId ?? 0) || !(sender.owner || sender.known);
    case 'stop-transfer':
    case 'stop-redirect':
      if (!sender.fresh) return false;
      if (state.phase === 'open' || state.phase === 'transferring') return sender.owner;
      return state.phase === 'starting' || state.phase === 'redirecting';
    default:
      return true;
  }
}

/** Not remembered: the same message may be taken another time. Its number counts where it is that of the next one. */
function refused(
  state: AppSession,
  m: ReceivedMessage,
  kind: MessageKind,
  { owner, known }: Standing,
): AppStep {
  const answer: SessionEffect[] = [note('refused-transfer'), { type: 'answer', status: 403 }];
  if (kind !== 'start-transfer' || (known && !owner)) return [state, answer];
  const arrival = arriveCounted(state.arrivals, { ...m, text: '' }, owner ? kind : 'start');
  const shown = effectsOf(state.arrivals, arrival, state.timing);
  return [{ ...state, arrivals: arrival.next }, [...answer, ...arrival.notes, ...shown]];
}

function taken(
  state: AppSession,
  m: ReceivedMessage,
  kind: MessageKind,
  before: Standing,
  shown: readonly SessionEffect[],
): AppStep {
  switch (kind) {
    case 'start':
      return started(state, m, before, shown);
    case 'start-transfer':
      // Whoever has the chat and is not sure of it is told so.
      if (state.phase === 'open') return [state, [note('repeated-start'), ...shown]];
      return opened(state, m, shown);
    case 'stop-transfer': {
      const next: AppSession = {
        ...withTarget(state, m),
        phase: 'transferring',
        with: m.sender,
        stallId: m.messageId,
      };
      return [next, [...shown, phase(next), ...timers(state, next), ...stallTimer(state)]];
    }
    case 'stop-redirect':
      return redirected(state, m, shown);
    case 'stop':
      if (state.phase === 'stopped') return [state, shown];
      return after(shown, ended(state, true));
    default: {
      const strange: SessionEffect[] = kind === 'in-chat' ? [] : [note('unknown-type')];
      // The PSAP's start may be late or lost: its Reply-To is what the chat needs.
      if (state.phase === 'starting' && m.replyTo !== undefined && before.fresh) {
        return opened(state, m, [note('no-start'), ...strange, ...shown]);
      }
      // It closed the chat, our last text crossed that and opened it again.
      if (state.phase === 'stopped' && state.stoppedByPsap && before.owner && before.fresh) {
        return opened(state, m, [note('reopened'), ...strange, ...shown]);
      }
      return [state, [...strange, ...shown]];
    }
  }
}

function started(
  state: AppSession,
  m: ReceivedMessage,
  { fresh, known, owner }: Standing,
  shown: readonly SessionEffect[],
): AppStep {
  switch (state.phase) {
    case 'starting':
      if (fresh) return opened(state, m, shown);
      break;
    case 'redirecting':
      // Not the greeting of the PSAP that sent us away.
      if (!owner || (m.messageId ?? Infinity) > (state.stallId ?? 0)) return opened(state, m, shown);
      break;
    case 'transferring':
      if (fresh && (owner || state.longStalled)) return opened(state, m, shown);
      break;
    case 'stopped':
      // The greeting of a PSAP may cross the stop of whoever gave up before it; a call-back comes later.
      if (m.callBack === true || (fresh && (known || (m.messageId ?? 1) > 1))) {
        return opened(state, m, [note('call-back'), ...shown]);
      }
      return [state, [note('after-stop'), ...shown]];
    default:
      break;
  }
  return [state, [note('repeated-start'), ...shown]];
}

function opened(state: AppSession, m: ReceivedMessage, shown: readonly SessionEffect[]): AppStep {
  const open: AppSession = {
    ...withTarget(state, m),
    phase: 'open',
    with: m.sender,
    longStalled: false,
    redirectId: undefined,
  };
  const [next, texts] = flush(open);
  const stall: SessionEffect[] = waitsForPsap(state) ? [{ type: 'cancel-timer', timer: 'stall' }] : [];
  return [next, [...shown, phase(next), ...timers(state, next), ...stall, ...texts]];
}

/** 6.2.7: a start to the PSAP the redirecting one names, telling it which one that was. */
function redirected(state: AppSession, m: ReceivedMessage, shown: readonly SessionEffect[]): AppStep {
  const from = state.target;
  const moved: AppSession = {
    ...withTarget(state, m),
    phase: 'redirecting',
    with: m.sender,
    stallId: m.messageId,
  };
  const [sending, sent] = message(
    moved,
    destination(moved),
    MessageType.startRedirect,
    state.introduction,
    from,
  );
  const next: AppSession = { ...sending, redirectId: sending.lastSent };
  return [next, [...shown, phase(next), ...timers(state, next), ...stallTimer(state), ...sent]];
}

function stallTimer(before: AppSession): SessionEffect[] {
  if (waitsForPsap(before)) return [];
  return [{ type: 'set-timer', timer: 'stall', ms: before.timing.stallMs ?? stallMs }];
}

function withTarget(state: AppSession, m: ReceivedMessage): AppSession {
  return { ...state, target: m.replyTo ?? state.target ?? m.sender };
}

function hear(state: AppSession): AppStep {
  if (!connected(state)) return [state, []];
  const again: SessionEffect[] = state.silent ? [note('heard-again')] : [];
  return [{ ...state, silent: false }, [...again, silenceTimer(state)]];
}
