import { type ReceivedMessage, arrive, isDuplicate } from './arrivals.js';
import { isOvertaken } from './message-count.js';
import { type MessageKind, isKeepAlive, messageKind } from './message-type.js';
import {
  type PsapSession,
  type PsapStep,
  after,
  claimAgain,
  leave,
  message,
  open,
  redirectAgain,
} from './psap-state.js';
import { effectsOf, recordOf } from './received-effects.js';
import { MessageType } from './registry.js';
import { type SessionEffect, heartbeatsIntoSilence, note } from './session-effect.js';

export function received(state: PsapSession, m: ReceivedMessage): PsapStep {
  const kind = messageKind(m.messageType);
  if (!isKeepAlive(kind) && isDuplicate(state.arrivals, m)) return repeated(state, m);
  // Read before the message itself is counted.
  const fresh = !isOvertaken(state.arrivals.counts, m, kind);
  const arrival = arrive(state.arrivals, m);
  const shown = effectsOf(state.arrivals, arrival, state.timing);
  if (m.imported === true) {
    return [{ ...state, arrivals: arrival.next }, [recordOf(m), ...arrival.notes, ...shown]];
  }
  const [heard, signs] = hear({ ...state, arrivals: arrival.next });
  const before: SessionEffect[] = [recordOf(m), ...arrival.notes, ...signs];
  if (isKeepAlive(kind)) return after(before, keptAlive(heard, kind, shown));
  return after(before, said(heard, m, { kind, fresh, shown }));
}

function repeated(state: PsapSession, m: ReceivedMessage): PsapStep {
  const [heard, signs] = m.imported === true ? [state, []] : hear(state);
  const effects: SessionEffect[] = [{ type: 'note', note: 'duplicate' }, ...signs];
  return m.imported === true ? [heard, effects] : after(effects, askAgain(heard));
}

interface Said {
  readonly kind: MessageKind;
  /** Its sender had not moved on when it came. */
  readonly fresh: boolean;
  readonly shown: readonly SessionEffect[];
}

function said(state: PsapSession, m: ReceivedMessage, { kind, fresh, shown }: Said): PsapStep {
  const starts = kind === 'start' || kind === 'start-redirect';
  if (starts && (fresh || state.phase === 'open' || state.phase === 'waiting')) {
    const again: SessionEffect[] = state.phase === 'waiting' ? [] : [note('repeated-start')];
    return greeted(state, [...again, ...shown], kind === 'start-redirect' || isElsewhere(state));
  }
  const strange: SessionEffect[] = expected(kind) ? [] : [note('unknown-type')];
  switch (state.phase) {
    case 'handed-over':
      return after(
        [note('after-hand-over'), ...strange, ...shown],
        kind === 'stop' ? [state, []] : askAgain(state),
      );
    case 'closed': {
      const older = m.messageId !== undefined && state.endedAt !== undefined && m.messageId < state.endedAt;
      if (kind === 'stop' || starts || older) return [state, [...strange, ...shown]];
      return after([note('reopened'), ...strange, ...shown], open(state));
    }
    case 'waiting':
      if (kind === 'stop') return after(shown, ended(state, m));
      return greeted(state, [note('no-start'), ...strange, ...shown]);
    case 'taking':
    case 'declined':
      if (kind === 'stop') return after(shown, ended(state, m));
      // Nobody who has not agreed writes to us; but where the chat was ours before it may be meant for that time.
      if (fresh && state.had !== true && (state.claim || state.phase === 'declined'))
        return after([...strange, ...shown], open(state));
      return after([...strange, ...shown], askAgain(state));
    case 'open':
    case 'transferring':
      if (kind === 'stop') return after(shown, ended(state, m));
      return [state, [...strange, ...shown]];
  }
}

/** 6.2.5. A keep-alive may be the first thing that is heard of a chat, if this side lost its memory. */
function keptAlive(state: PsapSession, kind: MessageKind, shown: readonly SessionEffect[]): PsapStep {
  const inactive = kind === 'inactive';
  const change: SessionEffect[] = inactive === state.inactive ? [] : [note(inactive ? 'inactive' : 'active')];
  const current: PsapSession = { ...state, inactive };
  const effects = [...change, ...shown];
  return after(
    effects,
    current.phase === 'waiting' ? greeted(current, [note('no-start')]) : askAgain(current),
  );
}

/**
 * 6.2.2: the automatic first message, which tells the APP where the chat goes on. `claim`: it may have found another PSAP
 * by now, which it would say.
 */
function greeted(state: PsapSession, effects: readonly SessionEffect[], claim = false): PsapStep {
  if (state.testAnswer !== undefined) {
    const [ended, answer] = message(state, MessageType.stop, state.testAnswer);
    return after([...effects, ...answer], leave(ended, 'closed'));
  }
  const [next, sent] = message(state, MessageType.start, state.greeting);
  const [opened, changes] = open(next);
  const asked = {
    messageType: MessageType.start,
    messageId: next.lastSent,
    text: state.greeting,
    by: 'greet',
    fate: 'sent',
  } as const;
  return [claim ? { ...opened, claim: asked } : opened, [...effects, ...sent, ...changes]];
}

/** The chat was, or is being, given away. */
function isElsewhere({ phase }: PsapSession): boolean {
  return phase === 'handed-over' || phase === 'transferring' || phase === 'taking' || phase === 'declined';
}

function ended(state: PsapSession, m: ReceivedMessage): PsapStep {
  return leave({ ...state, claim: undefined, stall: undefined, endedAt: m.messageId }, 'closed');
}

/** Heard of an APP whose chat may be here or elsewhere: it is asked, and its answer counts. */
function askAgain(state: PsapSession): PsapStep {
  if (state.replaying === true) return [state, []];
  return state.phase === 'handed-over' && state.redirect ? redirectAgain(state) : claimAgain(state);
}

function hear(state: PsapSession): PsapStep {
  const next: PsapSession = { ...state, silent: false, unheard: 0 };
  if (state.phase !== 'open') return [next, []];
  const effects: SessionEffect[] = state.silent ? [note('heard-again')] : [];
  if (state.unheard >= heartbeatsIntoSilence) {
    effects.push({ type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs });
  }
  effects.push({ type: 'set-timer', timer: 'silence', ms: state.timing.silenceMs });
  return [next, effects];
}

/** What an APP may send (6.2). */
function expected(kind: MessageKind): boolean {
  return kind === 'start' || kind === 'stop' || kind === 'in-chat' || kind === 'start-redirect';
}
