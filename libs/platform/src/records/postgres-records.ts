import { randomBytes } from 'node:crypto';
import { type Clock, type Logger, type Timer, messageOf, silentLogger, systemClock } from '@esinet/kernel';
import pg from 'pg';
import { GroupCommit, type GroupCommitLimits } from './group-commit.js';
import { migrate, quoted } from './migrations/migrate.js';
import { binaryArray } from './postgres-arrays.js';
import { type ReadyWrite, type WriteGroup, batchOf, joinsBatch } from './postgres-batch.js';
import { mayPassAgain, recordsErrorOf } from './postgres-errors.js';
import { makeMonths } from './postgres-months.js';
import {
  type PostgresServer,
  type Session,
  type SessionTimes,
  connectionOf,
  makeDurable,
  openSession,
} from './postgres-session.js';
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
  type TextWrite,
  defaultListLimit,
  textWrite,
} from './records.js';

export interface PostgresOptions {
  readonly server: PostgresServer;
  readonly schema: string;
  /** Connections for reading; one more writes. */
  readonly pool: number;
  readonly times: SessionTimes;
  readonly limits: GroupCommitLimits;
  /** Months whose partitions are made beforehand. */
  readonly monthsAhead: number;
  /** Also a server that may lose what it acknowledged: for a lab. */
  readonly allowUnsafe: boolean;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** A batch that met a deadlock or the like is tried so often. */
const tries = 5;

/** How long the tables may take to be brought up to date, or to be waited for. */
const migrationMs = 90_000;

/** How often it is looked whether the partitions of the months to come are there. */
const monthsEveryMs = 12 * 3_600_000;

type Job =
  { readonly kind: 'write'; readonly group: WriteGroup } | { readonly kind: 'claim'; readonly name: string };
type Done = readonly WriteOutcome[] | Fence;

/**
 * Records in PostgreSQL, shared by many processes.
 *
 * Group commit over one connection: while one batch is under way everything else waits and goes with the next, in one
 * round trip and one transaction. A batch without an answer may have been committed all the same; it and all that waits
 * is rejected, and the next connection writes only when the old one is gone on the server too: what was given up is not
 * stored behind the back of what came later.
 */
export class PostgresRecords implements Records {
  readonly #o: PostgresOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pool: pg.Pool;
  readonly #commits: GroupCommit<Job, Done>;
  /** Held by the connection that writes; a number of this object. */
  readonly #lock = randomBytes(8).readBigInt64BE().toString();
  readonly #sql: ReturnType<typeof statements>;
  #writer: Session | undefined;
  #opening: Promise<Session> | undefined;
  #closed = false;
  #problem: string | undefined;
  #unsafe: string | undefined;
  #months: Timer | undefined;

