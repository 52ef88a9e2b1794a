/**
 * Shared short-lived state: text by key, with a time to live. Nothing that was promised to anybody lives here: it may be
 * lost (`Records` is for that).
 */
export interface Store {
  get(key: string): Promise<string | undefined>;
  /** Without `ttlMs` the value stays, and an earlier time to live is gone. */
  set(key: string, value: string, options?: StoreOptions): Promise<void>;
  /**
   * Sets the value (or deletes, with `value` undefined) only if the present one is `expected` (`undefined`: there is
   * none). True when it did.
   */
  compareAndSet(
    key: string,
    expected: string | undefined,
    value: string | undefined,
    options?: StoreOptions,
  ): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Adds `by` (1) to the whole number at `key` (0) and gives the sum. `ttlMs` starts when the counter is made. */
  increment(key: string, by?: number, options?: StoreOptions): Promise<number>;
  /** Keys that start with `prefix`, sorted. */
  keys(prefix: string): Promise<string[]>;
}

export interface StoreOptions {
  /** Milliseconds, more than 0. */
  readonly ttlMs?: number;
}

export type StoreErrorCode = 'full' | 'not-a-number' | 'ttl' | 'unreachable';

export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly code: StoreErrorCode,
    message: string,
  ) {
    super(message);
  }
}
