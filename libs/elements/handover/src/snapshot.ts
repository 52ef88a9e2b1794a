import type { Records } from '@esinet/platform';
import type { Authorisation, Selector } from './model.js';
import { type MessageScope, scopeOf, selectorOf } from './selection.js';
import {
  type StoredChat,
  type StoredMessage,
  storedChatSchema,
  storedMessageSchema,
} from './stored-chats.js';

/** The narrow view of the chat service's records: reading, and of these collections only. */
export type RecordsView = Pick<Records, 'get' | 'list'>;

/** One message that an order is about, frozen as it was recorded. */
export interface FrozenMessage {
  readonly chat: StoredChat;
  readonly message: StoredMessage;
  readonly scope: Exclude<MessageScope, 'outside'>;
  readonly selector: Selector;
}

export interface Snapshot {
  readonly messages: readonly FrozenMessage[];
  /** Records that could not be read: told to the reviewer, never guessed. */
  readonly unreadable: number;
}

const page = 1_000;

/**
 * Everything an order is about, in the order in which it was recorded. Chats are looked through by their start: one that
 * began before the range may go on within it, up to `longestChatMs`.
 */
export async function snapshotOf(
  authorisation: Authorisation,
  records: RecordsView,
  o: { readonly longestChatMs: number },
): Promise<Snapshot> {
  const messages: FrozenMessage[] = [];
  let unreadable = 0;
  const first = new Date(Date.parse(authorisation.range.from) - o.longestChatMs).toISOString();
  const last = new Date(Date.parse(authorisation.range.until)).toISOString();
  for await (const { key, value } of listedPages(records, 'chats-by-time', { after: first })) {
    if (key >= last) break;
    const chat = storedChatSchema.safeParse(await records.get('chats', String(value)));
    if (!chat.success) {
      unreadable++;
      continue;
    }
    const selector = selectorOf(chat.data, authorisation);
    if (!selector) continue;
    const own: FrozenMessage[] = [];
    for await (const record of listedPages(records, 'messages', { prefix: `${chat.data.chat}/` })) {
      const message = storedMessageSchema.safeParse(record.value);
      if (!message.success) {
        unreadable++;
        continue;
      }
      const scope = scopeOf(message.data, chat.data, authorisation);
      if (scope !== 'outside') own.push({ chat: chat.data, message: message.data, scope, selector });
    }
    messages.push(...own.sort((a, b) => a.message.sequence - b.message.sequence));
  }
  return { messages, unreadable };
}

/** All records of a collection, page by page. */
export async function* listedPages(
  records: RecordsView,
  collection: string,
  o: { readonly prefix?: string; readonly after?: string },
): AsyncGenerator<{ key: string; value: unknown }> {
  for (let after = o.after; ;) {
    const found = await records.list(collection, {
      ...(o.prefix !== undefined && { prefix: o.prefix }),
      limit: page,
      ...(after !== undefined && { after }),
    });
    yield* found;
    after = found.at(-1)?.key;
    if (found.length < page) return;
  }
}
