import type { ReceivedMessage } from './arrivals.js';
import { messageKind } from './message-type.js';
import type { SessionEffect } from './session-effect.js';

/** Every message that is taken in is recorded, whatever it is. */
export function recordOf(m: ReceivedMessage): SessionEffect {
  return {
    type: 'record',
    direction: 'in',
    ...(m.messageType !== undefined && { messageType: m.messageType }),
    ...(m.messageId !== undefined && { messageId: m.messageId }),
    ...(m.text !== undefined && { text: m.text }),
  };
}

/** What a person gets to read of it, if anything. */
export function showOf(m: ReceivedMessage): SessionEffect[] {
  if (m.text === undefined || m.text === '') return [];
  return [
    {
      type: 'show',
      sender: m.sender,
      kind: messageKind(m.messageType),
      text: m.text,
      ...(m.messageId !== undefined && { messageId: m.messageId }),
    },
  ];
}
