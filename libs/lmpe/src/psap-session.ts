import {
  declined,
  handedOver,
  outcome,
  reactivate,
  redirect,
  restored,
  take,
  transfer,
} from './psap-hand-over.js';
import { received } from './psap-received.js';
import {
  type PsapEvent,
  type PsapSession,
  type PsapStep,
  after,
  claimAgain,
  leave,
  message,
  open,
  showHeld,
  timers,
} from './psap-state.js';
import { MessageType } from './registry.js';
import { type SessionEffect, type SessionTimer, heartbeatsIntoSilence, note } from './session-effect.js';

export { type PsapEvent, type PsapPhase, type PsapSession, newPsapSession } from './psap-state.js';

/** TS 103 698 6.2.2 to 6.2.7, the PSAP. Any event may come at any time; a chat is closed by people only. */
export function psapSession(state: PsapSession, event: PsapEvent): PsapStep {
  switch (event.type) {
    case 'received':
      return received(state, event);
    case 'say':
      if (state.phase !== 'open') return [state, [note('refused')]];
      return message(state, MessageType.inChat, event.text);
    case 'stop': {
      if (state.phase !== 'open') return [state, [note('refused')]];
      const [next, sent] = message(state, MessageType.stop, event.text);
      return after(sent, leave({ ...next, endedAt: undefined }, 'closed'));
    }
    case 'call-back':
      return callBack(state, event.text, event.incident);
    case 'transfer':
      return transfer(state, event.text);
    case 'redirect':
      return redirect(state, event.target, event.text);
    case 'reactivate':
      return reactivate(state, event.text);
    case 'handed-over':
      return handedOver(state, event.messageId);
    case 'take':
      return take(state, event.lastMessageId, event.text);
    case 'decline':
      return declined(state);
    case 'outcome':
      return outcome(state, event.messageType, event.messageId, event.status);
    case 'timer':
      return timer(state, event.timer);
    case 'restored':
      return restored(state, event);
    case 'resumed':
      return resumed(state);
  }
}

/** 6.1.2.5: back to a caller whose chat is closed. */
function callBack(state: PsapSession, text: string, incident: boolean): PsapStep {
  if (state.phase !== 'closed') return [state, [note('refused')]];
  const [next, sent] = message(state, MessageType.start, text, { callBack: incident ? 'incident' : 'plain' });
  return after([...sent, note('call-back')], open(next));
}

function timer(state: PsapSession, name: SessionTimer): PsapStep {
  if (name === 'gap') return showHeld(state);
  if (state.phase !== 'open' || (name !== 'silence' && name !== 'heartbeat')) return [state, []];
  if (name === 'silence') return state.silent ? [state, []] : [{ ...state, silent: true }, [note('silent')]];
  if (state.unheard >= heartbeatsIntoSilence) return [state, [note('heartbeat-paused')]];
  // An APP that is with somebody else is not heard here: it is asked until it answers.
  const [next, asked] = state.claim?.fate === 'unanswered' ? claimAgain(state) : [state, [heartbeat(state)]];
  return [
    { ...next, unheard: state.unheard + 1 },
    [...asked, { type: 'set-timer', timer: 'heartbeat', ms: state.timing.heartbeatMs }],
  ];
}

function resumed(state: PsapSession): PsapStep {
  const again = state.redirect && { ...state.redirect, underWay: false };
  const [shown, texts] = showHeld({ ...state, redirect: again, replaying: undefined });
  const [next, claim] = shown.claim?.fate === 'unanswered' ? claimAgain(shown) : [shown, []];
  return [next, [...texts, ...claim, ...(next.phase === 'open' ? timers(next) : [])]];
}

function heartbeat(state: PsapSession): SessionEffect {
  return { type: 'send', to: state.caller, messageType: MessageType.heartbeat, withLocation: false };
}
