/** Requests a second in the long run, and at once. */
export interface BucketSize {
  readonly rate: number;
  readonly burst: number;
}

/** A token bucket. Time is given, in monotonic milliseconds. */
export class TokenBucket {
  #level: number;
  #at: number;

  constructor(
    readonly size: BucketSize,
    now: number,
  ) {
    this.#level = size.burst;
    this.#at = now;
  }

  /** Tokens there are. */
  level(now: number): number {
    const passed = now - this.#at;
    if (passed > 0) {
      this.#level = Math.min(this.size.burst, this.#level + (passed * this.size.rate) / 1_000);
      this.#at = now;
    }
    return this.#level;
  }

  /** Whether one may be taken so that `reserve` stay. */
  has(now: number, reserve = 0): boolean {
    return this.level(now) >= 1 + Math.min(reserve, this.size.burst - 1);
  }

  take(): void {
    this.#level -= 1;
  }

  /** Full ones tell nothing, and can be forgotten. */
  isFull(now: number): boolean {
    return this.level(now) >= this.size.burst;
  }
}

/** Old entries looked at for a full bucket before one is forgotten that is not. */
const looksForFull = 8;

/** Buckets by name, no more than `max`: beyond, a full one gives way, else the oldest. */
export class BucketTable {
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(private readonly o: { readonly size: BucketSize; readonly max: number }) {}

  get count(): number {
    return this.#buckets.size;
  }

  of(name: string, now: number, size = this.o.size): TokenBucket {
    let bucket = this.#buckets.get(name);
    if (bucket) return bucket;
    if (this.#buckets.size >= this.o.max) this.#makeRoom(now);
    bucket = new TokenBucket(size, now);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #makeRoom(now: number): void {
    let oldest: string | undefined;
    let looked = 0;
    for (const [name, bucket] of this.#buckets) {
      oldest ??= name;
      if (bucket.isFull(now)) {
        this.#buckets.delete(name);
        return;
      }
      if (++looked >= looksForFull) break;
    }
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
