import { hash } from 'node:crypto';
import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { Store } from '@esinet/platform';
import { z } from 'zod';
import { PerOwner } from './abuse/per-owner.js';
import { addressKey } from './abuse/source-key.js';
import { type ChatBinding, type ChatFlow, type Remembrance, promoted, rebind } from './chat-flow.js';

const flowSchema = z.object({
  listener: z.string(),
  transport: z.enum(['udp', 'tcp', 'tls', 'ws', 'wss']),
  address: z.string(),
  port: z.number(),
  flowId: z.string(),
  instance: z.string().exactOptional(),
  peer: z.string().exactOptional(),
});
const bindingSchema = z.object({ current: flowSchema, alternate: flowSchema.exactOptional() });

interface Kept {
  binding: ChatBinding;
  /** Monotonic ms, whole ones. */
  until: number;
  /** When it was last written to the store. */
  written: number;
  /** The address it is counted for; undefined where a peer stands behind it. */
  readonly owner: string | undefined;
}

/** A way is written to the store again when this part of its time is over. */
const renewAfter = 0.25;

/** Ways remembered to have been changed elsewhere. */
const mostMoved = 10_000;

/**
 * The ways back to callers, in memory and behind it in the store. No message waits for a write, and none longer than
 * `storeTimeoutMs` for a read: with the store away, what this process has seen itself still works. What another process
 * has changed is read from the store again once it has said so (`changedElsewhere`), or when a connection is gone.
 */
export class ChatFlows {
  /** By name of the chat and the user, what was used last at the end. */
  readonly #kept = new Map<string, Kept>();
  /** Stands at the beginning of `#kept`: what it gives is always deleted. */
  #oldest: Iterator<string> | undefined;
  readonly #perAddress: PerOwner;
  readonly #learning = new Map<string, Promise<void>>();
  /** Names in the store of ways that another process has changed since they were read. */
  readonly #moved = new Set<string>();

