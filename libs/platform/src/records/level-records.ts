import { mkdir } from 'node:fs/promises';
import { type Logger, messageOf, silentLogger } from '@esinet/kernel';
import { ClassicLevel } from 'classic-level';
import {
  type Fence,
  type ListOptions,
  type RecordWrite,
  type Records,
  RecordsError,
  type StoredRecord,
  type WriteOutcome,
  checkCollection,
  checkKey,
  defaultListLimit,
  encodeValue,
  fenceCollection,
  fencedError,
} from './records.js';

export interface RecordsLimits {
  /** Records written with one sync. */
  readonly maxBatchRecords: number;
  /** Bytes of values written with one sync, exceeded by at most one record. */
  readonly maxBatchBytes: number;
  /** Records that may wait for their sync; more are refused at once, so that a slow disk does not fill the memory. */
  readonly maxWaiting: number;
  /** Milliseconds after a failed write until the files are opened anew by themselves. */
  readonly reopenAfterMs: number;
}

export const defaultRecordsLimits: RecordsLimits = {
  maxBatchRecords: 1_024,
  maxBatchBytes: 8 * 1_048_576,
  maxWaiting: 20_000,
  reopenAfterMs: 5_000,
};

/** LevelDB's files as this port uses them. */
export type RecordsDatabase = ClassicLevel<Buffer, string>;

interface Write {
  readonly kind: 'append' | 'put' | 'remove';
  readonly key: Buffer;
  readonly text: string;
}

/** What is stored together or not at all; a claim has no writes of its own. */
interface Group {
  readonly writes: readonly Write[];
  readonly fence: Fence | undefined;
  /** The name whose fence is to be a new one. */
  readonly claims: string | undefined;
  readonly bytes: number;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: RecordsError) => void;
}

interface Done {
  readonly outcomes: WriteOutcome[];
  readonly epoch: number;
}

/**
 * Records in LevelDB files under one folder, of which this process is the only user.
 *
 * Group commit: while one sync is under way, everything that arrives waits and is then written with the next one. A
 * write that failed leaves it open what is on disk (a page the kernel could not write may be marked clean), so after it
 * nothing is accepted any more until `reopen`, which reads back what really is there.
 */
