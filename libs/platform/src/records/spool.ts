import { type Logger, isoTime } from '@esinet/kernel';
import { GroupCommit } from './group-commit.js';
import { LevelRecords, defaultRecordsLimits } from './level-records.js';
import {
  type Fence,
  type ListOptions,
  RecordsError,
  type TextWrite,
  type WriteOutcome,
  fencedError,
} from './records.js';

export interface SpoolLimits {
  readonly maxRecords: number;
  /** Bytes of JSON. */
  readonly maxBytes: number;
}

/** What is to be done at the server, in its order. */
export type SpoolJob =
  | { readonly kind: 'write'; readonly writes: readonly TextWrite[]; readonly fence: Fence | undefined }
  | { readonly kind: 'claim'; readonly name: string };

/** One job as it waits; its values stay on disk. */
export interface SpoolEntry {
  readonly seq: number;
  /** RFC 3339, when it was accepted. */
  readonly at: string;
  readonly bytes: number;
  readonly writes: readonly Omit<TextWrite, 'text'>[];
  readonly fence?: Fence;
  readonly claims?: string;
}

interface Place {
  readonly seq: number;
  readonly index: number;
  readonly kind: 'append' | 'put';
}

const collections = { queue: 'queue', values: 'values', claims: 'claims' } as const;

/**
 * Writes that wait on this process's own disk for a server that is away. What `add` has resolved survives the process.
 *
 * A claim cannot be decided here: it gives a fence with a negative epoch, which stands for the one the server will give.
 */
export class Spool {
  #queue: SpoolEntry[] = [];
  readonly #places = new Map<string, Map<string, Place>>();
  /** Negative epochs and what the server made of them. */
  readonly #claimed = new Map<number, Fence>();
  /** The last claim of each name that was made here. */
  readonly #claims = new Map<string, number>();
  readonly #commits: GroupCommit<SpoolJob, WriteOutcome[] | Fence>;
  #next = 1;
  #records = 0;
  #bytes = 0;
  /** What a failed write may have left on disk. */
  #orphans: { collection: string; key: string }[] = [];