  constructor(
    private readonly o: {
      readonly store: Store;
      readonly clock: Clock;
      /** Sets the time limits of reads: many at once, and nearly none of them runs out. Default that of the clock. */
      readonly after?: Clock['after'];
      readonly logger: Logger;
      readonly ttlMs: number;
      readonly maxKept: number;
      /** Ways that one address may have. Default all. */
      readonly maxPerAddress?: number;
      readonly storeTimeoutMs: number;
      readonly secretEnough: number;
      readonly isOpen: (flow: ChatFlow) => boolean;
      /** This process; without it there is no other. */
      readonly instance?: string;
      /** A way was changed that another process may remember otherwise. */
      readonly onMoved?: (storeKey: string) => void;
    },
  ) {
    this.#perAddress = new PerOwner(o.maxPerAddress ?? o.maxKept);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** What is in memory of it, without asking the store. */
  peek(chat: string, user: string): ChatBinding | undefined {
    return this.#known(keyOf(chat, user));
  }

  async find(chat: string, user: string): Promise<ChatBinding | undefined> {
    const key = keyOf(chat, user);
    await this.#learning.get(key);
    const known = this.#known(key);
    if (known && (known.current.transport === 'udp' || this.o.isOpen(known.current))) return known;
    return (await this.#stored(storeKeyOf(key))) ?? known;
  }

  /** Another process has written this way to the store: what is in memory of it does not count any more. */
  changedElsewhere(storeKey: string): void {
    this.#moved.delete(storeKey);
    this.#moved.add(storeKey);
    if (this.#moved.size > mostMoved)
      for (const oldest of this.#moved) return void this.#moved.delete(oldest);
  }

  /** Takes note that `seen` is how the sender of a chat came in; see `rebind` for what follows from it. */
  remember(who: Remembrance, seen: ChatFlow): void {
    for (const chat of who.chats) {
      for (const user of who.users) this.#remember(keyOf(chat, user), who.secretLength, seen);
    }
  }

  /** The alternate way answered where the current one did not. */
  promote(chat: string, user: string, answered: ChatFlow): void {
    const key = keyOf(chat, user);
    const known = this.#known(key);
    if (known) return this.#keep(key, promoted(known, answered), true);
    // Another process remembers it.
    void this.#stored(storeKeyOf(key)).then((stored) => {
      const binding = this.#known(key) ?? stored;
      if (binding?.alternate?.flowId === answered.flowId) this.#keep(key, promoted(binding, answered), true);
    });
  }

  #remember(key: string, secretLength: number, seen: ChatFlow): void {
    const known = this.#known(key);
    if (known) return this.#rebind(key, known, secretLength, seen);
    // Another replica, or this one before it was restarted, may know more than this process does.
    const storeKey = storeKeyOf(key);
    const learning = this.#stored(storeKey).then((stored) => {
      this.#learning.delete(key);
      this.#rebind(key, this.#known(key) ?? stored, secretLength, seen, storeKey);
    });
    this.#learning.set(key, learning);
  }

  #rebind(
    key: string,
    known: ChatBinding | undefined,
    secretLength: number,
    seen: ChatFlow,
    storeKey?: string,
  ): void {
    const { isOpen, secretEnough } = this.o;
    const binding = rebind(known, seen, { isOpen, secretLength, secretEnough });
    const moved = !known || !isSame(known.current, binding.current);
    if (known && binding.alternate?.flowId === seen.flowId)
      this.o.logger.info('chat-way-not-moved', { listener: seen.listener });
    const changed = moved || !isSame(known.alternate, binding.alternate);
    this.#keep(key, binding, changed, storeKey, known);
  }

  /** Whether another process had a part in it. */
  #isShared(binding: ChatBinding | undefined): boolean {
    const { instance } = this.o;
    if (instance === undefined) return false;
    return [binding?.current, binding?.alternate].some((way) => way && way.instance !== instance);
  }

  #known(key: string): ChatBinding | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    if (this.#moved.size > 0 && this.#moved.delete(storeKeyOf(key))) {
      this.#forget(key);
      return undefined;
    }
    if (kept.until > this.o.clock.now()) return kept.binding;
    this.#forget(key);
    return undefined;
  }

  #keep(
    key: string,
    binding: ChatBinding,
    changed: boolean,
    storeKey = storeKeyOf(key),
    known = this.#kept.get(key)?.binding,
  ): void {
    const now = Math.round(this.o.clock.now());
    const { ttlMs, maxKept } = this.o;
    const before = this.#kept.get(key);
    const due = !before || changed || now - before.written > ttlMs * renewAfter;
    // Taken out first, so that what was used last stands last.
    if (before) this.#kept.delete(key);
    const owner = before ? before.owner : ownerOf(binding.current);
    this.#kept.set(key, { binding, until: now + ttlMs, written: due ? now : before.written, owner });
    const tooMany = owner === undefined ? undefined : this.#perAddress.add(owner, key);
    if (tooMany !== undefined) this.#forget(tooMany);
    while (this.#kept.size > maxKept) this.#forgetOldest();
    if (!due) return;
    const tell = changed && (this.#isShared(binding) || this.#isShared(known));
    this.o.store
      .set(storeKey, JSON.stringify(binding), { ttlMs })
      .catch((error: unknown) => this.#storeFailed(error))
      .finally(() => {
        if (tell) this.o.onMoved?.(storeKey);
      });
  }

  #forgetOldest(): void {
    this.#oldest ??= this.#kept.keys();
    const next = this.#oldest.next();
    if (next.done) this.#oldest = undefined;
    else this.#forget(next.value);
  }

  #forget(key: string): void {
    const owner = this.#kept.get(key)?.owner;
    this.#kept.delete(key);
    if (owner !== undefined) this.#perAddress.remove(owner, key);
  }

  /** Never rejects. */
  #stored(storeKey: string): Promise<ChatBinding | undefined> {
    return new Promise((resolve) => {
      const give = () => resolve(undefined);
      const timer = this.o.after
        ? this.o.after(this.o.storeTimeoutMs, give)
        : this.o.clock.after(this.o.storeTimeoutMs, give);
      const failed = (error: unknown) => {
        timer.cancel();
        this.#storeFailed(error);
        resolve(undefined);
      };
      try {
        this.o.store.get(storeKey).then((text) => {
          timer.cancel();
          resolve(text === undefined ? undefined : this.#read(text));
        }, failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  #read(text: string): ChatBinding | undefined {
    try {
      const read = bindingSchema.safeParse(JSON.parse(text));
      return read.success ? read.data : undefined;
    } catch (error) {
      this.#storeFailed(error);
      return undefined;
    }
  }

  #storeFailed(error: unknown): void {
    this.o.logger.warn('chat-store-failed', { reason: messageOf(error) });
  }
}

function isSame(one: ChatFlow | undefined, other: ChatFlow | undefined): boolean {
  return one?.flowId === other?.flowId && one?.instance === other?.instance;
}

/** Whoever stands behind an address answers for its ways; a peer has limits of its own. */
function ownerOf({ peer, address }: ChatFlow): string | undefined {
  return peer === undefined ? addressKey(address) : undefined;
}

/** Characters of names kept in memory as they are; longer ones must not fill it. */
const longestPlainKey = 160;

function keyOf(chat: string, user: string): string {
  const key = `${chat}\n${user}`;
  return key.length <= longestPlainKey ? key : hashed(key);
}

function storeKeyOf(key: string): string {
  return key.includes('\n') ? hashed(key) : key;
}

/** Names of chats and users are somebody's words: hashed, they can neither shape a key nor be read in the store. */
function hashed(key: string): string {
  return `bcf:chat:${hash('sha256', key, 'base64url')}`;
}
