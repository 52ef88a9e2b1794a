import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import type { Metrics } from '../telemetry/metrics.js';
import { afterOwnTime } from './own-time.js';
import {
  type Fence,
  type ListOptions,
  type RecordWrite,
  type Records,
  RecordsError,
  type StoredRecord,
  type TextWrite,
  type WriteOutcome,
  checkCollection,
  checkKey,
  defaultListLimit,
  fencedError,
  textWrite,
} from './records.js';
import type { Spool, SpoolEntry, SpoolJob } from './spool.js';

/** The server's side, as `PostgresRecords` is one. */
export interface ServedRecords extends Records {
  writeTexts(writes: readonly TextWrite[], fence?: Fence): Promise<WriteOutcome[]>;
  /** Rejects while the server is not there. */
  ready(): Promise<void>;
  /** What is under way counts as lost: none of it is stored any more once the next write is. */
  abandon(): void;
}

export interface SpooledTimes {
  /** A server that acknowledged no write for so long though one waits, or answered no `get`, counts as away. */
  readonly slowMs: number;
  /** How often a server that is away is asked whether it is back. */
  readonly probeMs: number;
  /** How often one that is there is asked when nothing else is. */
  readonly idleProbeMs: number;
}

export interface SpooledOptions {
  readonly server: ServedRecords;
  readonly spool: Spool;
  /** Name of this process among those that share the server. */
  readonly instance: string;
  readonly times: SpooledTimes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Where what could not be stored as it was meant is kept, for people to look at. */
export const asideCollections = { fenced: 'spool.fenced', duplicates: 'spool.duplicates' } as const;

/** Sent at once when the server is back. */
const drainRecords = 1_000;
const drainBytes = 4 * 1_048_576;

/** Fences remembered that the server has refused: whoever holds one of them finds out at the next write. */
const rememberedFences = 10_000;

/** So few that new writes may wait until they are with the server. */
const lastEntries = 200;
/** Sent at once while new writes wait. */
const lastAtOnce = 50;

type Done = WriteOutcome[] | Fence;

interface Pending {
  readonly job: SpoolJob;
  readonly since: number;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
  readonly done: Promise<Done>;
}

/**
 * Records on a server that may be away. While it is, or has been silent for `slowMs`, writes are made durable in a bounded
 * spool on this process's own disk, and are promised as such. When it is back the spool is drained in its order; what
 * was under way when it went is among it, as a repetition changes nothing. Only an empty spool ends this: no write
 * overtakes another one.
 *
 * Reads then tell what is known here: what waits, and nothing of what the server has. A chat that begins is worth more
 * than the certainty that it did not begin before. What the drained writes meet at the server is decided there: an
 * append under a key that is taken by another value is kept aside. What comes under a fence that was replaced was promised
 * all the same: it is stored where nothing is, and kept aside where something is; nothing more is taken under that fence.
 */
export class SpooledRecords implements Records {
  readonly #o: SpooledOptions;
  /** With the server, in their order. */
  readonly #pending = new Set<Pending>();
  /** Wait for the last entries of the spool. */
  #held: Pending[] | undefined;
  #state: 'direct' | 'spooling';
  #reachable = false;
  #reason = 'it has not been reached yet';
  #draining: Promise<void> | undefined;
  /** Entries of the spool that are with the server. */
  #drained = 0;
  #probe: Timer | undefined;
  #slow: Timer | undefined;
  #aside = 0;
  /** Fences that were replaced, by name and epoch as their holder knows them. */
  readonly #replaced = new Set<string>();
  #closed = false;
  /** When the server last acknowledged a write, and when it last answered a read. */
  #wroteAt = -Infinity;
  #readAt = -Infinity;
  readonly #metrics;

  constructor(o: SpooledOptions) {
    this.#o = o;
    const { metrics } = o;
    this.#metrics = {
      spooled: metrics.gauge(
        'esinet_records_spooled',
        'Records that wait on this process’s own disk for the server',
      ),
      connected: metrics.gauge('esinet_records_connected', '1 while records go straight to the server'),
      aside: metrics.counter(
        'esinet_records_aside_total',
        'Spooled writes that the server could not take as they were meant, kept in a collection of their own',
        ['why'],
      ),
      unknown: metrics.counter(
        'esinet_records_reads_without_server_total',
        'Reads answered from what is known here while the server was away',
      ),
    };
    // Until the server has been reached, and what an earlier process left has gone to it.
    this.#state = 'spooling';
    this.#tell();
  }

