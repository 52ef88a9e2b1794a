import { messageKind } from '@esinet/lmpe';
import type { UasAnswer } from '@esinet/sip';
import type { AlertDesk } from './alerts/alert-desk.js';
import type { Centre } from './centre.js';
import type { ChatDesk } from './chat-desk.js';
import type { IncomingMessage } from './incoming-message.js';
import { alertErrorHeader } from './reading/alert.js';
import type { TestDesk } from './tests/test-desk.js';

/** Which desk a MESSAGE is for: that of test calls, that of alerts, or that where people talk. */
export async function received(
  message: IncomingMessage,
  named: Centre | undefined,
  desks: {
    readonly chats: Pick<ChatDesk, 'take' | 'knows'>;
    readonly alerts: Pick<AlertDesk, 'take'>;
    readonly tests: Pick<TestDesk, 'take' | 'owns'>;
    readonly fallback: Centre;
  },
): Promise<UasAnswer> {
  const centre = named ?? desks.fallback;
  if (desks.tests.owns(message) && !isOfRealChat(message, desks.chats)) {
    return { status: await desks.tests.take(message, centre) };
  }
  if (message.alert && isNonInteractive(message, desks.chats)) return desks.alerts.take(message, centre);
  const answer = await desks.chats.take(message, named);
  const error = message.alert?.error;
  // RFC 8876 5.2: the message is taken, its sender hears that the alert in it was bad.
  return error && answer.status < 300 ? { ...answer, headers: [alertErrorHeader(error)] } : answer;
}

/** A client that marks a message of a chat of people as a test: what they write still reaches the other one. */
function isOfRealChat(message: IncomingMessage, chats: Pick<ChatDesk, 'knows'>): boolean {
  const { callId, messageType } = message.identifiers;
  if (callId === undefined || messageKind(messageType) === 'start') return false;
  return chats.knows(callId);
}

/**
 * RFC 8876 4.3: no session, unless a start with a Call Identifier asks for one or it comes within one. Only memory is
 * asked: to search the records for every identifier that a stranger makes up would be a way to keep them busy.
 */
function isNonInteractive(message: IncomingMessage, chats: Pick<ChatDesk, 'knows'>): boolean {
  const { callId, messageType } = message.identifiers;
  if (callId === undefined || messageType === undefined) return true;
  const kind = messageKind(messageType);
  return kind !== 'start' && kind !== 'start-redirect' && !chats.knows(callId);
}
