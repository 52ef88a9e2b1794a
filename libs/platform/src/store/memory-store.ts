import { type Clock, systemClock } from '@esinet/kernel';
import { type Store, StoreError, type StoreOptions } from './store.js';

/** Entries a memory store holds before it refuses new keys: some 100 MB when full of small ones. */
export const defaultMaxEntries = 500_000;

/** Entries looked at on each write for being expired: twice as fast as they can come. */
const sweptPerWrite = 2;

interface Entry {
  value: string;
  /** Monotonic milliseconds, whole ones; undefined stays. */
  expires: number | undefined;
}

/** The store of a single process. A full store refuses new keys with StoreError `full` rather than forget old ones. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #maxEntries: number;
  #sweep: Iterator<[string, Entry]> | undefined;

  constructor(o: { clock?: Clock; maxEntries?: number } = {}) {
    this.#clock = o.clock ?? systemClock;
    this.#maxEntries = o.maxEntries ?? defaultMaxEntries;
  }

  /** Entries held, the expired ones that were not yet swept included. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#live(key)?.value);
  }

  async set(key: string, value: string, options: StoreOptions = {}): Promise<void> {
    this.#write(key, value, this.#expiry(options));
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: string | undefined,
    options: StoreOptions = {},
  ): Promise<boolean> {
    if (this.#live(key)?.value !== expected) return false;
    const expires = this.#expiry(options);
    if (value === undefined) this.#entries.delete(key);
    else this.#write(key, value, expires);
    return true;
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async increment(key: string, by = 1, options: StoreOptions = {}): Promise<number> {
    const expires = this.#expiry(options);
    const entry = this.#live(key);
    const sum = Number(entry?.value ?? 0) + by;
    if (!Number.isSafeInteger(sum) || (entry && !isWhole(entry.value))) {
      throw new StoreError('not-a-number', 'what is stored there is no whole number, or the sum is none');
    }
    if (entry) entry.value = String(sum);
    else this.#write(key, String(sum), expires);
    return sum;
  }

  keys(prefix: string): Promise<string[]> {
    const now = this.#clock.now();
    const found: string[] = [];
    for (const [key, entry] of this.#entries) {
      if (key.startsWith(prefix) && !isPast(entry, now)) found.push(key);
    }
    return Promise.resolve(found.sort());
  }

  #expiry(options: StoreOptions): number | undefined {
    if (options.ttlMs === undefined) return undefined;
    if (!(options.ttlMs > 0)) throw new StoreError('ttl', 'a time to live is more than 0 ms');
    return Math.ceil(this.#clock.now() + options.ttlMs);
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (!isPast(entry, this.#clock.now())) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #write(key: string, value: string, expires: number | undefined): void {
    this.#sweepSome(sweptPerWrite);
    const entry = this.#entries.get(key);
    if (entry) {
      entry.value = value;
      entry.expires = expires;
      return;
    }
    if (this.#entries.size >= this.#maxEntries) {
      this.#sweepSome(this.#entries.size);
      if (this.#entries.size >= this.#maxEntries) {
        throw new StoreError('full', `the store holds its ${this.#maxEntries} entries`);
      }
    }
    this.#entries.set(key, { value, expires });
  }

  #sweepSome(count: number): void {
    const now = this.#clock.now();
    for (let i = 0; i < count; i++) {
      this.#sweep ??= this.#entries.entries();
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      if (isPast(next.value[1], now)) this.#entries.delete(next.value[0]);
    }
  }
}

function isPast(entry: Entry, now: number): boolean {
  return entry.expires !== undefined && entry.expires <= now;
}

function isWhole(text: string): boolean {
  return String(Number(text)) === text && Number.isSafeInteger(Number(text));
}