  /** Nothing is connected yet. @throws RecordsError `refused` where the file of the authority cannot be read */
  constructor(o: PostgresOptions) {
    this.#o = o;
    this.#clock = o.clock ?? systemClock;
    this.#logger = o.logger ?? silentLogger;
    this.#sql = statements(quoted(o.schema));
    this.#pool = new pg.Pool({
      ...connectionOf(o.server, o.times),
      query_timeout: o.times.statementMs,
      max: o.pool,
      idleTimeoutMillis: 60_000,
    });
    // An idle connection that breaks is replaced when one is needed.
    this.#pool.on('error', () => undefined);
    this.#commits = new GroupCommit({
      limits: o.limits,
      sizeOf: (job) =>
        job.kind === 'claim'
          ? { records: 1, bytes: 0 }
          : {
              records: job.group.writes.length,
              bytes: job.group.writes.reduce((sum, { text }) => sum + text.length, 0),
            },
      joining: () => {
        const joins = joinsBatch();
        let kind: Job['kind'] | undefined;
        return (job) => {
          kind ??= job.kind;
          return job.kind === kind && (job.kind === 'claim' || joins(job.group));
        };
      },
      commit: (batch) => this.#commit(batch),
    });
  }

  /** Connected, and with its tables in order. @throws RecordsError `refused` or `unreachable` */
  static async open(o: PostgresOptions): Promise<PostgresRecords> {
    const records = new PostgresRecords(o);
    try {
      await records.ready();
      return records;
    } catch (error) {
      await records.close();
      throw error;
    }
  }

  /** Connects where it is not, and brings the tables up to date. @throws RecordsError */
  async ready(): Promise<void> {
    this.#usable();
    const { client } = await this.#session();
    await this.#answered(client.query('select 1'));
  }

  /** Gives up what is under way and all that waits, as if the connection had been lost. */
  abandon(): void {
    this.#writer?.cut();
    this.#writer = undefined;
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
    return this.writeTexts(writes.map(textWrite), fence);
  }

  /** As `write`, of values that are JSON already. */
  async writeTexts(writes: readonly TextWrite[], fence?: Fence): Promise<WriteOutcome[]> {
    this.#usable();
    if (writes.length === 0 && !fence) return [];
    const ready = writes.map((write): ReadyWrite => ({ ...write, key: Buffer.from(write.key) }));
    return (await this.#commits.add({ kind: 'write', group: { writes: ready, fence } })) as WriteOutcome[];
  }

  async claim(name: string): Promise<Fence> {
    this.#usable();
    checkKey(name);
    return (await this.#commits.add({ kind: 'claim', name })) as Fence;
  }

  async get(collection: string, key: string): Promise<unknown> {
    this.#usable();
    checkCollection(collection);
    checkKey(key);
    const rows = await this.#read<{ value: string }>('get', this.#sql.get, [collection, Buffer.from(key)]);
    return rows[0] === undefined ? undefined : JSON.parse(rows[0].value);
  }

  async list(collection: string, options: ListOptions = {}): Promise<StoredRecord[]> {
    this.#usable();
    checkCollection(collection);
    const { limit = defaultListLimit, reverse = false } = options;
    const { from, to } = rangeOf(options);
    const rows = await this.#read<{ key: Buffer; value: string }>(
      reverse ? 'list-reverse' : 'list',
      reverse ? this.#sql.listReverse : this.#sql.list,
      [collection, from, to, limit],
    );
    return rows.map(({ key, value }) => ({ key: key.toString('utf8'), value: JSON.parse(value) as unknown }));
  }

  /** Waits for what was accepted to be written, then disconnects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#months?.cancel();
    await this.#commits.idle();
    await this.#opening?.catch(() => undefined);
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer) {
      const late = this.#clock.after(1_000, () => writer.cut());
      await writer.client.end().catch(() => undefined);
      late.cancel();
    }
    const pool = this.#pool.end().catch(() => undefined);
    await Promise.race([pool, new Promise<void>((resolve) => this.#clock.after(1_000, resolve))]);
  }

  /** Asks the server: a sentence where it does not answer. */
  async check(): Promise<string | undefined> {
    if (this.#closed) return 'the records are closed';
    try {
      await this.ready();
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  note(): string | undefined {
    return [this.#unsafe, this.#problem].filter((each) => each !== undefined).join('; ') || undefined;
  }

  #usable(): void {
    if (this.#closed) throw new RecordsError('closed', 'the records are closed');
  }

  async #read<T extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<T[]> {
    // The tables are there once a connection has been made to write.
    await this.#session();
    try {
      return (await this.#pool.query<T>({ name, text, values })).rows;
    } catch (error) {
      throw recordsErrorOf(error, this.#o.server);
    }
  }

  async #commit(batch: readonly Job[]): Promise<readonly (Done | Error)[]> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.#session();
      try {
        const claims = batch.flatMap((job) => (job.kind === 'claim' ? [job.name] : []));
        if (claims.length > 0) return await this.#claim(session.client, claims);
        return await this.#write(
          session.client,
          batch.flatMap((job) => (job.kind === 'write' ? [job.group] : [])),
        );
      } catch (error) {
        if (mayPassAgain(error) && attempt < tries) continue;
        // Whatever it is at: nobody waits for it any more.
        session.cut();
        if (this.#writer === session) this.#writer = undefined;
        throw recordsErrorOf(error, this.#o.server);
      }
    }
  }

  async #write(client: pg.Client, groups: readonly WriteGroup[]): Promise<readonly (Done | Error)[]> {
    const { rows, fences, outcomes } = batchOf(groups);
    const { rows: answers } = await this.#answered(
      client.query<{ fresh: number[]; in_force: number[] }>({
        name: 'write',
        text: this.#sql.write,
        values: [
          binaryArray.text(rows.map(({ collection }) => collection)),
          binaryArray.bytea(rows.map(({ key }) => key)),
          binaryArray.text(rows.map(({ text }) => text)),
          binaryArray.bool(rows.map(({ overwrite }) => overwrite)),
          binaryArray.int4(rows.map(({ fence }) => fence)),
          binaryArray.bytea(fences.map(({ name }) => Buffer.from(name))),
          binaryArray.int8(fences.map(({ epoch }) => epoch)),
        ],
      }),
    );
    return outcomes(new Set(answers[0]?.fresh), new Set(answers[0]?.in_force));
  }

  /** Names that are claimed several times at once get as many epochs. */
  async #claim(client: pg.Client, names: readonly string[]): Promise<readonly Fence[]> {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    const claimed = [...counts]
      .map(([name, count]) => ({ name: Buffer.from(name), count }))
      .sort((a, b) => Buffer.compare(a.name, b.name));
    const { rows } = await this.#answered(
      client.query<{ name: Buffer; epoch: string }>({
        name: 'claim',
        text: this.#sql.claim,
        values: [
          binaryArray.bytea(claimed.map(({ name }) => name)),
          binaryArray.int8(claimed.map(({ count }) => count)),
        ],
      }),
    );
    const next = new Map(
      rows.map(({ name, epoch }) => [name.toString(), Number(epoch) - (counts.get(name.toString()) ?? 0)]),
    );
    return names.map((name) => {
      const epoch = (next.get(name) ?? 0) + 1;
      next.set(name, epoch);
      return { name, epoch };
    });
  }

  /** The server's own timeout comes first; ours is for one that says nothing at all. */
  async #answered<T>(asked: Promise<T>): Promise<T> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = this.#clock.after(this.#o.times.statementMs * 1.2, () => {
        const { host, port } = this.#o.server;
        this.abandon();
        reject(new RecordsError('unreachable', `PostgreSQL at ${host}:${port} does not answer`));
      });
    });
    try {
      return await Promise.race([asked, late]);
    } catch (error) {
      throw mayPassAgain(error) ? error : recordsErrorOf(error, this.#o.server);
    } finally {
      timer?.cancel();
    }
  }

  async #session(): Promise<Session> {
    if (this.#writer?.open) return this.#writer;
    return (this.#opening ??= this.#connect().finally(() => (this.#opening = undefined)));
  }

  async #connect(): Promise<Session> {
    const { server, schema, times, allowUnsafe } = this.#o;
    this.#writer?.cut();
    const session = await openSession(server, times, { clock: this.#clock });
    // The server's own timeouts come first; these are for one that says nothing at all.
    let late = this.#clock.after(times.statementMs * 2, () => session.cut());
    try {
      this.#unsafe = await makeDurable(session.client, server);
      if (this.#unsafe !== undefined && !allowUnsafe) {
        throw new RecordsError('refused', `${this.#unsafe}. records.allowUnsafe: true takes it, for a lab`);
      }
      await this.#onlyWriter(session.client);
      late.cancel();
      late = this.#clock.after(migrationMs, () => session.cut());
      const made = await migrate(session.client, schema);
      if (made.length > 0) this.#logger.info('records migrated', { schema, version: made.at(-1) });
      await this.#keepMonths(session.client);
      this.#writer = session;
      return session;
    } catch (error) {
      session.cut();
      const known = recordsErrorOf(error, server);
      throw known.code === 'overloaded'
        ? new RecordsError('unreachable', known.message, { cause: error })
        : known;
    } finally {
      late.cancel();
    }
  }

  /** Ends the connection that wrote before, which may still be at work on the server, and waits until it is gone. */
  async #onlyWriter(client: pg.Client): Promise<void> {
    await client.query(
      `select pg_terminate_backend(pid) from pg_locks
       where locktype = 'advisory' and granted and pid <> pg_backend_pid()
         and database = (select oid from pg_database where datname = current_database())
         and (classid::bigint << 32 | objid::bigint) = $1::bigint and objsubid = 1`,
      [this.#lock],
    );
    await client.query('select pg_advisory_lock($1::bigint)', [this.#lock]);
  }

  async #keepMonths(client: pg.Client): Promise<void> {
    this.#months?.cancel();
    try {
      await makeMonths(client, this.#o.schema, this.#o.monthsAhead);
      this.#problem = undefined;
    } catch (error) {
      // The default partition takes what has none: untidy, but stored.
      this.#problem = `partitions of the months to come cannot be made: ${messageOf(error)}`;
      this.#logger.warn('no partitions made', { reason: messageOf(error) });
    }
    if (this.#closed) return;
    this.#months = this.#clock.after(monthsEveryMs, () => {
      // By a connection of its own: nothing waits for it.
      this.#pool
        .connect()
        .then(async (other) => {
          try {
            await this.#keepMonths(other as unknown as pg.Client);
          } finally {
            other.release();
          }
        })
        .catch((error: unknown) => this.#logger.warn('no partitions made', { reason: messageOf(error) }));
    });
  }
}

/** First key and the one behind the last, in bytes: no byte of UTF-8 is 0xff. */
export function rangeOf({ prefix = '', after, reverse = false }: ListOptions): { from: Buffer; to: Buffer } {
  const from = Buffer.from(prefix);
  const to = Buffer.concat([from, Buffer.of(0xff)]);
  if (after === undefined) return { from, to };
  const behind = Buffer.from(after);
  if (reverse) return { from, to: Buffer.compare(behind, to) < 0 ? behind : to };
  // The next key there can be.
  const next = Buffer.concat([behind, Buffer.of(0)]);
  return { from: Buffer.compare(next, from) > 0 ? next : from, to };
}

function statements(schema: string) {
  const list = (direction: 'asc' | 'desc'): string =>
    `select k.key, v.value from (
       select month, key from ${schema}.record_keys
       where collection = $1 and key >= $2 and key < $3 order by key ${direction} limit $4
     ) k join ${schema}.record_values v on v.month = k.month and v.collection = $1 and v.key = k.key
     order by k.key ${direction}`;
  return {
    get: `select v.value from ${schema}.record_keys k
      join ${schema}.record_values v on v.month = k.month and v.collection = k.collection and v.key = k.key
      where k.collection = $1 and k.key = $2`,
    list: list('asc'),
    listReverse: list('desc'),
    write: `select fresh, in_force from ${schema}.write_1($1, $2, $3, $4, $5, $6, $7)`,
    claim: `insert into ${schema}.fences as f (name, epoch)
      select name, epoch from unnest($1::bytea[], $2::bigint[]) as c(name, epoch)
      on conflict (name) do update set epoch = f.epoch + excluded.epoch returning name, epoch`,
  };
}
