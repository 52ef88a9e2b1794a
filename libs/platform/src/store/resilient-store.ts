import type { LocalValue, LocalValues } from './local-values.js';
import { type Store, StoreError, type StoreOptions } from './store.js';

/** Values written back at a time. */
const backAtOnce = 50;

/**
 * A shared store that a process goes on without, for the keys that it may go on with alone: those with one of `prefixes`.
 * While the shared one is away they are read and written here, and what was written meanwhile and is still alive is
 * written there once it is back, the last one to write winning. Where it comes back empty, all that this process wrote is
 * put where nobody else has put something yet; counters are not, since they are a sum of what many did.
 *
 * Every other key (leases first of all) is the shared store's alone: it rejects with StoreError `unreachable`, because who
 * does not know whether somebody else holds it must not act as if nobody did.
 */
export class ResilientStore implements Store {
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly shared: Store,
    private readonly o: { readonly prefixes: readonly string[]; readonly local: LocalValues },
  ) {}

  async get(key: string): Promise<string | undefined> {
    if (!this.#isLocal(key)) return this.shared.get(key);
    const { local } = this.o;
    const known = local.find(key);
    if (known?.untold) return known.value;
    return orElse(
      async () => {
        const value = await this.shared.get(key);
        // Somebody else's word is newer than what is remembered of our own.
        if (known && local.find(key) === known && value !== known.value) {
          if (value === undefined) local.forget(key);
          else local.put(key, { ...known, value });
        }
        return value;
      },
      () => local.find(key)?.value,
    );
  }

  async set(key: string, value: string, options: StoreOptions = {}): Promise<void> {
    if (!this.#isLocal(key)) return this.shared.set(key, value, options);
    checkTtl(options);
    await this.#tell(key, this.o.local.keep(key, value, { ...options, untold: true }));
  }

  async delete(key: string): Promise<void> {
    if (!this.#isLocal(key)) return this.shared.delete(key);
    await this.#tell(key, this.o.local.keep(key, undefined, { ttlMs: tombstoneMs, untold: true }));
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: string | undefined,
    options: StoreOptions = {},
  ): Promise<boolean> {
    if (!this.#isLocal(key)) return this.shared.compareAndSet(key, expected, value, options);
    const { local } = this.o;
    const keep = (untold: boolean) =>
      value === undefined
        ? local.keep(key, undefined, { ttlMs: tombstoneMs, untold })
        : local.keep(key, value, { ...options, untold });
    return orElse(
      async () => {
        const did = await this.shared.compareAndSet(key, expected, value, options);
        if (!did || value === undefined) local.forget(key);
        else keep(false);
        return did;
      },
      () => {
        checkTtl(options);
        if (local.find(key)?.value !== expected) return false;
        keep(true);
        return true;
      },
    );
  }

  async increment(key: string, by = 1, options: StoreOptions = {}): Promise<number> {
    if (!this.#isLocal(key)) return this.shared.increment(key, by, options);
    const { local } = this.o;
    const keep = (sum: number, known: LocalValue | undefined): void => {
      if (known?.value !== undefined) local.put(key, { ...known, value: String(sum), counter: true });
      else local.keep(key, String(sum), { ...options, counter: true });
    };
    return orElse(
      async () => {
        const sum = await this.shared.increment(key, by, options);
        keep(sum, local.find(key));
        return sum;
      },
      () => {
        checkTtl(options);
        const known = local.find(key);
        const sum = Number(known?.value ?? 0) + by;
        if (!Number.isSafeInteger(sum))
          throw new StoreError('not-a-number', 'what is stored there is no whole number, or the sum is none');
        keep(sum, known);
        return sum;
      },
    );
  }

  async keys(prefix: string): Promise<string[]> {
    if (!this.#isLocal(prefix)) return this.shared.keys(prefix);
    const here = this.o.local.list().filter(([key]) => key.startsWith(prefix));
    return orElse(
      async () => {
        const found = new Set(await this.shared.keys(prefix));
        for (const [key, { value, untold }] of here) {
          if (untold && value !== undefined) found.add(key);
          else if (untold) found.delete(key);
        }
        return [...found].sort();
      },
      () => here.flatMap(([key, { value }]) => (value === undefined ? [] : [key])).sort(),
    );
  }

  /** The shared store is back: what it was not told meanwhile. Never rejects. */
  writeBack(): Promise<void> {
    return this.#writeThrough(
      ({ untold, counter }) => untold && !counter,
      (key, entry) => this.#tell(key, entry),
    );
  }

  /** The shared store is there and empty. Never rejects. */
  refill(): Promise<void> {
    const { local } = this.o;
    return this.#writeThrough(
      ({ value, counter }) => value !== undefined && !counter,
      async (key, entry) => {
        if (entry.untold) return this.#tell(key, entry);
        const ttlMs = local.left(entry);
        await orElse(
          () => this.shared.compareAndSet(key, undefined, entry.value, ttlMs === undefined ? {} : { ttlMs }),
          () => false,
        );
      },
    );
  }

  /** One after another. */
  #writeThrough(
    which: (entry: LocalValue) => boolean,
    write: (key: string, entry: LocalValue) => Promise<void>,
  ): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const due = this.o.local.list().filter(([, entry]) => which(entry));
      for (let i = 0; i < due.length; i += backAtOnce)
        await Promise.allSettled(due.slice(i, i + backAtOnce).map(([key, entry]) => write(key, entry)));
    });
    return this.#writing;
  }

  /** Writes to the shared store what stands here; with that one away it stays untold. */
  async #tell(key: string, entry: LocalValue): Promise<void> {
    const { local } = this.o;
    const ttlMs = local.left(entry);
    await orElse(
      async () => {
        if (entry.value === undefined) await this.shared.delete(key);
        else await this.shared.set(key, entry.value, ttlMs === undefined ? {} : { ttlMs });
        local.told(key, entry);
      },
      () => undefined,
    );
  }

  #isLocal(key: string): boolean {
    return this.o.prefixes.some((prefix) => key.startsWith(prefix));
  }
}

/** How long it is remembered that something was deleted while the shared store was away. */
const tombstoneMs = 3_600_000;

async function orElse<T>(shared: () => Promise<T>, alone: () => T): Promise<T> {
  try {
    return await shared();
  } catch (error) {
    if (error instanceof StoreError && (error.code === 'unreachable' || error.code === 'full'))
      return alone();
    throw error;
  }
}

function checkTtl({ ttlMs }: StoreOptions): void {
  if (ttlMs !== undefined && !(ttlMs > 0)) throw new StoreError('ttl', 'a time to live is more than 0 ms');
}
