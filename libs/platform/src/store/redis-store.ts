import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import { Cluster, type Redis } from 'ioredis';
import type { Metrics } from '../telemetry/metrics.js';
import { storeErrorOf, sentenceOf } from './redis-errors.js';
import { type RedisScript, compareAndSetScript, incrementScript } from './redis-scripts.js';
import { type Store, StoreError, type StoreOptions } from './store.js';

/** How often a store that is there is asked whether it still is what it was. */
const watchMs = 1_000;

/** How often one that is away is. */
const probeMs = 200;

/** Reasons logged of one time that it is away. */
const mostReasons = 10;

/** Keys asked for at a time. */
const scanCount = 1_000;

/** What happened to the store: it went away, it is back, or it is there and has lost what it had. */
export type StoreChange = 'away' | 'back' | 'emptied';

export interface RedisStoreOptions {
  /** Start of every key. */
  readonly prefix: string;
  /** Milliseconds that one command is waited for. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly onChange?: (change: StoreChange) => void;
}

/**
 * A store on Redis: alone, behind Sentinel, or a Cluster. While it is away everything rejects at once with StoreError
 * `unreachable`; a command that had been sent by then may have been carried out. It counts as away when the connection is
 * gone, and when it has not answered anything for the time that a command is waited for.
 */
export class RedisStore implements Store {
  readonly #pending = new Set<(error: StoreError) => void>();
  readonly #marker: string;
  readonly #gauge: { set(value: number): void };
  /** Why it is away; undefined while it is there. */
  #why: string | undefined = 'not connected yet';
  /** Reasons that were logged since it went away: each once. */
  readonly #told = new Set<string>();
  #awaySince: number;
  /** Monotonic ms of the last answer to anything. */
  #answered = -1;
  /** Names what the store held when it was last seen. */
  #epoch: string | undefined;
  #looking = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #settled: (() => void)[] = [];

  constructor(
    private readonly client: Redis | Cluster,
    private readonly o: RedisStoreOptions,
  ) {
    // No character of it is typed by anybody, and `keys` leaves it out.
    this.#marker = `${o.prefix}\0marker`;
    this.#awaySince = o.clock.now();
    this.#gauge = o.metrics.gauge('esinet_store_connected', 'Whether the shared store answers');
    this.#gauge.set(0);
    client.on('ready', () => this.#look());
    client.on('error', (error: unknown) => this.#away(sentenceOf(error)));
    client.on('close', () => this.#away('the connection is closed'));
    client.on('end', () => this.#away('the connection is closed'));
  }

  get connected(): boolean {
    return this.#why === undefined;
  }

  /** Begins to connect. Resolves when the store is there or it is plain that it is not, at the latest after `waitMs`. */
  async connect(waitMs: number): Promise<void> {
    // What goes wrong is told by the event; it is tried again for ever.
    this.client.connect().catch(() => undefined);
    this.#lookLater();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#settled.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#fail('closed');
    this.client.disconnect();
    return Promise.resolve();
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#ask(() => this.client.get(this.#keyOf(key)))) ?? undefined;
  }

  async set(key: string, value: string, options: StoreOptions = {}): Promise<void> {
    const ttl = ttlOf(options);
    await this.#ask<unknown>(() =>
      ttl === 0
        ? this.client.set(this.#keyOf(key), value)
        : this.client.set(this.#keyOf(key), value, 'PX', ttl),
    );
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: string | undefined,
    options: StoreOptions = {},
  ): Promise<boolean> {
    const ttl = ttlOf(options);
    const present = (text: string | undefined) => [text === undefined ? 0 : 1, text ?? ''] as const;
    const did = await this.#run(compareAndSetScript, key, [...present(expected), ...present(value), ttl]);
    return did === 1;
  }

  async delete(key: string): Promise<void> {
    await this.#ask(() => this.client.del(this.#keyOf(key)));
  }

  async increment(key: string, by = 1, options: StoreOptions = {}): Promise<number> {
    const ttl = ttlOf(options);
    if (!Number.isSafeInteger(by)) throw new StoreError('not-a-number', 'what is added is no whole number');
    return Number(await this.#run(incrementScript, key, [by, ttl]));
  }

  async keys(prefix: string): Promise<string[]> {
    const nodes = this.client instanceof Cluster ? this.client.nodes('master') : [this.client];
    const found = new Set<string>();
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, some] = await this.#ask(() =>
          node.scan(cursor, 'MATCH', `${literal(this.#keyOf(prefix))}*`, 'COUNT', scanCount),
        );
        for (const key of some) if (key !== this.#marker) found.add(key.slice(this.o.prefix.length));
        cursor = next;
      } while (cursor !== '0');
    }
    return [...found].sort();
  }

  #keyOf(key: string): string {
    return this.o.prefix + key;
  }

  #run(script: RedisScript, key: string, values: readonly (string | number)[]): Promise<unknown> {
    return this.#ask(async () => {
      try {
        return await this.client.evalsha(script.sha, 1, this.#keyOf(key), ...values);
      } catch (error) {
        // It was restarted, or has never run it.
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
        return this.client.eval(script.text, 1, this.#keyOf(key), ...values);
      }
    });
  }

  /** One command, waited for no longer than `timeoutMs`. */
  #ask<T>(send: () => Promise<T>): Promise<T> {
    if (this.#why !== undefined) return Promise.reject(new StoreError('unreachable', this.#why));
    const { clock, timeoutMs } = this.o;
    const sent = clock.now();
    return new Promise<T>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#pending.delete(fail);
      };
      const fail = (error: StoreError): void => {
        settle();
        reject(error);
      };
      // An answer that is here already counts, however long this process was busy with something else.
      const timer = setTimeout(() => setImmediate(() => this.#late(sent, fail)), timeoutMs);
      timer.unref();
      this.#pending.add(fail);
      send().then(
        (answer) => {
          this.#answered = clock.now();
          settle();
          resolve(answer);
        },
        (error: unknown) => fail(storeErrorOf(error)),
      );
    });
  }

