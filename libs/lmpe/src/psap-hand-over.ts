import { messageKind } from './message-type.js';
import { worthAnotherAttempt } from './outbox.js';
import {
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
  if (state.phase !== 'open') return [state, [note('refused')]];
  const messageId = Math.max(1, state.lastSent);
  const sent = recordedSend(state, { messageType: MessageType.stopTransfer, messageId, text });
  const next: PsapSession = { ...state, claim: undefined, stall: { messageId, answered: false } };
  return after(sent, leave(next, 'transferring'));
}

/** 6.2.7: 274 under the number used last, its Reply-To being the target. */
export function redirect(state: PsapSession, target: string, text: string | undefined): PsapStep {
  if (state.phase !== 'open') return [state, [note('refused')]];
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
export function handedOver(state: PsapSession): PsapStep {
  const late = state.phase === 'open' && state.claim?.by === 'reactivate';
  if (state.phase !== 'transferring' && !late) return [state, [note('refused')]];
  return leave({ ...state, claim: undefined, stall: undefined }, 'handed-over');
}

/** 6.2.6: 265 under the number after that of the transferor. Asked for again, it is the same one. */
export function take(state: PsapSession, lastMessageId: number, text: string | undefined): PsapStep {
  const busy = state.phase === 'open' || state.phase === 'transferring';
  if (busy || state.testAnswer !== undefined) return [state, [note('refused')]];
  if (state.phase === 'taking' && state.claim) return [state, []];
  const messageId = Math.max(lastMessageId, state.lastSent) + 1;
  const next: PsapSession = {
    ...state,
    phase: 'taking',
    lastSent: messageId,
    stall: undefined,
    redirect: undefined,
    endedAt: undefined,
    claim: claimOf(messageId, text, 'take'),
  };
  const sent = recordedSend(next, { messageType: MessageType.startTransfer, messageId, text });
  return [
    next,
    [...sent, ...(state.phase === 'taking' ? [] : [{ type: 'phase', phase: 'taking' } as const])],
  ];
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
      if (!done) return [state, [note('stall-failed')]];
      return [{ ...state, stall: { ...state.stall, answered: true } }, [note('stalled')]];
    case 'start-transfer':
      if (!state.claim || state.claim.messageId !== messageId) return [state, []];
      if (done) return state.claim.by === 'take' ? open(state) : [{ ...state, claim: undefined }, []];
      return isRefusal(status) ? claimRefused(state, status) : [unanswered(state), []];
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

function claimRefused(state: PsapSession, status: number): PsapStep {
  const { claim } = state;
  if (!claim) return [state, []];
  if (claim.by === 'take') {
    const next: PsapSession = { ...state, claim: { ...claim, fate: 'refused' } };
    return state.phase === 'taking' ? after([note('transfer-lost')], leave(next, 'declined')) : [next, []];
  }
  const next: PsapSession = { ...state, claim: undefined };
  // An APP that never stalled refuses every 265: it has been with us all the time.
  if (status !== 403 || state.stall?.answered !== true || state.phase !== 'open') return [next, []];
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
  const known: PsapSession = { ...state, lastSent: Math.max(state.lastSent, messageId) };
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
      return [{ ...known, phase: 'transferring', claim: undefined, stall: { messageId, answered: false } }];
    case 'stop-redirect': {
      const target = m.replyTo;
      return [
        {
          ...known,
          phase: 'handed-over',
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
    case 'start':
      return [open(known)[0]];
    default: {
      const phase: PsapPhase = before.phase === 'waiting' ? 'open' : before.phase;
      return [{ ...known, phase }];
    }
  }
}

function claimOf(messageId: number, text: string | undefined, by: 'take' | 'reactivate') {
  return { messageId, by, fate: 'sent', ...(text !== undefined && { text }) } as const;
}
