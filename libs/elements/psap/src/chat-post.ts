import type { Clock, Logger } from '@esinet/kernel';
import { messageOf } from '@esinet/kernel';
import { Outbox, type OutgoingMessage, type SendOutcome, isDelivered, isKeepAlive } from '@esinet/lmpe';
import type { Chat } from './chat.js';
import type { ChatArchive } from './chat-archive.js';
import type { DeskWatcher } from './desk-watcher.js';
import { type MessageRecord, ids, kindOf } from './message-record.js';

export interface ChatPostOptions {
  readonly archive: ChatArchive;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly watcher: DeskWatcher;
  /** Sends of one message, the first included. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly send: (chat: Chat, message: OutgoingMessage) => Promise<SendOutcome>;
  /** What became of a message of ours: its last status, 0 if there was no answer. */
  readonly onOutcome: (chat: Chat, message: OutgoingMessage, status: number) => void;
  /** The same, once it is recorded. */
  readonly onRecorded: (chat: Chat, record: MessageRecord) => void;
}

/** Messages of ours on their way to the caller. */
export class ChatPost {
  constructor(private readonly o: ChatPostOptions) {}

  /** `chat` is asked when something is sent: it does not exist yet. */
  outbox(chat: () => Chat): Outbox {
    return new Outbox({
      send: (message) => this.o.send(chat(), message),
      clock: this.o.clock,
      attempts: this.o.attempts,
      firstPauseMs: this.o.firstPauseMs,
      onOutcome: (message, outcome, attempts) => this.#sent(chat(), message, outcome, attempts),
    });
  }

  post(chat: Chat, m: Partial<OutgoingMessage>): void {
    if (m.messageType === undefined) return;
    const kind = kindOf(m.messageType);
    const name = nameOf(m);
    if (name !== undefined) {
      // Asked for again before its outcome is known: once is enough.
      if (chat.underWay.has(name)) return;
      chat.underWay.add(name);
    }
    const message: OutgoingMessage = {
      to: chat.origin.caller,
      messageType: m.messageType,
      ...(m.messageId !== undefined && { messageId: m.messageId }),
      ...(m.text !== undefined && { text: m.text }),
      ...(m.replyTo !== undefined && { replyTo: m.replyTo }),
      ...(m.callBack !== undefined && { callBack: m.callBack }),
      keepAlive: isKeepAlive(kind),
    };
    // TS 103 698 6.2.2: the 200 of the step that caused it goes first.
    setImmediate(() => chat.outbox.push(message));
    this.o.watcher.message(chat, { direction: 'out', kind, ...ids(m) });
  }

  #sent(chat: Chat, message: OutgoingMessage, outcome: SendOutcome, attempts: number): void {
    const { logger, watcher, archive } = this.o;
    const delivered = isDelivered(outcome);
    const { messageType, messageId } = message;
    if (!delivered) {
      watcher.note(chat, 'undelivered');
      logger.warn('message not delivered', {
        callId: chat.callId,
        messageType,
        ...(messageId !== undefined && { messageId }),
        attempts,
        outcome: outcome.kind === 'answered' ? outcome.status : outcome.reason,
      });
    }
    const status = outcome.kind === 'answered' ? outcome.status : 0;
    chat.underWay.delete(nameOf(message) ?? '');
    this.o.onOutcome(chat, message, status);
    if (messageId === undefined) return;
    const key = {
      chat: chat.id,
      direction: 'out',
      sender: chat.centre.uri,
      messageType,
      messageId,
      reference: '',
    } as const;
    // Worth keeping, but nothing depends on it.
    archive.delivered(key, delivered ? 'delivered' : 'failed', status, chat.tenure).then(
      (record) => record && this.o.onRecorded(chat, record),
      (error: unknown) =>
        logger.warn('delivery not recorded', { callId: chat.callId, reason: messageOf(error) }),
    );
  }
}

function nameOf(m: { readonly messageType?: number; readonly messageId?: number }): string | undefined {
  return m.messageId === undefined ? undefined : `${m.messageType ?? ''}/${m.messageId}`;
}
