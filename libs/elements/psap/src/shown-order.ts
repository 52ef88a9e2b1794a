import { type Logger, messageOf } from '@esinet/kernel';
import type { SessionEffect } from '@esinet/lmpe';
import type { Chat } from './chat.js';
import type { ChatArchive } from './chat-archive.js';
import type { MessageRecord } from './message-record.js';

/** Notes of a step that say something of the message that came in it. */
const marking: ReadonlySet<string> = new Set([
  'late',
  'reused-id',
  'unknown-type',
  'no-start',
  'repeated-start',
  'reopened',
  'after-hand-over',
]);

export function marksOf(effects: readonly SessionEffect[]): string[] {
  return effects.flatMap((effect) =>
    effect.type === 'note' && marking.has(effect.note) ? [effect.note] : [],
  );
}

/** Texts in the order in which the session lets them be seen: one behind a hole waits (TS 103 698 6.2.3). */
export class ShownOrder {
  constructor(
    private readonly show: (chat: Chat, record: MessageRecord) => void,
    private readonly o: { readonly archive: ChatArchive; readonly logger: Logger },
  ) {}

  tell(chat: Chat, made: readonly MessageRecord[], effects: readonly SessionEffect[]): void {
    const untold = new Set(made);
    const waits = effects.some((effect) => effect.type === 'note' && effect.note === 'held');
    for (const record of made) {
      if (record.direction !== 'in' || !waits) continue;
      chat.held.set(record.reference, record);
      untold.delete(record);
    }
    for (const effect of effects) {
      if (effect.type !== 'show') continue;
      const own = made.find((r) => r.direction === 'in' && r.reference === effect.reference);
      const record = own ?? chat.held.get(effect.reference);
      if (!record) continue;
      untold.delete(record);
      chat.held.delete(effect.reference);
      this.show(chat, effect.mark === 'gap' && !own ? this.#marked(chat, record, effect.mark) : record);
    }
    for (const record of untold) this.show(chat, record);
  }

  /** Written when there is time for it: nobody's answer waits. */
  #marked(chat: Chat, record: MessageRecord, mark: string): MessageRecord {
    const marked = { ...record, marks: [...(record.marks ?? []), mark] };
    chat
      .enqueue(() =>
        this.o.archive.amend(
          record,
          (current) => ({ ...current, marks: [...(current.marks ?? []), mark] }),
          chat.tenure,
        ),
      )
      .catch((error: unknown) =>
        this.o.logger.warn('mark not recorded', { callId: chat.callId, reason: messageOf(error) }),
      );
    return marked;
  }
}