  #late(sent: number, fail: (error: StoreError) => void): void {
    if (!this.#pending.has(fail)) return;
    const why = `no answer within ${this.o.timeoutMs} ms`;
    fail(new StoreError('unreachable', why));
    // Where others were answered meanwhile, it is one command (or one node) that is slow.
    if (this.#answered < sent) this.#away(why);
  }

  #away(why: string): void {
    if (this.#closed) return;
    if (this.#why === undefined) {
      this.#awaySince = this.o.clock.now();
      this.#gauge.set(0);
      this.o.onChange?.('away');
    }
    this.#fail(why);
    for (const settled of this.#settled.splice(0)) settled();
    this.#lookLater();
    // That a connection closed says less than why the next one failed.
    if (this.#told.has(why) || this.#told.size >= mostReasons) return;
    if (this.#told.size > 0 && why === 'the connection is closed') return;
    this.#told.add(why);
    this.o.logger.warn('store-away', { reason: why });
  }

  #fail(why: string): void {
    this.#why = why;
    for (const fail of [...this.#pending]) fail(new StoreError('unreachable', why));
  }

  #back(): void {
    this.#why = undefined;
    this.#gauge.set(1);
    const awayMs = Math.round(this.o.clock.now() - this.#awaySince);
    this.o.logger.info('store-connected', { awayMs });
    this.#told.clear();
    this.o.onChange?.('back');
    for (const settled of this.#settled.splice(0)) settled();
  }

  #lookLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), this.#why === undefined ? watchMs : probeMs);
    this.#timer.unref();
  }

  /** Whether it answers, and whether it is what it was. One question at a time, however long the answer takes. */
  #look(): void {
    if (this.#closed) return;
    this.#lookLater();
    // Nothing else would begin again after an error that the client takes for its end.
    if (this.client.status === 'end') this.client.connect().catch(() => undefined);
    if (this.#looking || this.client.status !== 'ready') return;
    this.#looking = true;
    const sent = this.o.clock.now();
    const late = setTimeout(() => {
      setImmediate(() => {
        if (this.#looking && this.#why === undefined && this.#answered < sent)
          this.#away(`no answer within ${this.o.timeoutMs} ms`);
      });
    }, this.o.timeoutMs);
    late.unref();
    this.#readEpoch()
      .then(
        (epoch) => this.#seen(epoch),
        (error: unknown) => this.#away(sentenceOf(error)),
      )
      .finally(() => {
        clearTimeout(late);
        this.#looking = false;
      });
  }

  async #readEpoch(): Promise<string> {
    const found = await this.client.get(this.#marker);
    this.#answered = this.o.clock.now();
    if (found !== null) return found;
    const made = randomUUID();
    if ((await this.client.set(this.#marker, made, 'NX')) !== null) return made;
    return (await this.client.get(this.#marker)) ?? made;
  }

  #seen(epoch: string): void {
    if (this.#closed || this.client.status !== 'ready') return;
    const emptied = this.#epoch !== undefined && this.#epoch !== epoch;
    this.#epoch = epoch;
    if (this.#why !== undefined) this.#back();
    if (!emptied) return;
    this.o.logger.warn('store-emptied', { reason: 'the store has lost what it held' });
    this.o.onChange?.('emptied');
  }
}

/** Whole milliseconds; 0 stays. */
function ttlOf({ ttlMs }: StoreOptions): number {
  if (ttlMs === undefined) return 0;
  if (!(ttlMs > 0)) throw new StoreError('ttl', 'a time to live is more than 0 ms');
  return ttlMs > Number.MAX_SAFE_INTEGER / 2 ? 0 : Math.ceil(ttlMs);
}

/** A pattern of Redis that only this text matches. */
function literal(text: string): string {
  let pattern = '';
  for (const char of text) pattern += '*?[]^-\\'.includes(char) ? `\\${char}` : char;
  return pattern;
}
