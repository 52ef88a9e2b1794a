import { isoTime } from '@esinet/kernel';
import { isInRange } from '../in-force.js';
import type { Authorisation, Selector } from '../model.js';
import { scopeOf, selectorOf } from '../selection.js';
import { type FrozenMessage, type RecordsView, listedPages } from '../snapshot.js';
import { type StoredChat, storedChatSchema, storedMessageSchema } from '../stored-chats.js';
import { type LiidState, markOf } from './liid-state.js';

export interface LiveMessage extends FrozenMessage {
  readonly mark: string;
}

export interface LiveLook {
  /** What was not sealed yet, in the order in which it was recorded. */
  readonly messages: readonly LiveMessage[];
  readonly unreadable: number;
}

interface ScanSettings {
  /** A chat that began so long ago is looked at no more. */
  readonly longestChatMs: number;
  /** Records may come so late: from a spool that was emptied after the server had been away. */
  readonly lookBackMs: number;
}

/**
 * Looks again and again for what an LIID is about. What it remembers only saves reading: what counts is the state of the
 * case. Chats are found by their start, and each message by its key, so that one that is stored late is found late and
 * not missed.
 */
export class LiveScan {
  /** Chats that a selector names, by id. */
  readonly #named = new Map<
    string,
    { readonly selector: Selector; readonly startedAt: string; over?: string }
  >();
  /** Keys of `chats-by-time` that were looked at. */
  readonly #seen = new Set<string>();
  #from: string;
  /** Late ones are looked for less often than new ones (milliseconds since 1970). */
  #allAt = -Infinity;

  constructor(
    private readonly records: RecordsView,
    private readonly authorisation: Authorisation,
    private readonly settings: ScanSettings,
  ) {
    this.#from = isoTime(Date.parse(authorisation.range.from) - settings.longestChatMs);
  }

  /** `until`: what was recorded from then on (RFC 3339) is not looked for. */
  async look(state: LiidState, wallMs: number, until: string): Promise<LiveLook> {
    let unreadable = await this.#findChats(wallMs);
    const placed: { readonly message: LiveMessage; readonly place: number }[] = [];
    for (const [id, named] of this.#named) {
      const chat = storedChatSchema.safeParse(await this.records.get('chats', id));
      if (!chat.success) {
        unreadable++;
        continue;
      }
      // Nothing more is written to a chat that is over, unless it begins again: then this changes.
      const over = overSince(chat.data);
      if (over !== undefined && named.over === over) continue;
      const found = await this.#ofChat(chat.data, named.selector, state, until);
      let place = 0;
      for (const message of found.messages) {
        // Within a chat its own order counts, whatever the clock did.
        place = Math.max(place, placeOf(message));
        placed.push({ message, place });
      }
      unreadable += found.unreadable;
      if (over !== undefined && found.messages.length === 0 && Date.parse(over) + settleMs < wallMs) {
        named.over = over;
      }
    }
    placed.sort((a, b) => a.place - b.place);
    return { messages: placed.map(({ message }) => message), unreadable };
  }

  async #findChats(wallMs: number): Promise<number> {
    let unreadable = 0;
    const { lookBackMs, longestChatMs } = this.settings;
    const all = wallMs >= this.#allAt;
    if (all) this.#allAt = wallMs + lateMs;
    const recent = isoTime(wallMs - 2 * lateMs);
    const after = all || recent < this.#from ? this.#from : recent;
    for await (const { key, value } of listedPages(this.records, 'chats-by-time', { after })) {
      if (this.#seen.has(key)) continue;
      const chat = storedChatSchema.safeParse(await this.records.get('chats', String(value)));
      if (!chat.success) {
        unreadable++;
        continue;
      }
      this.#seen.add(key);
      const selector = selectorOf(chat.data, this.authorisation);
      if (selector) this.#named.set(chat.data.chat, { selector, startedAt: chat.data.startedAt });
    }
    const back = isoTime(wallMs - lookBackMs);
    if (back > this.#from) this.#from = back;
    for (const key of this.#seen) if (key < this.#from) this.#seen.delete(key);
    const oldest = isoTime(wallMs - longestChatMs);
    for (const [id, { startedAt }] of this.#named) if (startedAt < oldest) this.#named.delete(id);
    return unreadable;
  }

  async #ofChat(chat: StoredChat, selector: Selector, state: LiidState, until: string): Promise<LiveLook> {
    const done = new Set(state.done[chat.chat]);
    const messages: LiveMessage[] = [];
    let unreadable = 0;
    for await (const { key, value } of listedPages(this.records, 'messages', { prefix: `${chat.chat}/` })) {
      const mark = markOf(key);
      if (done.has(mark)) continue;
      const message = storedMessageSchema.safeParse(value);
      if (!message.success) {
        unreadable++;
        continue;
      }
      const { at } = message.data;
      const scope = scopeOf(message.data, chat, this.authorisation);
      if (scope === 'outside' || !isRunningAt(at, this.authorisation, state, until)) continue;
      messages.push({ chat, message: message.data, scope, selector, mark });
    }
    messages.sort((a, b) => a.message.sequence - b.message.sequence);
    return { messages, unreadable };
  }
}

/** So often everything is looked through that could have come late. */
const lateMs = 60_000;

/** How long after its end a chat may still get a record that was on its way. */
const settleMs = 60_000;

/** Whether the order was in force when a message was recorded: not before, not after, not while it was suspended. */
export function isRunningAt(
  at: string,
  { validity }: Pick<Authorisation, 'validity'>,
  { gaps }: Pick<LiidState, 'gaps'>,
  until: string,
): boolean {
  return (
    isInRange(at, { range: validity }) &&
    Date.parse(at) < Date.parse(until) &&
    !gaps.some((range) => isInRange(at, { range }))
  );
}

function overSince({ phase, closedAt }: StoredChat): string | undefined {
  return phase === 'closed' || phase === 'handed-over' || phase === 'declined' ? closedAt : undefined;
}

/** The recorder's own order over all chats; records from before it was kept are ordered by their time. */
function placeOf({ message: { ingress, at } }: LiveMessage): number {
  return ingress ?? Date.parse(at) * 1_000;
}
