import type { MessageRecord } from '../message-record.js';

/** Since when somebody waits for a word of a person, by chat. What a machine says by itself is no answer. */
export class Unanswered {
  readonly #since = new Map<string, number>();

  /** A text of the caller. */
  asked(chat: string, at: number): void {
    if (!this.#since.has(chat)) this.#since.set(chat, at);
  }

  answered(chat: string): void {
    this.#since.delete(chat);
  }

  /** Wall clock, milliseconds. */
  since(chat: string): number | undefined {
    return this.#since.get(chat);
  }

  keep(chats: { has(chat: string): boolean }): void {
    for (const chat of this.#since.keys()) if (!chats.has(chat)) this.#since.delete(chat);
  }
}

/** The same, found in what is recorded of a chat. */
export function unansweredIn(
  messages: readonly Pick<MessageRecord, 'direction' | 'at' | 'text' | 'by'>[],
): number | undefined {
  let since: number | undefined;
  for (const { direction, at, text, by } of messages) {
    if (direction === 'out' && by !== undefined) since = undefined;
    if (direction === 'in' && text !== undefined && text !== '') since ??= Date.parse(at);
  }
  return since;
}
