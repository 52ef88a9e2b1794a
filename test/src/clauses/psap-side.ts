import { readIdentifiers } from '@esinet/lmpe';
import type { SipMessage } from '@esinet/sip';
import type { LoopbackAgent } from '@esinet/testing';
import * as chat from '../interop/chat-body.js';

/** What a bare caller sends, with a place in Madrid unless another is given. */
export function draft(
  callId: string,
  messageId: number,
  messageType: number,
  text = 'help',
  place = { latitude: 40.4168, longitude: -3.7038 },
) {
  const m = { callId, messageId, messageType, text, ...place };
  return {
    headers: [
      ...chat.callInfo(m).map((value) => ['Call-Info', value] as const),
      ['Geolocation', '<cid:place@provider.lab>'] as const,
    ],
    contentType: chat.contentType,
    body: chat.body(m),
  };
}

/** The messages of one chat that came to a bare user agent, those of one type where told. */
export function messagesOf(agent: LoopbackAgent, callId: string, type?: number): SipMessage[] {
  return agent.received
    .map(({ message }) => message)
    .filter((message) => message.values('Call-Info').some((value) => value.includes(callId)))
    .filter((message) => type === undefined || typeOf(message) === type);
}

export const typeOf = (message: SipMessage) => readIdentifiers(message.values('Call-Info')).messageType;
export const idOf = (message: SipMessage) => readIdentifiers(message.values('Call-Info')).messageId;
