import type { RecordWrite, Records } from '@esinet/platform';
import type { Chat } from './chat.js';
import { isOver } from './chat-index.js';
import type { Ingress } from './ingress.js';
import {
  type ChatRecord,
  type MessageRecord,
  collections,
  isChatRecord,
  isMessageRecord,
  recordKey,
  reusedKey,
  sameMessage,
} from './message-record.js';
import { callKey, senderKey } from './pods/call-key.js';
import type { Tenure } from './pods/tenure.js';

/** Chats looked through for a Call Identifier that is not in memory. */
const searched = 1_000;

/** Chats looked through for those somebody asked for. */
const lookedThrough = 10_000;

/** Records read at a time. */
const page = 1_000;

/** Chats read beside each other. */
const atOnce = 100;

/** What is kept of chats. Every method rejects with RecordsError when the records fail. */
export class ChatArchive {
  constructor(
    private readonly records: Records,
    private readonly ingress: Ingress,
  ) {}

  /** Everything of one step goes into the same sync of the disk, whole or not at all. `phase` if it is new. */
  async write(chat: Chat, made: readonly MessageRecord[], phase?: Chat['state']['phase']): Promise<void> {
    const { tenure } = chat;
    const taken = made.length === 0 ? undefined : await this.ingress.take(made.length);
    const numbered = made.map((record, i) => ({ ...record, ingress: (taken?.first ?? 0) + i }));
    const appends = numbered.map((record) => append(recordKey(record), record));
    const ahead = taken?.writes ?? [];
    const writes = [...appends, ...(phase === undefined ? [] : ofChat(chat, phase)), ...ahead];
    const outcomes = await tenure.write(this.records, writes);
    this.ingress.stored(ahead);
    for (const [i, record] of numbered.entries()) {
      if (outcomes[i] !== 'duplicate') continue;
      const key = recordKey(record);
      const before = await this.records.get(collections.messages, key);
      if (isMessageRecord(before) && sameMessage(before, record)) continue;
      await tenure.write(this.records, [append(reusedKey(key, record), record)]);
    }
  }

  async chat(id: string): Promise<ChatRecord | undefined> {
    const value = await this.records.get(collections.chats, id.slice(0, 128) || '-');
    return isChatRecord(value) ? value : undefined;
  }

  async put(chat: ChatRecord, tenure: Tenure): Promise<void> {
    await tenure.write(this.records, [put(collections.chats, chat.chat, chat)]);
  }

  /** Of one call or one sender, by its key: where several processes share the records. */
  async ofCall(key: string): Promise<ChatRecord[]> {
    const found: ChatRecord[] = [];
    for await (const { value } of this.#pages(collections.byCall, { prefix: `${key}/` })) {
      const chat = await this.chat(String(value));
      if (chat) found.push(chat);
    }
    return found;
  }

  /** Newest first: the wanted ones among the newest, at most so many. */
  async list(limit: number, wanted: (chat: ChatRecord) => boolean = () => true): Promise<ChatRecord[]> {
    const found: ChatRecord[] = [];
    const seen = new Set<string>();
    const step = Math.min(page, Math.max(limit, 100));
    let after: string | undefined;
    for (let looked = 0; found.length < limit && looked < lookedThrough; looked += step) {
      const keys = await this.records.list(collections.byTime, {
        reverse: true,
        limit: step,
        ...(after !== undefined && { after }),
      });
      const chats = await Promise.all(keys.map(({ value }) => this.chat(String(value))));
      // One that was begun at two moments, by two who did not know of each other, is still one.
      for (const chat of chats) {
        if (!chat || seen.has(chat.chat)) continue;
        seen.add(chat.chat);
        if (wanted(chat)) found.push(chat);
      }
      after = keys.at(-1)?.key;
      if (keys.length < step) break;
    }
    return found.slice(0, limit);
  }

  /** By the chat's own identifier or its Call Identifier, the newest of several. */
  async find(id: string): Promise<ChatRecord | undefined> {
    return (await this.chat(id)) ?? (await this.list(searched)).find((chat) => chat.callId === id);
  }

