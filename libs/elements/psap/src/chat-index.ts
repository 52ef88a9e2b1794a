import type { PsapPhase } from '@esinet/lmpe';
import type { Chat } from './chat.js';

/** The chats in memory, found by what messages say of themselves. */
export class ChatIndex {
  readonly #chats = new Map<string, Chat>();
  readonly #byCallId = new Map<string, Chat[]>();
  /** Chats whose Call Identifier is ours, by sender. */
  readonly #madeUp = new Map<string, Chat[]>();
  readonly #phases = new Map<Chat, PsapPhase>();
  readonly #counts = new Map<PsapPhase, number>();

  get size(): number {
    return this.#chats.size;
  }

  get open(): number {
    return this.#counts.get('open') ?? 0;
  }

  /** Real chats in memory by phase, those of every phase that was ever seen. */
  get counts(): ReadonlyMap<PsapPhase, number> {
    return this.#counts;
  }

  get(id: string): Chat | undefined {
    return this.#chats.get(id);
  }

  all(): IterableIterator<Chat> {
    return this.#chats.values();
  }

  byCallId(callId: string): readonly Chat[] {
    return this.#byCallId.get(callId) ?? [];
  }

  /** Chats of a sender who gave no Call Identifier. */
  madeUpFor(sender: string): readonly Chat[] {
    return this.#madeUp.get(sender) ?? [];
  }

  add(chat: Chat): void {
    this.#chats.set(chat.id, chat);
    enter(this.#byCallId, chat.callId, chat);
    if (chat.origin.madeUp) enter(this.#madeUp, chat.origin.sender, chat);
    this.count(chat);
  }

  /** To be told after the phase of a chat changed. */
  count(chat: Chat): void {
    if (chat.origin.test) return;
    this.#discount(chat);
    this.#phases.set(chat, chat.state.phase);
    this.#counts.set(chat.state.phase, (this.#counts.get(chat.state.phase) ?? 0) + 1);
  }

  remove(chat: Chat): void {
    this.#chats.delete(chat.id);
    this.#discount(chat);
    leave(this.#byCallId, chat.callId, chat);
    leave(this.#madeUp, chat.origin.sender, chat);
  }

  #discount(chat: Chat): void {
    const phase = this.#phases.get(chat);
    if (phase === undefined) return;
    this.#phases.delete(chat);
    this.#counts.set(phase, (this.#counts.get(phase) ?? 1) - 1);
  }

  /** One that can be spared: a closed chat, or else a silent one. Both come back from the records when needed. */
  spare(): Chat | undefined {
    let silent: Chat | undefined;
    for (const chat of this.#chats.values()) {
      if (chat.waiting > 0) continue;
      if (isOver(chat.state.phase)) return chat;
      if (chat.state.silent) silent ??= chat;
    }
    return silent;
  }
}

/** Nothing is left to do for it here. */
export function isOver(phase: string): boolean {
  return phase === 'closed' || phase === 'handed-over' || phase === 'declined';
}

function enter(index: Map<string, Chat[]>, key: string, chat: Chat): void {
  const same = index.get(key);
  if (same) same.push(chat);
  else index.set(key, [chat]);
}

function leave(index: Map<string, Chat[]>, key: string, chat: Chat): void {
  const same = index.get(key)?.filter((other) => other !== chat) ?? [];
  if (same.length === 0) index.delete(key);
  else index.set(key, same);
}
