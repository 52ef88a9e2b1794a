import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { Chat } from './chat.js';
import type { ChatArchive } from './chat-archive.js';
import type { IncomingMessage } from './incoming-message.js';
import type { LocationLook } from './location-look.js';
import type { MessageRecord } from './message-record.js';

/** Locations by reference, fetched after a message was answered and never before it. */
export class LocationFetch {
  constructor(
    private readonly o: {
      readonly look: LocationLook | undefined;
      readonly archive: ChatArchive;
      readonly clock: Clock;
      readonly logger: Logger;
      /** Shortest time between two looks at the location of one chat. */
      readonly intervalMs: number;
    },
  ) {}

  wanted(chat: Chat, message: IncomingMessage): boolean {
    if (!this.o.look || message.location.references.length === 0) return false;
    return this.o.clock.now() - chat.lookedAt >= this.o.intervalMs;
  }

  fetch(chat: Chat, record: MessageRecord, message: IncomingMessage): void {
    const { look, archive, clock, logger } = this.o;
    chat.lookedAt = clock.now();
    const uri = message.location.references[0];
    if (!look || uri === undefined) return;
    void look(uri)
      .then(async (found) => {
        if (found) await archive.located(record, found);
      })
      .catch((error: unknown) => {
        logger.warn('location not recorded', { callId: chat.callId, reason: messageOf(error) });
      });
  }
}