export class LevelRecords implements Records {
  readonly exclusive = true;
  readonly #limits: RecordsLimits;
  readonly #logger: Logger;
  readonly #open: () => RecordsDatabase;
  #database: RecordsDatabase;
  #waiting: Group[] = [];
  #waitingWrites = 0;
  #commit: Promise<void> | undefined;
  #state: 'open' | 'broken' | 'closed' = 'open';
  #failure: RecordsError | undefined;
  #reopening: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  private constructor(
    readonly folder: string,
    database: RecordsDatabase,
    o: { open: () => RecordsDatabase; logger: Logger; limits: RecordsLimits },
  ) {
    this.#database = database;
    this.#open = o.open;
    this.#logger = o.logger;
    this.#limits = o.limits;
  }

  /** @throws RecordsError `locked` or `io` */
  static async open(
    folder: string,
    o: {
      logger?: Logger;
      limits?: Partial<RecordsLimits>;
      /** The database to use: for tests of what happens when a disk fails. */
      database?: (folder: string) => RecordsDatabase;
    } = {},
  ): Promise<LevelRecords> {
    const open = (): RecordsDatabase =>
      o.database?.(folder) ?? new ClassicLevel(folder, { keyEncoding: 'buffer', valueEncoding: 'utf8' });
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new RecordsError('io', `${folder} cannot be made: ${messageOf(error)}`, { cause: error });
    }
    return new LevelRecords(folder, await opened(open(), folder), {
      open,
      logger: o.logger ?? silentLogger,
      limits: { ...defaultRecordsLimits, ...o.limits },
    });
  }

  async append(collection: string, key: string, value: unknown): Promise<WriteOutcome> {
    const [outcome = 'stored'] = await this.write([{ kind: 'append', collection, key, value }]);
    return outcome;
  }

  async put(collection: string, key: string, value: unknown): Promise<void> {
    await this.write([{ kind: 'put', collection, key, value }]);
  }

  async write(writes: readonly RecordWrite[], fence?: Fence): Promise<WriteOutcome[]> {
    const ready = writes.map(({ kind, collection, key, value }) => ({
      kind,
      key: storageKey(collection, key),
      text: encodeValue(value),
    }));
    return (await this.#enqueue(ready, { fence })).outcomes;
  }

  async claim(name: string): Promise<Fence> {
    checkKey(name);
    return { name, epoch: (await this.#enqueue([], { claims: name })).epoch };
  }

  /** Takes records away, all of them or none: for what is only kept until it is somewhere else. */
  async remove(removals: readonly { readonly collection: string; readonly key: string }[]): Promise<void> {
    const writes = removals.map(({ collection, key }) => ({
      ...{ kind: 'remove' as const, key: storageKey(collection, key), text: '' },
    }));
    await this.#enqueue(writes, {});
  }

  async get(collection: string, key: string): Promise<unknown> {
    this.#readable();
    try {
      const text = await this.#database.get(storageKey(collection, key));
      return text === undefined ? undefined : JSON.parse(text);
    } catch (error) {
      throw asRecordsError(error);
    }
  }

  async list(collection: string, options: ListOptions = {}): Promise<StoredRecord[]> {
    this.#readable();
    checkCollection(collection);
    const { prefix = '', limit = defaultListLimit, after, reverse = false } = options;
    const start = Buffer.from(`${collection}!`);
    const first = Buffer.concat([start, Buffer.from(prefix)]);
    // No byte of UTF-8 is 0xff: this is behind every key that has the prefix.
    const end = Buffer.concat([first, Buffer.of(0xff)]);
    const behind = after === undefined ? undefined : Buffer.concat([start, Buffer.from(after)]);
    const range = !behind
      ? { gte: first, lt: end }
      : reverse
        ? { gte: first, lt: Buffer.compare(behind, end) < 0 ? behind : end }
        : Buffer.compare(behind, first) < 0
          ? { gte: first, lt: end }
          : { gt: behind, lt: end };
    try {
      const found = await this.#database.iterator({ ...range, reverse, limit }).all();
      return found.map(([key, text]) => ({
        key: key.toString('utf8', start.length),
        value: JSON.parse(text) as unknown,
      }));
    } catch (error) {
      throw asRecordsError(error);
    }
  }

  /** Waits for what was already accepted to be written, then closes the files. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const broken = this.#state === 'broken';
    this.#state = 'closed';
    clearTimeout(this.#retry);
    while (!broken && this.#commit) await this.#commit;
    await this.#database.close().catch((error: unknown) => {
      this.#logger.error('records close failed', { reason: messageOf(error) });
    });
  }

  async check(): Promise<string | undefined> {
    if (this.#state === 'closed') return 'the records are closed';
    return this.#failure && `nothing can be stored: ${this.#failure.message}`;
  }

  /**
   * Closes the files and opens them again: the only way on after a failed write. It is tried by itself every
   * `reopenAfterMs`, so that an element goes on when the disk has room again.
   */
  reopen(): Promise<void> {
    return (this.#reopening ??= this.#reopen().finally(() => (this.#reopening = undefined)));
  }

  async #reopen(): Promise<void> {
    if (this.#state === 'closed') throw new RecordsError('closed', 'the records are closed');
    clearTimeout(this.#retry);
    this.#state = 'broken';
    this.#failure ??= new RecordsError('broken', 'the records are being reopened');
    await this.#commit;
    await this.#database.close().catch(() => undefined);
    try {
      this.#database = await opened(this.#open(), this.folder);
    } catch (error) {
      this.#retryLater();
      throw error;
    }
    // Closed meanwhile by its owner; the check above narrowed the state, which has since changed.
    if ((this.#state as string) === 'closed') return this.#database.close();
    this.#failure = undefined;
    this.#state = 'open';
    this.#logger.info('records reopened', { folder: this.folder });
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    if (this.#state === 'closed') return;
    this.#retry = setTimeout(() => {
      this.reopen().catch((error: unknown) => {
        this.#logger.error('records reopen failed', { reason: messageOf(error) });
      });
    }, this.#limits.reopenAfterMs).unref();
  }

  #readable(): void {
    if (this.#state === 'closed') throw new RecordsError('closed', 'the records are closed');
  }

  async #enqueue(
    writes: readonly Write[],
    { fence, claims }: { readonly fence?: Fence | undefined; readonly claims?: string },
  ): Promise<Done> {
    this.#readable();
    if (this.#failure) {
      throw new RecordsError('broken', `refused after an earlier failure: ${this.#failure.message}`);
    }
    if (this.#waitingWrites >= this.#limits.maxWaiting) {
      throw new RecordsError('overloaded', `${this.#limits.maxWaiting} records wait to be written`);
    }
    const bytes = writes.reduce((sum, { text }) => sum + text.length, 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, fence, claims, bytes, resolve, reject });
      this.#waitingWrites += writes.length;
      this.#commit ??= this.#commitAll();
    });
  }

  async #commitAll(): Promise<void> {
    // What is written in the same turn of the event loop belongs in the same sync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        for (const settle of await this.#commitBatch(batch)) settle();
      } catch (error) {
        this.#fail(asRecordsError(error), batch);
      }
    }
    this.#commit = undefined;
  }

  /** One sync; gives what is to be told to each group once it is made. */
  async #commitBatch(batch: readonly Group[]): Promise<(() => void)[]> {
    const epochs = await this.#epochsOf(batch);
    const taken = await this.#takenOf(batch);
    const made = new Map<string, Write>();
    const settle = batch.map((group) => {
      const { writes, fence, claims } = group;
      if (fence && epochs.get(fence.name) !== fence.epoch) return () => group.reject(fencedError(fence));
      let epoch = 0;
      if (claims !== undefined) {
        epoch = (epochs.get(claims) ?? 0) + 1;
        epochs.set(claims, epoch);
        const key = storageKey(fenceCollection, claims);
        made.set(key.toString('latin1'), { kind: 'put', key, text: String(epoch) });
      }
      const outcomes = writes.map((write): WriteOutcome => {
        const key = write.key.toString('latin1');
        if (write.kind === 'append' && taken.has(key)) return 'duplicate';
        if (write.kind === 'remove') taken.delete(key);
        else taken.add(key);
        made.set(key, write);
        return 'stored';
      });
      return () => group.resolve({ outcomes, epoch });
    });
    if (made.size > 0) {
      await this.#database.batch(
        Array.from(made.values(), ({ kind, key, text }) =>
          kind === 'remove' ? { type: 'del' as const, key } : { type: 'put' as const, key, value: text },
        ),
        { sync: true },
      );
    }
    return settle;
  }

  async #epochsOf(batch: readonly Group[]): Promise<Map<string, number>> {
    const names = [...new Set(batch.flatMap(({ fence, claims }) => fence?.name ?? claims ?? []))];
    if (names.length === 0) return new Map();
    const found = await this.#database.getMany(names.map((name) => storageKey(fenceCollection, name)));
    return new Map(names.map((name, i) => [name, Number(found[i] ?? 0)]));
  }

  /** Keys that were there before, of those that are to be appended. */
  async #takenOf(batch: readonly Group[]): Promise<Set<string>> {
    const keys = batch.flatMap(({ writes }) =>
      writes.flatMap(({ kind, key }) => (kind === 'append' ? [key] : [])),
    );
    const present = await this.#database.hasMany(keys);
    return new Set(keys.filter((_, i) => present[i]).map((key) => key.toString('latin1')));
  }

  #takeBatch(): Group[] {
    let bytes = 0;
    let writes = 0;
    let groups = 0;
    for (const group of this.#waiting) {
      if (writes >= this.#limits.maxBatchRecords || bytes >= this.#limits.maxBatchBytes) break;
      bytes += group.bytes;
      writes += group.writes.length;
      groups++;
    }
    this.#waitingWrites -= writes;
    return this.#waiting.splice(0, groups);
  }

  #fail(error: RecordsError, batch: readonly Group[]): void {
    this.#failure = error;
    if (this.#state === 'open') this.#state = 'broken';
    this.#logger.error('records broken', { code: error.code, reason: error.message });
    const refused = [...batch, ...this.#waiting.splice(0)];
    this.#waitingWrites = 0;
    for (const group of refused) group.reject(error);
    this.#retryLater();
  }
}

async function opened(database: RecordsDatabase, folder: string): Promise<RecordsDatabase> {
  try {
    await database.open();
    return database;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      throw new RecordsError('locked', `${folder} is in use by another process`, { cause });
    }
    throw new RecordsError('io', `${folder} cannot be opened: ${messageOf(cause)}`, { cause });
  }
}

function storageKey(collection: string, key: string): Buffer {
  checkCollection(collection);
  checkKey(key);
  // '!' sorts before every character of a collection name: collections are separate ranges.
  return Buffer.from(`${collection}!${key}`);
}

function asRecordsError(error: unknown): RecordsError {
  if (error instanceof RecordsError) return error;
  const message = messageOf(error);
  const code = codeOf(error);
  if (code === 'LEVEL_DATABASE_NOT_OPEN') {
    return new RecordsError('closed', 'the records are closed', { cause: error });
  }
  if (message.includes('No space left') || message.includes('File too large') || message.includes('quota')) {
    return new RecordsError('full', `the disk is full: ${message}`, { cause: error });
  }
  if (message.includes('Read-only file system') || message.includes('Permission denied')) {
    return new RecordsError('read-only', `the data folder cannot be written: ${message}`, { cause: error });
  }
  return new RecordsError('io', message, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