  /**
   * The first try. Resolves when the records can be used, whether the server is there or not.
   *
   * @throws RecordsError `refused` where only a person can mend it
   */
  async start(): Promise<void> {
    try {
      await this.#o.server.ready();
    } catch (error) {
      if (error instanceof RecordsError && error.code === 'refused') throw error;
      this.#away(messageOf(error));
      return;
    }
    this.#reachable = true;
    // Nothing waits, as a rule: then there is nothing to do before.
    if (this.#o.spool.size === 0) this.#direct();
    else this.#probeLater(0);
  }

  async append(collection: string, key: string, value: unknown): Promise<WriteOutcome> {
    const [outcome = 'stored'] = await this.write([{ kind: 'append', collection, key, value }]);
    return outcome;
  }

  async put(collection: string, key: string, value: unknown): Promise<void> {
    await this.write([{ kind: 'put', collection, key, value }]);
  }

  async write(writes: readonly RecordWrite[], fence?: Fence): Promise<WriteOutcome[]> {
    this.#usable();
    if (fence && this.#replaced.has(nameOf(fence))) throw fencedError(fence);
    const job: SpoolJob = { kind: 'write', writes: writes.map(textWrite), fence };
    return (await this.#submit(job)) as WriteOutcome[];
  }

  /** While the server is away the fence has a negative epoch: it stands for the one the server will give. */
  async claim(name: string): Promise<Fence> {
    this.#usable();
    checkKey(name);
    return (await this.#submit({ kind: 'claim', name })) as Fence;
  }

  async get(collection: string, key: string): Promise<unknown> {
    this.#usable();
    checkCollection(collection);
    checkKey(key);
    const waiting = await this.#o.spool.get(collection, key);
    if (waiting?.kind === 'put') return waiting.value;
    const found = await this.#asked(() => this.#o.server.get(collection, key), this.#o.times.slowMs);
    // Of two appends under one key the server's came first.
    return found?.answer ?? waiting?.value;
  }

  async list(collection: string, options: ListOptions = {}): Promise<StoredRecord[]> {
    this.#usable();
    checkCollection(collection);
    const { spool, server } = this.#o;
    const { limit = defaultListLimit, reverse = false } = options;
    const waiting = new Map<string, { kind: 'append' | 'put'; value: unknown }>();
    for (const key of spool.keys(collection, { ...options, limit })) {
      const found = await spool.get(collection, key);
      if (found) waiting.set(key, found);
    }
    const found = await this.#asked(() => server.list(collection, options));
    if (waiting.size === 0) return found?.answer ?? [];
    const all = new Map((found?.answer ?? []).map(({ key, value }) => [key, value]));
    for (const [key, { kind, value }] of waiting) if (kind === 'put' || !all.has(key)) all.set(key, value);
    const sign = reverse ? -1 : 1;
    return Array.from(all, ([key, value]) => ({ key, value }))
      .sort((a, b) => sign * Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
      .slice(0, limit);
  }

  /** What was accepted is with the server or in the spool, which the next process drains. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#probe?.cancel();
    await this.#draining;
    while (this.#pending.size > 0) {
      await Promise.allSettled(Array.from(this.#pending, ({ done }) => done));
    }
    this.#slow?.cancel();
    this.#probe?.cancel();
    await this.#o.spool.idle();
    await this.#o.server.close();
    await this.#o.spool.close();
  }

  async check(): Promise<string | undefined> {
    if (this.#closed) return 'the records are closed';
    if (this.#state === 'direct') return undefined;
    const problem = await this.#o.spool.check();
    return problem && `${this.#reason}; ${problem}`;
  }

  note(): string | undefined {
    const notes = [
      ...(this.#state === 'spooling'
        ? [
            `${this.#reason}; ${this.#o.spool.records} records wait on this disk, older ones are not known here`,
          ]
        : []),
      ...(this.#aside > 0
        ? [
            `${this.#aside} spooled writes were kept aside, in ${Object.values(asideCollections).join(' or ')}`,
          ]
        : []),
      this.#o.server.note?.() ?? '',
    ];
    return notes.filter(Boolean).join('; ') || undefined;
  }

  #usable(): void {
    if (this.#closed) throw new RecordsError('closed', 'the records are closed');
  }

  #submit(job: SpoolJob): Promise<Done> {
    if (!this.#held && this.#state === 'spooling') return this.#spool(job);
    const pending = pendingOf(job, this.#o.clock.now());
    if (this.#held) this.#held.push(pending);
    else this.#send(pending);
    return pending.done;
  }

  async #spool(job: SpoolJob): Promise<Done> {
    const done = await this.#o.spool.add(job);
    this.#tell();
    // Nothing was to be stored: it was asked whether the fence is in force.
    if (job.kind === 'write' && job.writes.length === 0 && job.fence) {
      throw new RecordsError('unreachable', `whose ${job.fence.name} is only the server knows`);
    }
    return done;
  }

  #send(pending: Pending): void {
    this.#pending.add(pending);
    this.#watch();
    this.#perform(pending.job).then(
      (done) => {
        this.#wroteAt = this.#o.clock.now();
        if (this.#pending.delete(pending)) pending.resolve(done);
      },
      (error: unknown) => {
        // Given up meanwhile: it is in the spool.
        if (!this.#pending.has(pending)) return;
        if (isAway(error)) return this.#away(messageOf(error));
        this.#pending.delete(pending);
        pending.reject(error);
      },
    );
  }

  #perform(job: SpoolJob): Promise<Done> {
    const { server, spool } = this.#o;
    if (job.kind === 'claim') return server.claim(job.name);
    if (!job.fence) return server.writeTexts(job.writes);
    const fence = spool.fence(job.fence);
    return fence ? server.writeTexts(job.writes, fence) : Promise.reject(fencedError(job.fence));
  }

  /** The oldest write under way must not wait longer than `slowMs`. */
  #watch(): void {
    if (this.#slow) return;
    const { clock, times } = this.#o;
    const [oldest] = this.#pending;
    if (!oldest) return;
    const left = Math.max(1, Math.max(oldest.since, this.#wroteAt) + times.slowMs - clock.now());
    this.#slow = afterOwnTime(clock, left, () => {
      this.#slow = undefined;
      const [first] = this.#pending;
      const now = clock.now();
      // Where others were acknowledged meanwhile the server is there, and there is only much to do: of processes that
      // work from their own disks for that none knows what the other wrote.
      const isSilent = now - this.#wroteAt >= times.slowMs;
      if (first && now - first.since >= times.slowMs && isSilent) {
        this.#away(`PostgreSQL has not answered for ${times.slowMs} ms`);
      } else this.#watch();
    });
  }

  /** From now on into the spool; what is under way first. */
  #away(reason: string): void {
    const { server, logger } = this.#o;
    if (this.#state === 'direct') logger.error('records spooled', { reason });
    this.#state = 'spooling';
    this.#reachable = false;
    this.#reason = reason;
    const pending = [...this.#pending, ...(this.#held ?? [])];
    this.#pending.clear();
    this.#held = undefined;
    server.abandon();
    for (const { job, resolve, reject } of pending) this.#spool(job).then(resolve, reject);
    this.#tell();
    this.#probeLater(this.#o.times.probeMs);
  }

  #probeLater(ms: number): void {
    this.#probe?.cancel();
    if (this.#closed) return;
    this.#probe = this.#o.clock.after(ms, () => {
      this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
    });
  }

  async #drain(): Promise<void> {
    const { server, spool, times } = this.#o;
    try {
      await server.ready();
      if (this.#state === 'direct') return this.#probeLater(times.idleProbeMs);
      this.#reachable = true;
      while (!this.#closed) {
        if (spool.size <= lastEntries && !this.#held) this.#hold();
        if (this.#held) await spool.idle();
        const entries = spool.first(this.#held ? lastAtOnce : drainRecords, drainBytes);
        // What was held and had to wait too long is in the spool by now.
        if (entries.length === 0 && !this.#held) continue;
        if (entries.length === 0) break;
        await this.#replay(entries);
        this.#tell();
      }
      if (!this.#closed && this.#held) this.#direct();
    } catch (error) {
      this.#away(messageOf(error));
    }
    // Closed meanwhile: what was held goes where it is safe.
    if (this.#closed && this.#held) this.#away(this.#reason);
  }

  /**
   * New writes wait for the last of the spool, but not for long: then they go into it, and it is tried again with less.
   * A server that took nothing meanwhile is away.
   */
  #hold(): void {
    const held: Pending[] = [];
    const before = this.#drained;
    this.#held = held;
    afterOwnTime(this.#o.clock, this.#o.times.slowMs, () => {
      if (this.#held !== held) return;
      if (this.#drained === before) {
        return this.#away(`PostgreSQL has not answered for ${this.#o.times.slowMs} ms`);
      }
      this.#held = undefined;
      for (const { job, resolve, reject } of held) this.#spool(job).then(resolve, reject);
    });
  }

  #direct(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#state = 'direct';
    this.#reachable = true;
    this.#o.logger.info('records connected');
    this.#tell();
    for (const pending of held) this.#send(pending);
    this.#probeLater(this.#o.times.idleProbeMs);
  }

  async #replay(entries: readonly SpoolEntry[]): Promise<void> {
    const { spool, server } = this.#o;
    const done: SpoolEntry[] = [];
    // All are read before the first one goes, so that they go in their order.
    const read = await Promise.all(entries.map((entry) => spool.writesOf(entry)));
    const replayed = await Promise.allSettled(
      entries.map(async (entry, i) => {
        if (entry.claims !== undefined) return spool.claimed(entry, await server.claim(entry.claims));
        return this.#replayWrites(entry, read[i] ?? []);
      }),
    );
    for (const [i, outcome] of replayed.entries()) {
      const entry = entries[i];
      if (!entry || outcome.status === 'rejected') break;
      done.push(entry);
    }
    await spool.done(done);
    this.#drained += done.length;
    const failed = replayed.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #replayWrites(entry: SpoolEntry, writes: readonly TextWrite[]): Promise<void> {
    const { server, spool } = this.#o;
    const fence = entry.fence && spool.fence(entry.fence);
    let outcomes: readonly WriteOutcome[] = [];
    let why: keyof typeof asideCollections = 'duplicates';
    try {
      if (entry.fence && !fence) throw fencedError(entry.fence);
      outcomes = await server.writeTexts(writes, fence);
    } catch (error) {
      if (!(error instanceof RecordsError && error.code === 'fenced')) throw error;
      if (entry.fence) this.#remember(entry.fence);
      why = 'fenced';
      outcomes = await server.writeTexts(writes.map((write) => ({ ...write, kind: 'append' })));
    }
    const others: TextWrite[] = [];
    for (const [i, write] of writes.entries()) {
      if (outcomes[i] !== 'duplicate') continue;
      // A repetition finds what it stored before.
      const there = await server.get(write.collection, write.key);
      if (JSON.stringify(there) !== write.text) others.push(write);
    }
    if (others.length > 0) await this.#keepAside(why, entry, others);
  }

  #remember(fence: Fence): void {
    this.#replaced.add(nameOf(fence));
    if (this.#replaced.size <= rememberedFences) return;
    for (const oldest of this.#replaced) {
      this.#replaced.delete(oldest);
      break;
    }
  }

  async #keepAside(
    why: keyof typeof asideCollections,
    { at, seq, fence }: SpoolEntry,
    writes: readonly TextWrite[],
  ): Promise<void> {
    const { instance, logger, server } = this.#o;
    await server.write(
      writes.map(({ kind, collection, key, text }, i) => ({
        kind: 'append' as const,
        collection: asideCollections[why],
        key: `${at}/${instance}/${seq}/${i}`,
        value: {
          ...{ at, kind, collection, key, value: JSON.parse(text) as unknown },
          ...(fence && { fence: fence.name }),
        },
      })),
    );
    this.#aside++;
    this.#metrics.aside.inc({ why });
    logger.error('spooled write kept aside', { why, collection: asideCollections[why] });
  }

  /** The server's answer; undefined where it is away, as it then is for everybody. */
  async #asked<T>(ask: () => Promise<T>, withinMs?: number): Promise<{ readonly answer: T } | undefined> {
    if (!this.#reachable) {
      this.#metrics.unknown.inc();
      return undefined;
    }
    const { clock } = this.#o;
    let timer: Timer | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        if (withinMs === undefined) return;
        const wait = (ms: number): void => {
          timer = afterOwnTime(clock, ms, () => {
            const left = this.#readAt + withinMs - clock.now();
            // Others were answered meanwhile.
            if (left > 0) return wait(left);
            reject(new RecordsError('unreachable', `PostgreSQL has not answered for ${withinMs} ms`));
          });
        };
        wait(withinMs);
      });
      const answer = await Promise.race([ask(), late]);
      this.#readAt = clock.now();
      return { answer };
    } catch (error) {
      if (!isAway(error)) throw error;
      if (this.#reachable && !this.#closed) this.#away(messageOf(error));
      this.#metrics.unknown.inc();
      return undefined;
    } finally {
      timer?.cancel();
    }
  }

  #tell(): void {
    this.#metrics.spooled.set(this.#o.spool.records);
    this.#metrics.connected.set(this.#state === 'direct' ? 1 : 0);
  }
}

function nameOf({ name, epoch }: Fence): string {
  return `${name}\n${epoch}`;
}

/** Whether the server could not do what it was asked, rather than would not. */
function isAway(error: unknown): boolean {
  if (!(error instanceof RecordsError)) return true;
  return !['fenced', 'invalid', 'closed', 'overloaded'].includes(error.code);
}

function pendingOf(job: SpoolJob, since: number): Pending {
  let resolve: Pending['resolve'] = () => undefined;
  let reject: Pending['reject'] = () => undefined;
  const done = new Promise<Done>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { job, since, resolve, reject, done };
}