  private constructor(
    private readonly level: LevelRecords,
    private readonly limits: SpoolLimits,
    private readonly wall: () => number,
  ) {
    this.#commits = new GroupCommit({
      limits: defaultRecordsLimits,
      sizeOf: (job) => ({ records: job.kind === 'claim' ? 1 : job.writes.length, bytes: bytesOf(job) }),
      commit: (batch) => this.#commit(batch),
    });
  }

  /** With what an earlier process left in it. @throws RecordsError `locked` or `io` */
  static async open(
    folder: string,
    o: {
      readonly limits: SpoolLimits;
      readonly logger: Logger;
      readonly wall: () => number;
      /** The files to use: for tests of what happens when a disk fails. */
      readonly files?: LevelRecords;
    },
  ): Promise<Spool> {
    const level = o.files ?? (await LevelRecords.open(folder, { logger: o.logger }));
    const spool = new Spool(level, o.limits, o.wall);
    await spool.#load();
    return spool;
  }

  /** Jobs that wait. */
  get size(): number {
    return this.#queue.length;
  }

  get records(): number {
    return this.#records;
  }

  /** Durable when it resolves. @throws RecordsError `full`, or what the disk says */
  add(job: SpoolJob): Promise<WriteOutcome[] | Fence> {
    return this.#commits.add(job);
  }

  idle(): Promise<void> {
    return this.#commits.idle();
  }

  /** The first ones, all of one kind: what a claim gives has to be known before the writes under it. */
  first(maxRecords: number, maxBytes: number): SpoolEntry[] {
    const claims = this.#queue[0]?.claims !== undefined;
    const taken: SpoolEntry[] = [];
    let records = 0;
    let bytes = 0;
    for (const entry of this.#queue) {
      if (records >= maxRecords || bytes >= maxBytes || (entry.claims !== undefined) !== claims) break;
      taken.push(entry);
      records += Math.max(1, entry.writes.length);
      bytes += entry.bytes;
    }
    return taken;
  }

  async writesOf(entry: SpoolEntry): Promise<TextWrite[]> {
    return Promise.all(
      entry.writes.map(async (write, index) => ({
        ...write,
        text: JSON.stringify(await this.level.get(collections.values, valueKey(entry.seq, index))),
      })),
    );
  }

  /** What the server made of a claim that was given out here. */
  async claimed(entry: SpoolEntry, fence: Fence): Promise<void> {
    await this.level.put(collections.claims, String(entry.seq), fence);
    this.#claimed.set(-entry.seq, fence);
  }

  /** The fence as the server knows it; undefined while it does not know it yet. */
  fence(fence: Fence): Fence | undefined {
    return fence.epoch > 0 ? fence : this.#claimed.get(fence.epoch);
  }

  /** The server has them: the first ones of the queue. */
  async done(entries: readonly SpoolEntry[]): Promise<void> {
    await this.level.remove(
      entries.flatMap(({ seq, writes }) => [
        { collection: collections.queue, key: queueKey(seq) },
        ...writes.map((_, index) => ({ collection: collections.values, key: valueKey(seq, index) })),
      ]),
    );
    const gone = new Set(entries.map(({ seq }) => seq));
    this.#queue = this.#queue.filter(({ seq }) => !gone.has(seq));
    for (const { seq, writes, bytes } of entries) {
      this.#records -= Math.max(1, writes.length);
      this.#bytes -= bytes;
      for (const { collection, key } of writes) {
        const places = this.#places.get(collection);
        if (places?.get(key)?.seq === seq) places.delete(key);
      }
    }
    if (this.#queue.length === 0) this.#places.clear();
  }

  /** What waits under that key. */
  async get(collection: string, key: string): Promise<{ kind: Place['kind']; value: unknown } | undefined> {
    for (;;) {
      const place = this.#places.get(collection)?.get(key);
      if (!place) return undefined;
      const value = await this.level.get(collections.values, valueKey(place.seq, place.index));
      if (value !== undefined) return { kind: place.kind, value };
      // Meanwhile it has gone to the server, or another one has taken its place.
      if (this.#places.get(collection)?.get(key)?.seq === place.seq) return undefined;
    }
  }

  /** Keys that wait, as `list` would give them. */
  keys(collection: string, { prefix = '', after, reverse = false, limit = Infinity }: ListOptions): string[] {
    const sign = reverse ? -1 : 1;
    return [...(this.#places.get(collection)?.keys() ?? [])]
      .filter((key) => key.startsWith(prefix) && (after === undefined || sign * byBytes(key, after) > 0))
      .sort((a, b) => sign * byBytes(a, b))
      .slice(0, limit);
  }

  /** The sentence that says why nothing more can wait here. */
  async check(): Promise<string | undefined> {
    return this.#room(1, 1) ?? (await this.level.check());
  }

  async close(): Promise<void> {
    await this.#commits.idle();
    // Nobody holds what was given out here once the process has ended.
    if (this.#queue.length === 0) await this.#forgetClaims().catch(() => undefined);
    await this.level.close();
  }

  #room(records: number, bytes: number): string | undefined {
    const { maxRecords, maxBytes } = this.limits;
    if (this.#records + records > maxRecords) return `the spool is full: ${maxRecords} records wait`;
    if (this.#bytes + bytes > maxBytes) return `the spool is full: ${maxBytes} bytes wait`;
    return undefined;
  }

  async #commit(batch: readonly SpoolJob[]): Promise<(WriteOutcome[] | Fence | Error)[]> {
    if (this.#orphans.length > 0) {
      await this.level.remove(this.#orphans);
      this.#orphans = [];
    }
    const made: SpoolEntry[] = [];
    const texts = new Map<string, string>();
    const taken = new Set<string>();
    const isTaken = ({ collection, key }: TextWrite): boolean =>
      taken.has(`${collection}!${key}`) || this.#places.get(collection)?.has(key) === true;
    let records = 0;
    let bytes = 0;
    const results = batch.map((job): WriteOutcome[] | Fence | Error => {
      const size = bytesOf(job);
      const full = this.#room(records + (job.kind === 'claim' ? 1 : job.writes.length), bytes + size);
      if (full !== undefined) return new RecordsError('full', full);
      const at = isoTime(this.wall());
      if (job.kind === 'claim') {
        const seq = this.#next++;
        made.push({ seq, at, bytes: size, writes: [], claims: job.name });
        this.#claims.set(job.name, -seq);
        records++;
        return { name: job.name, epoch: -seq };
      }
      const { fence } = job;
      const last = fence && this.#claims.get(fence.name);
      // An epoch above 0 is one of the server's: it was given before the claim here, which came later.
      if (fence && last !== undefined && last !== fence.epoch && !this.#isLater(fence, last)) {
        return fencedError(fence);
      }
      const kept: Omit<TextWrite, 'text'>[] = [];
      const seq = this.#next;
      const outcomes = job.writes.map((write): WriteOutcome => {
        const { kind, collection, key } = write;
        if (kind === 'append' && isTaken(write)) return 'duplicate';
        taken.add(`${collection}!${key}`);
        texts.set(valueKey(seq, kept.length), write.text);
        kept.push({ kind, collection, key });
        return 'stored';
      });
      if (kept.length > 0) {
        this.#next++;
        made.push({ seq, at, bytes: size, writes: kept, ...(fence && { fence }) });
        records += kept.length;
        bytes += size;
      }
      return outcomes;
    });
    if (made.length === 0) return results;
    try {
      await this.level.write([
        ...made.map(
          (entry) =>
            ({ kind: 'put', collection: collections.queue, key: queueKey(entry.seq), value: entry }) as const,
        ),
        ...Array.from(
          texts,
          ([key, text]) =>
            ({
              kind: 'put',
              collection: collections.values,
              key,
              value: JSON.parse(text) as unknown,
            }) as const,
        ),
      ]);
    } catch (error) {
      this.#orphans.push(
        ...made.map(({ seq }) => ({ collection: collections.queue, key: queueKey(seq) })),
        ...Array.from(texts.keys(), (key) => ({ collection: collections.values, key })),
      );
      throw error;
    }
    for (const entry of made) this.#take(entry);
    return results;
  }

  /** Whether the server gave that fence after the claim that was made here. */
  #isLater(fence: Fence, last: number): boolean {
    const real = this.#claimed.get(last);
    return fence.epoch > 0 && real !== undefined && fence.epoch >= real.epoch;
  }

  #take(entry: SpoolEntry): void {
    this.#queue.push(entry);
    this.#records += Math.max(1, entry.writes.length);
    this.#bytes += entry.bytes;
    for (const [index, { kind, collection, key }] of entry.writes.entries()) {
      let places = this.#places.get(collection);
      if (!places) this.#places.set(collection, (places = new Map<string, Place>()));
      // An append that follows a put would not be here: the key is taken.
      places.set(key, { seq: entry.seq, index, kind });
    }
  }

  async #load(): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await this.level.list(collections.queue, after === undefined ? {} : { after });
      for (const { value } of page) {
        const entry = value as SpoolEntry;
        this.#take(entry);
        if (entry.claims !== undefined) this.#claims.set(entry.claims, -entry.seq);
        this.#next = entry.seq + 1;
      }
      after = page.at(-1)?.key;
      if (after === undefined) break;
    }
    for (const { key, value } of await this.level.list(collections.claims, {
      limit: this.limits.maxRecords,
    })) {
      this.#claimed.set(-Number(key), value as Fence);
      this.#next = Math.max(this.#next, Number(key) + 1);
    }
    if (this.#queue.length === 0) await this.#forgetClaims();
  }

  async #forgetClaims(): Promise<void> {
    const { level } = this;
    const found = await level.list(collections.claims, { limit: this.limits.maxRecords });
    if (found.length === 0) return;
    await level.remove(found.map(({ key }) => ({ collection: collections.claims, key })));
  }
}

function bytesOf(job: SpoolJob): number {
  if (job.kind === 'claim') return job.name.length;
  return job.writes.reduce((sum, { text, key }) => sum + text.length + key.length, 0);
}

function queueKey(seq: number): string {
  return String(seq).padStart(16, '0');
}

function valueKey(seq: number, index: number): string {
  return `${queueKey(seq)}/${String(index).padStart(6, '0')}`;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
