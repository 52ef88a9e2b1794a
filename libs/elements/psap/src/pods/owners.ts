import type { Clock } from '@esinet/kernel';
import type { Store } from '@esinet/platform';
import { within } from './within.js';

/** What the store knows of a call: `away` where it cannot be asked. */
export type Owner = { readonly away: true } | { readonly away: false; readonly instance: string | undefined };

const prefix = 'psap:chat:';

/**
 * Which process has which call, by the name of the process: a call needs no lease of its own. It is a sign that shows the
 * way and no more: what counts is the fence of the records.
 */
export class Owners {
  constructor(
    private readonly o: {
      readonly instance: string;
      readonly store: Store;
      readonly clock: Clock;
      readonly waitMs: number;
      /** How long it stays for a call nobody gives up. */
      readonly ttlMs: number;
    },
  ) {}

  async of(key: string): Promise<Owner> {
    try {
      return { away: false, instance: await this.#store(this.o.store.get(prefix + key)) };
    } catch {
      return { away: true };
    }
  }

  /** Names this process, if it is still as it was found. True where the store is away: the fence decides. */
  async take(key: string, found: Owner): Promise<boolean> {
    if (found.away || found.instance === this.o.instance) return true;
    return this.#swap(key, found.instance, this.o.instance);
  }

  /** Names this process, whoever is named. */
  async put(key: string): Promise<void> {
    const { store, instance, ttlMs } = this.o;
    await this.#store(store.set(prefix + key, instance, { ttlMs })).catch(() => undefined);
  }

  /** Names another one, or nobody, if it is still this process. */
  async give(key: string, to?: string): Promise<void> {
    await this.#swap(key, this.o.instance, to);
  }

  async #swap(key: string, from: string | undefined, to: string | undefined): Promise<boolean> {
    const { store, ttlMs } = this.o;
    try {
      return await this.#store(store.compareAndSet(prefix + key, from, to, { ttlMs }));
    } catch {
      return true;
    }
  }

  #store<T>(asked: Promise<T>): Promise<T> {
    return within(this.o.clock, this.o.waitMs, asked);
  }
}
