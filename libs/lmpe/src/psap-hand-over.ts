import { messageKind } from './message-type.js';
import { worthAnotherAttempt } from './outbox.js';
import {
  type Claim,
  type PsapEvent,
  type PsapPhase,
  type PsapSession,
  type PsapStep,
  after,
  leave,
  message,
  open,
  recordedSend,
} from './psap-state.js';
import { MessageType } from './registry.js';
import { note } from './session-effect.js';

/** 6.2.6: 266 under the number used last; nothing is sent after it. */
export function transfer(state: PsapSession, text: string | undefined): PsapStep {
  if (!mayLeave(state)) return [state, [note('refused')]];
  const messageId = Math.max(1, state.lastSent);
  const sent = recordedSend(state, { messageType: MessageType.stopTransfer, messageId, text });
  const stall = { messageId, ...(text !== undefined && { text }) };
  const next: PsapSession = { ...state, claim: undefined, stall };
  return after(sent, leave(next, 'transferring'));
}

/** 6.2.7: 274 under the number used last, its Reply-To being the target. */
export function redirect(state: PsapSession, target: string, text: string | undefined): PsapStep {
  if (!mayLeave(state)) return [state, [note('refused')]];
  const messageId = Math.max(1, state.lastSent);
  const sent = recordedSend(state, {
    messageType: MessageType.stopRedirect,
    messageId,
    text,
    replyTo: target,
  });
  const said = text === undefined ? {} : { text };
  const next: PsapSession = {
    ...state,
    claim: undefined,
    redirect: { messageId, target, ...said, underWay: true },
  };
  return after(sent, leave(next, 'handed-over'));
}

/** As long as the APP has not agreed that the chat is ours, it is not ours to give away. */
function mayLeave(state: PsapSession): boolean {
  return state.phase === 'open' && state.claim === undefined;
}

/** 6.3.3: 265 from the transferor itself. The chat is ours at once; if the APP refuses it, somebody else was first. */
export function reactivate(state: PsapSession, text: string | undefined): PsapStep {
  if (state.phase !== 'transferring') return [state, [note('refused')]];
  const [next, sent] = message(state, MessageType.startTransfer, text);
  const [opened, effects] = open(next);
  return [
    { ...opened, stall: state.stall, claim: claimOf(next.lastSent, text, 'reactivate') },
    [...sent, ...effects],
  ];
}

/** The transferee has it. Its answer may come when the chat is already claimed back: it has it all the same. */
export function handedOver(state: PsapSession, messageId: number | undefined): PsapStep {
  const late = state.phase === 'open' && state.claim?.by === 'reactivate';
  const other = messageId !== undefined && state.stall !== undefined && messageId !== state.stall.messageId;
  if ((state.phase !== 'transferring' && !late) || other) return [state, [note('refused')]];
  return leave({ ...state, claim: undefined, stall: undefined }, 'handed-over');
}

/**
 * 6.2.6: 265 under the number after that of the transferor. Asked for again, it is the same one. Whoever asks us to take
 * a chat that we think we have knows better, or is told so by the APP.
 */
export function take(state: PsapSession, lastMessageId: number, text: string | undefined): PsapStep {
  if (state.testAnswer !== undefined) return [state, [note('refused')]];
  if (state.phase === 'taking' && state.claim) return [state, []];
  const messageId = Math.max(lastMessageId, state.lastSent) + 1;
  const next: PsapSession = {
    ...state,
    lastSent: messageId,
    stall: undefined,
    redirect: undefined,
    endedAt: undefined,
    claim: claimOf(messageId, text, 'take'),
  };
  const sent = recordedSend(next, { messageType: MessageType.startTransfer, messageId, text });
  return state.phase === 'taking' ? [next, sent] : after(sent, leave(next, 'taking'));
}

/** Only as long as nothing was offered to the APP: after that it is the APP who decides. */
export function declined(state: PsapSession): PsapStep {
  if (state.phase !== 'taking' || state.claim) return [state, [note('refused')]];
  return leave(state, 'declined');
}

