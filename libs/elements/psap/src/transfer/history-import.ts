import type { ChatHistory, HistoryMessage } from '@esinet/chat-transfer';
import { type Clock, isoTime } from '@esinet/kernel';
import { psapSession } from '@esinet/lmpe';
import type { Limits, Records } from '@esinet/platform';
import type { Centre, Centres } from '../centre.js';
import type { Chat } from '../chat.js';
import type { ChatArchive } from '../chat-archive.js';
import type { ChatSteps } from '../chat-steps.js';
import type { Chats } from '../chats.js';
import { type MessageRecord, chatIdOf, recordKey } from '../message-record.js';
import { keepHistoryNotes } from '../takers/history-notes.js';
import { importedEvent, importedRecord } from './imported-record.js';

/** Records written at once: many of them must not crowd out those of other chats. */
const portion = 200;

/** Brings the history of a chat from another PSAP into the records: what is new of it, however often it comes. */
export class HistoryImport {
  constructor(
    private readonly o: {
      readonly records: Records;
      readonly chats: Chats;
      readonly centres: Centres;
      readonly messages: ChatArchive;
      readonly steps: ChatSteps;
      readonly clock: Clock;
      readonly limits?: Pick<Limits, 'xml'>;
    },
  ) {}

  /** Durable when it resolves. @throws RecordsError */
  async merge(
    history: ChatHistory,
    o: { readonly callId: string; readonly centre: Centre; readonly from: string; readonly transfer: string },
  ): Promise<Chat> {
    const id = chatIdOf(o.callId, o.centre.id, history.Sender);
    const chat = await this.o.chats.taken(id, o.callId, () => ({
      version: 1,
      chat: id,
      callId: o.callId,
      centre: o.centre.id,
      caller: history.AppUri,
      sender: history.Sender,
      ...(history.Service !== undefined && { service: history.Service }),
      test: false,
      startedAt: isoTime(this.o.clock.wall()),
      phase: 'taking',
      madeUp: false,
      transferredFrom: o.from,
      transferIn: o.transfer,
      ...(history.IncidentId !== undefined && { incident: history.IncidentId }),
      ...(history.Languages && { languages: history.Languages }),
    }));
    if (history.Notes) {
      await keepHistoryNotes(this.o.records, id, history.Notes, {
        from: o.from,
        wallMs: this.o.clock.wall(),
      });
    }
    await chat.enqueue(async () => {
      const known = chat.recorded ? await this.o.messages.messages(chat.id) : [];
      if (!chat.recorded) await this.#begin(chat, history, o.from);
      else await this.#add(chat, this.#unknown(chat, history, known), o.from);
    });
    return chat;
  }

  /** All of it, then the chat: a chat that is in the records has its history. */
  async #begin(chat: Chat, history: ChatHistory, from: string): Promise<void> {
    const { clock, messages, limits, steps } = this.o;
    let state = chat.state;
    const made: MessageRecord[] = [];
    for (const message of history.Messages) {
      if (message.Direction === 'in') [state] = psapSession(state, importedEvent(message));
      made.push(importedRecord(chat, message, { from, wallMs: clock.wall(), ...(limits && { limits }) }));
    }
    for (let i = 0; i < made.length; i += portion) await messages.write(chat, made.slice(i, i + portion));
    await messages.write(chat, [], 'taking');
    chat.recorded = true;
    chat.state = state;
    steps.tellChat(chat);
  }

  /** What came to the other PSAP after it let go: people here see it as it comes. */
  async #add(chat: Chat, fresh: readonly HistoryMessage[], from: string): Promise<void> {
    const { clock, messages, limits, steps } = this.o;
    for (const message of fresh) {
      const make = (marks: readonly string[] = []): MessageRecord =>
        importedRecord(chat, message, { from, wallMs: clock.wall(), marks, ...(limits && { limits }) });
      if (message.Direction === 'in') await steps.step(chat, importedEvent(message), { make });
      else await messages.write(chat, [make()]);
    }
  }

  #unknown(chat: Chat, history: ChatHistory, known: readonly MessageRecord[]): HistoryMessage[] {
    const keys = new Map<string, MessageRecord[]>();
    for (const record of known) {
      const key = recordKey(record);
      keys.set(key, [...(keys.get(key) ?? []), record]);
    }
    const own = new Set(
      known.flatMap((r) =>
        r.direction === 'out' && r.imported === undefined ? [`${r.messageType}/${r.messageId}`] : [],
      ),
    );
    return history.Messages.filter((m) => {
      // What this centre said itself comes back when a chat does.
      const ours = m.Direction === 'out' && this.o.centres.at(m.Sender)?.id === chat.centre.id;
      if (ours && own.has(`${m.MessageType}/${m.MessageId}`)) return false;
      const key = recordKey({
        chat: chat.id,
        direction: m.Direction,
        sender: m.Sender,
        reference: m.Reference,
        ...(m.MessageId !== undefined && { messageId: m.MessageId }),
        ...(m.MessageType !== undefined && { messageType: m.MessageType }),
      });
      const copies = keys.get(key) ?? [];
      // A text that was left out for its size is no other message.
      return !copies.some(
        (r) => m.Text === undefined || r.text === undefined || (r.text === m.Text && r.content === m.Content),
      );
    });
  }
}