  async messages(chat: string): Promise<MessageRecord[]> {
    const all: MessageRecord[] = [];
    for await (const { value } of this.#pages(collections.messages, { prefix: `${chat}/` })) {
      if (isMessageRecord(value)) all.push(value);
    }
    return all.sort(orderOf(all));
  }

  /** Chats that were not ended, the newest first, started at `since` (RFC 3339) or later. */
  async *openSince(since: string): AsyncGenerator<ChatRecord> {
    for (let after: string | undefined; ;) {
      const keys = await this.records.list(collections.byTime, {
        reverse: true,
        limit: atOnce,
        ...(after !== undefined && { after }),
      });
      const recent = keys.filter(({ key }) => key >= since);
      const chats = await Promise.all(recent.map(({ value }) => this.chat(String(value))));
      for (const chat of chats) if (chat && !isOver(chat.phase)) yield chat;
      after = keys.at(-1)?.key;
      if (recent.length < atOnce) return;
    }
  }

  /** What became of a message of ours. */
  async delivered(
    message: Parameters<typeof recordKey>[0],
    delivery: NonNullable<MessageRecord['delivery']>,
    status: number,
    tenure: Tenure,
  ): Promise<MessageRecord | undefined> {
    const key = recordKey(message);
    const record = await this.records.get(collections.messages, key);
    if (!isMessageRecord(record)) return undefined;
    const told: MessageRecord = { ...record, delivery, status };
    await tenure.write(this.records, [put(collections.messages, key, told)]);
    return told;
  }

  /** Adds to a message that is recorded what became known of it later. Gives what is recorded then. */
  async amend(
    record: MessageRecord,
    change: (current: MessageRecord) => MessageRecord,
    tenure: Tenure,
  ): Promise<MessageRecord | undefined> {
    const own = recordKey(record);
    for (const key of [own, reusedKey(own, record)]) {
      const current = await this.records.get(collections.messages, key);
      if (!isMessageRecord(current) || current.sequence !== record.sequence) continue;
      const changed = change(current);
      await tenure.write(this.records, [put(collections.messages, key, changed)]);
      return changed;
    }
    return undefined;
  }

  async *#pages(
    collection: string,
    o: { readonly prefix?: string; readonly reverse?: boolean },
  ): AsyncGenerator<{ key: string; value: unknown }> {
    for (let after: string | undefined; ;) {
      const found = await this.records.list(collection, {
        ...o,
        limit: page,
        ...(after !== undefined && { after }),
      });
      yield* found;
      after = found.at(-1)?.key;
      if (found.length < page) return;
    }
  }
}

function ofChat(chat: Chat, phase: Chat['state']['phase']): RecordWrite[] {
  const { id, callId, origin, tenure } = chat;
  const writes = [put(collections.chats, id, chat.record(phase))];
  if (chat.recorded) return writes;
  writes.push(entry(collections.byTime, `${origin.startedAt}/${id}`, id));
  if (!tenure.fence) return writes;
  writes.push(entry(collections.byCall, `${callKey(callId)}/${id}`, id));
  if (origin.madeUp) writes.push(entry(collections.byCall, `${senderKey(origin.sender)}/${id}`, id));
  return writes;
}

/**
 * As their one writer counted them. Two that each believed to be the one, while bus, store and records were away, counted
 * beside each other: then by the clock.
 */
function orderOf(all: readonly MessageRecord[]): (a: MessageRecord, b: MessageRecord) => number {
  const counted = new Set(all.map(({ sequence }) => sequence)).size === all.length;
  return (a, b) => {
    if (!counted && a.at !== b.at) return a.at < b.at ? -1 : 1;
    return a.sequence - b.sequence;
  };
}

function append(key: string, value: MessageRecord): RecordWrite {
  return { kind: 'append', collection: collections.messages, key, value };
}

function entry(collection: string, key: string, value: string): RecordWrite {
  return { kind: 'append', collection, key, value };
}

function put(collection: string, key: string, value: unknown): RecordWrite {
  return { kind: 'put', collection, key, value };
}