/** What became of a 265, 266 or 274 of ours. */
export function outcome(
  state: PsapSession,
  messageType: number,
  messageId: number | undefined,
  status: number,
): PsapStep {
  const done = status >= 200 && status < 300;
  switch (messageKind(messageType)) {
    case 'stop-transfer':
      if (!state.stall || state.stall.messageId !== messageId) return [state, []];
      if (done) return [{ ...state, stall: { ...state.stall, answered: true } }, [note('stalled')]];
      if (!isRefusal(status) || state.stall.answered === true) return [state, [note('stall-failed')]];
      return [{ ...state, stall: { ...state.stall, answered: false } }, [note('stall-failed')]];
    case 'start':
    case 'start-transfer':
      if (state.claim?.messageId !== messageId || state.claim?.messageType !== messageType)
        return [state, []];
      if (done) return state.phase === 'closed' ? [{ ...state, claim: undefined }, []] : open(state);
      return isRefusal(status) ? claimRefused(state, state.claim, status) : [unanswered(state), []];
    case 'stop-redirect': {
      if (!state.redirect || state.redirect.messageId !== messageId) return [state, []];
      // Whoever refuses to go elsewhere is still here.
      if (isRefusal(status) && state.phase === 'handed-over')
        return after([note('stall-failed')], open(state));
      return [{ ...state, redirect: { ...state.redirect, underWay: false } }, []];
    }
    default:
      return [state, []];
  }
}

/** Kept in mind: an APP that writes to us all the same is asked once more. */
function claimRefused(state: PsapSession, claim: Claim, status: number): PsapStep {
  const next: PsapSession = { ...state, claim: { ...claim, fate: 'refused' } };
  if (claim.by === 'take') {
    return state.phase === 'taking' ? after([note('transfer-lost')], leave(next, 'declined')) : [next, []];
  }
  if (state.phase !== 'open') return [next, []];
  if (status !== 403) return open(state);
  if (claim.by === 'reactivate' && state.stall) {
    // Which of the two it was cannot be told before the 266 has its answer.
    if (state.stall.answered === undefined) return [unanswered(state), []];
    // An APP that never stalled may refuse every 265: it has been with us all the time.
    if (!state.stall.answered) return open(state);
  }
  return after([note('transfer-lost')], leave({ ...next, stall: undefined }, 'handed-over'));
}

function unanswered(state: PsapSession): PsapSession {
  return state.claim ? { ...state, claim: { ...state.claim, fate: 'unanswered' } } : state;
}

/** A status that another attempt would not change. */
function isRefusal(status: number): boolean {
  return status >= 300 && !worthAnotherAttempt({ kind: 'answered', status });
}

/** What a message of ours in the records says about the chat. */
export function restored(state: PsapSession, m: Extract<PsapEvent, { type: 'restored' }>): PsapStep {
  const kind = messageKind(m.messageType);
  const messageId = m.messageId ?? 0;
  const known: PsapSession = {
    ...state,
    lastSent: Math.max(state.lastSent, messageId),
    replaying: true,
  };
  const [next] = phaseOf(known, state, kind, m);
  if (m.status === undefined) return [next, []];
  return [outcome(next, m.messageType, m.messageId, m.status)[0], []];
}

function phaseOf(
  known: PsapSession,
  before: PsapSession,
  kind: ReturnType<typeof messageKind>,
  m: Extract<PsapEvent, { type: 'restored' }>,
): readonly [PsapSession] {
  const messageId = m.messageId ?? 0;
  const said = m.text === undefined ? {} : { text: m.text };
  switch (kind) {
    case 'stop':
      return [{ ...known, phase: 'closed', endedAt: undefined }];
    case 'stop-transfer':
      return [
        { ...known, phase: 'transferring', had: true, claim: undefined, stall: { messageId, ...said } },
      ];
    case 'stop-redirect': {
      const target = m.replyTo;
      return [
        {
          ...known,
          phase: 'handed-over',
          had: true,
          claim: undefined,
          ...(target !== undefined && { redirect: { messageId, target, ...said, underWay: true } }),
        },
      ];
    }
    case 'start-transfer': {
      // A transferee's number is at least one more: the transferor that is claiming back counts from its own.
      const back = before.phase === 'transferring' && messageId === before.lastSent + 1;
      const claim = claimOf(messageId, m.text, back ? 'reactivate' : 'take');
      return [{ ...known, phase: back ? 'open' : 'taking', claim, stall: back ? known.stall : undefined }];
    }
    case 'start': {
      // It is the answer to what was replayed just now, and still has to be agreed to.
      const asked = before.claim?.by === 'greet' && before.claim.messageId === messageId;
      return [{ ...open(known)[0], claim: asked ? before.claim : undefined }];
    }
    default: {
      const phase: PsapPhase = before.phase === 'waiting' ? 'open' : before.phase;
      return [{ ...known, phase }];
    }
  }
}

function claimOf(messageId: number, text: string | undefined, by: 'take' | 'reactivate'): Claim {
  const messageType = MessageType.startTransfer;
  return { messageType, messageId, by, fate: 'sent', ...(text !== undefined && { text }) };
}
