import type { Clock } from '@esinet/kernel';

/** What this process knows of one key of the shared store. */
export interface LocalValue {
  /** Undefined: deleted. */
  readonly value: string | undefined;
  /** Monotonic ms; undefined stays. */
  readonly expires: number | undefined;
  /** The shared store has not confirmed it: it is to be told once it is back. */
  readonly untold: boolean;
  /** A sum of what many add up to: nobody's to be put back. */
  readonly counter: boolean;
}

/** Entries looked at on each write for being expired. */
const sweptPerWrite = 2;

/** What this process has written itself, for as long as it lives, and no more than `max`: the longest unwritten goes. */
export class LocalValues {
  readonly #entries = new Map<string, LocalValue>();
  #sweep: Iterator<[string, LocalValue]> | undefined;

  constructor(private readonly o: { readonly clock: Clock; readonly max: number }) {}

  get size(): number {
    return this.#entries.size;
  }

  /** Undefined: nothing is known of it. */
  find(key: string): LocalValue | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (!this.#isPast(entry)) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  keep(
    key: string,
    value: string | undefined,
    o: {
      readonly ttlMs?: number | undefined;
      readonly untold?: boolean;
      readonly counter?: boolean;
    } = {},
  ): LocalValue {
    const expires = o.ttlMs === undefined ? undefined : this.o.clock.now() + o.ttlMs;
    return this.put(key, { value, expires, untold: o.untold ?? false, counter: o.counter ?? false });
  }

  put(key: string, entry: LocalValue): LocalValue {
    this.#sweepSome();
    // Taken out first, so that what was written last stands last.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > this.o.max)
      for (const oldest of this.#entries.keys()) return this.#drop(oldest, entry);
    return entry;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** The shared store has taken it; a tombstone has then done its work. Nothing where it was changed meanwhile. */
  told(key: string, entry: LocalValue): void {
    if (this.#entries.get(key) !== entry) return;
    if (entry.value === undefined) this.#entries.delete(key);
    else this.#entries.set(key, { ...entry, untold: false });
  }

  /** What is alive now. */
  list(): [string, LocalValue][] {
    return [...this.#entries].filter(([, entry]) => !this.#isPast(entry));
  }

  /** Milliseconds it has left; undefined stays. */
  left({ expires }: LocalValue): number | undefined {
    return expires === undefined ? undefined : Math.max(1, expires - this.o.clock.now());
  }

  #drop(key: string, entry: LocalValue): LocalValue {
    this.#entries.delete(key);
    return entry;
  }

  #isPast({ expires }: LocalValue): boolean {
    return expires !== undefined && expires <= this.o.clock.now();
  }

  #sweepSome(): void {
    for (let i = 0; i < sweptPerWrite; i++) {
      this.#sweep ??= this.#entries.entries();
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      if (this.#isPast(next.value[1])) this.#entries.delete(next.value[0]);
    }
  }
}
