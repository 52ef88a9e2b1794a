import { type Logger, messageOf } from '@esinet/kernel';
import { type Lookups, type Wanted, withFindings } from './attachments/lookups.js';
import type { Chat } from './chat.js';
import type { ChatArchive } from './chat-archive.js';
import type { IncomingMessage } from './incoming-message.js';
import type { MessageRecord } from './message-record.js';

/** Locations and additional data by reference, fetched after a message was answered and added to its record. */
export class LocationFetch {
  readonly #wanted = new WeakMap<IncomingMessage, Wanted>();

  constructor(
    private readonly o: {
      readonly lookups: Lookups;
      readonly archive: ChatArchive;
      readonly logger: Logger;
      /** The record has more in it than before. */
      readonly onFound: (chat: Chat, record: MessageRecord) => void;
    },
  ) {}

  wanted(chat: Chat, message: IncomingMessage): boolean {
    const wanted = this.o.lookups.wanted(chat, message);
    if (wanted) this.#wanted.set(message, wanted);
    return wanted !== undefined;
  }

  fetch(chat: Chat, record: MessageRecord, message: IncomingMessage): void {
    const wanted = this.#wanted.get(message);
    if (wanted) void this.#fetch(chat, record, wanted);
  }

  async #fetch(chat: Chat, record: MessageRecord, wanted: Wanted): Promise<void> {
    const { lookups, archive, logger, onFound } = this.o;
    try {
      const found = await lookups.find(chat, wanted);
      if (found.locations.length + found.data.length === 0) return;
      // In the queue of the chat: whoever else adds to the record must not lose this, nor this lose theirs.
      const amended = await chat.enqueue(() =>
        archive.amend(record, (current) => withFindings(current, found), chat.tenure),
      );
      if (amended) onFound(chat, amended);
    } catch (error) {
      logger.warn('location not recorded', { callId: chat.callId, reason: messageOf(error) });
    }
  }
}
