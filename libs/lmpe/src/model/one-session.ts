import { type AppEvent, type AppSession, appSession, newAppSession } from '../app-session.js';
import type { ReceivedMessage } from '../arrivals.js';
import { type PsapEvent, type PsapSession, newPsapSession, psapSession } from '../psap-session.js';
import type { SessionEffect } from '../session-effect.js';

export const madrid = 'sip:madrid@esinet.lab';
export const toledo = 'sip:toledo@esinet.lab';
export const ana = 'sip:ana@provider.lab';
export const callId = 'urn:emergency:uid:callid:0123456789a:app.lab';

/** `257/1 text` from one of the three. */
export function from(sender: string, what: string, more: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const [numbers = '', ...words] = what.split(' ');
  const [type, id] = numbers.split('/');
  return {
    type: 'received',
    sender,
    messageType: Number(type),
    reference: what,
    ...(id !== undefined && { messageId: Number(id) }),
    ...(words.length > 0 && { text: words.join(' ') }),
    ...(sender !== ana && { replyTo: sender }),
    ...more,
  };
}

export function words(effects: readonly SessionEffect[]): string[] {
  return effects.flatMap((e) => {
    switch (e.type) {
      case 'send': {
        const extra = [e.replyTo, e.historyInfo, e.callBack].filter((x) => x !== undefined);
        return [['send', `${e.messageType}/${e.messageId ?? '-'}`, e.to, e.text, ...extra].join(' ')];
      }
      case 'show':
        return [['show', e.text, ...(e.mark === undefined ? [] : [e.mark])].join(' ')];
      case 'note':
        return [e.note];
      case 'answer':
        return [`answer ${e.status}`];
      case 'set-timer':
        return e.timer === 'gap' || e.timer === 'stall' ? [`${e.timer} ${e.ms}`] : [];
      default:
        return [];
    }
  });
}

export function app(...events: AppEvent[]): {
  state: AppSession;
  last: string[];
  effects: readonly SessionEffect[];
} {
  let state = newAppSession({ callId, service: 'urn:service:sos', introduction: 'Ana' });
  let effects: readonly SessionEffect[] = [];
  for (const event of events) [state, effects] = appSession(state, event);
  return { state, last: words(effects), effects };
}

export function psap(...events: PsapEvent[]): { state: PsapSession; last: string[] } {
  return continued(newPsapSession({ callId, caller: ana, greeting: 'hello' }), ...events);
}

export function taking(...events: PsapEvent[]): { state: PsapSession; last: string[] } {
  return continued(newPsapSession({ callId, caller: ana, greeting: 'hello', taking: true }), ...events);
}

export function continued(
  before: PsapSession,
  ...events: PsapEvent[]
): { state: PsapSession; last: string[] } {
  let state = before;
  let effects: readonly SessionEffect[] = [];
  for (const event of events) [state, effects] = psapSession(state, event);
  return { state, last: words(effects) };
}

export const opened: AppEvent[] = [{ type: 'start', text: 'help' }, from(madrid, '257/1 hello')];
export const outcome = (messageType: number, messageId: number, status: number): PsapEvent => ({
  type: 'outcome',
  messageType,
  messageId,
  status,
});
