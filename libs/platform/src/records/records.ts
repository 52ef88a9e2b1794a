/**
 * What has been promised: a record is on disk before `append` or `put` resolves. Whoever gets a RecordsError must not
 * answer 2xx.
 *
 * A collection is named by `a-z 0-9 . _ -`. Keys are any text of up to 512 bytes in UTF-8 and are kept in the order of
 * those bytes, so that numbers in keys need leading zeros and times need one fixed form (RFC 3339 in UTC).
 * Values are what JSON can carry.
 */
export interface Records {
  /** Stores once. A second append under the same key changes nothing and says `duplicate`, when the first is durable. */
  append(collection: string, key: string, value: unknown): Promise<'stored' | 'duplicate'>;
  /** Stores or overwrites. */
  put(collection: string, key: string, value: unknown): Promise<void>;
  get(collection: string, key: string): Promise<unknown>;
  list(collection: string, options?: ListOptions): Promise<StoredRecord[]>;
  /**
   * Stores all of it or nothing, and in one sync. An append under a key that is taken is left out and said to be a
   * `duplicate`; the others are stored all the same. With a fence that is no longer in force nothing is stored: `fenced`,
   * also where there was nothing to store.
   */
  write(writes: readonly RecordWrite[], fence?: Fence): Promise<WriteOutcome[]>;
  /** Puts a new fence around `name` (a key): from now on, everything written under an earlier one is refused. */
  claim(name: string): Promise<Fence>;
  /** Nobody but this process can write here. Unless it says so, others may. */
  readonly exclusive?: boolean;
  close(): Promise<void>;
  /** The sentence that says why nothing can be stored now, or undefined when all is well. */
  check?(): Promise<string | undefined>;
  /** A sentence that is worth knowing though all can be stored: that the server is away and a spool takes its place. */
  note?(): string | undefined;
}

export type WriteOutcome = 'stored' | 'duplicate';

export interface RecordWrite {
  readonly kind: 'append' | 'put';
  readonly collection: string;
  readonly key: string;
  readonly value: unknown;
}

/**
 * Who writes under that name. Of two that both believe to be the one only the later can: the earlier finds out when it
 * writes, however long it had been asleep.
 */
export interface Fence {
  readonly name: string;
  /** Counts up from 1. */
  readonly epoch: number;
}

export interface ListOptions {
  /** Keys that start with this. */
  readonly prefix?: string;
  /** At most so many (1,000 by default): a caller who wants more goes on with `after`. */
  readonly limit?: number;
  /** Only keys behind this one in the direction of the listing. */
  readonly after?: string;
  /** Highest key first. */
  readonly reverse?: boolean;
}

export interface StoredRecord {
  readonly key: string;
  readonly value: unknown;
}

export const defaultListLimit = 1_000;

/** Longest key in bytes of UTF-8. */
export const maxKeyBytes = 512;

/** Longest value in bytes of JSON: a chat message with its attachments stays far below. */
export const maxValueBytes = 4 * 1_048_576;

export type RecordsErrorCode =
  | 'closed'
  | 'locked'
  | 'full'
  | 'read-only'
  | 'broken'
  | 'io'
  | 'invalid'
  | 'overloaded'
  | 'fenced'
  | 'refused'
  | 'unreachable';

/**
 * - `locked`: another process has the data folder open
 * - `broken`: a write failed before, so that nobody knows what is on disk; the store takes nothing until it is reopened
 * - `fenced`: somebody else has claimed the name since
 * - `refused`: the server does not have us as we are configured, or is of a newer version; nothing changes that by itself
 * - `unreachable`: the server is away or does not answer; what was under way may have been stored all the same
 * - `invalid`: the collection, key or value cannot be stored: a mistake of the caller
 */
export class RecordsError extends Error {
  override readonly name = 'RecordsError';

  constructor(
    readonly code: RecordsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Where fences are kept, in adapters that keep them beside the records. */
export const fenceCollection = '_fences';

export function fencedError({ name, epoch }: Fence): RecordsError {
  return new RecordsError('fenced', `${name} was claimed by another since epoch ${epoch}`);
}

export function checkCollection(collection: string): void {
  for (const char of collection) {
    if (!'abcdefghijklmnopqrstuvwxyz0123456789._-'.includes(char)) {
      throw new RecordsError(
        'invalid',
        `"${collection}" is no collection name: it has ${JSON.stringify(char)}`,
      );
    }
  }
  if (collection === '' || collection.length > 64) {
    throw new RecordsError('invalid', 'a collection name has 1 to 64 characters');
  }
}

export function checkKey(key: string): void {
  if (key === '' || Buffer.byteLength(key) > maxKeyBytes) {
    throw new RecordsError('invalid', `a key has 1 to ${maxKeyBytes} bytes`);
  }
  // A lone surrogate would be stored as another key than was asked for.
  if (Buffer.from(key).toString() !== key) throw new RecordsError('invalid', 'a key is well-formed Unicode');
}

/** A write whose value is JSON already. */
export interface TextWrite extends Omit<RecordWrite, 'value'> {
  readonly text: string;
}

/** Nothing of it is shared with the caller. @throws RecordsError `invalid` */
export function textWrite({ kind, collection, key, value }: RecordWrite): TextWrite {
  checkCollection(collection);
  checkKey(key);
  return { kind, collection, key, text: encodeValue(value) };
}

/** JSON of a value, or RecordsError `invalid`. */
export function encodeValue(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new RecordsError('invalid', 'the value cannot be written as JSON', { cause: error });
  }
  if (text === undefined) throw new RecordsError('invalid', 'there is no value to store');
  if (Buffer.byteLength(text) > maxValueBytes) {
    throw new RecordsError('invalid', `a value has at most ${maxValueBytes} bytes of JSON`);
  }
  return text;
}
