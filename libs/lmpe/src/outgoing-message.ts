import { isKeepAlive, messageKind } from './message-type.js';
import type { SessionEffect } from './session-effect.js';

export interface OutgoingMessage {
  readonly to: string;
  readonly messageType: number;
  readonly messageId?: number;
  readonly text?: string;
  /** Sent once and forgotten, and not at all while something else waits. */
  readonly keepAlive: boolean;
  /** As in SessionEffect. */
  readonly withLocation?: boolean;
  readonly historyInfo?: string;
  readonly replyTo?: string;
  readonly callBack?: 'incident' | 'plain';
}

/** What a session wants sent, for the outbox. */
export function outgoingOf(effect: Extract<SessionEffect, { type: 'send' }>): OutgoingMessage {
  const { type: _type, ...message } = effect;
  return { ...message, keepAlive: isKeepAlive(messageKind(effect.messageType)) };
}
