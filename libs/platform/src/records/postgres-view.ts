import { type Clock, messageOf } from '@esinet/kernel';
import pg from 'pg';
import { quoted } from './migrations/migrate.js';
import type { RecordsReader } from './open-view.js';
import { codeOf, recordsErrorOf } from './postgres-errors.js';
import { rangeOf } from './postgres-records.js';
import { type PostgresServer, type SessionTimes, connectionOf } from './postgres-session.js';
import {
  type ListOptions,
  RecordsError,
  type StoredRecord,
  checkCollection,
  defaultListLimit,
} from './records.js';

/** The view that is made in the schema of the records. */
export const offeredView = 'offered_records';

/**
 * Makes the view of these collections and lets `role` read it. A view reads with the rights of its owner: the role needs
 * none on the tables, and gets none.
 */
export async function offerView(
  client: pg.ClientBase,
  schema: string,
  role: string,
  collections: readonly string[],
): Promise<void> {
  for (const collection of collections) checkCollection(collection);
  const name = quoted(schema);
  const who = quoted(role);
  const list = collections.map((collection) => `'${collection}'`).join(', ');
  await client.query('begin');
  try {
    const { rows } = await client.query('select from pg_roles where rolname = $1', [role]);
    if (rows.length === 0) {
      await client.query(`create role ${who} login`).catch((error: unknown) => {
        if (codeOf(error) !== '42501') throw error;
        const remedy = `let who may do so "create role ${role} login"`;
        throw new RecordsError('refused', `there is no role ${role}, and this one may make none: ${remedy}`, {
          cause: error,
        });
      });
    }
    await client.query(
      `create or replace view ${name}.${offeredView} with (security_barrier) as
       select k.collection, k.key, v.value from ${name}.record_keys k
       join ${name}.record_values v on v.month = k.month and v.collection = k.collection and v.key = k.key
       where k.collection in (${list})`,
    );
    await client.query(`revoke all on all tables in schema ${name} from ${who}`);
    await client.query(`grant usage on schema ${name} to ${who}`);
    await client.query(`grant select on ${name}.${offeredView} to ${who}`);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Reads what another element offers. Every connection is read-only, whatever its role may. */
export class PostgresView implements RecordsReader {
  readonly #pool: pg.Pool;
  readonly #from: string;
  #closed = false;

  constructor(
    private readonly o: {
      readonly server: PostgresServer;
      readonly schema: string;
      readonly pool: number;
      readonly times: SessionTimes;
      readonly clock: Clock;
    },
  ) {
    this.#from = `${quoted(o.schema)}.${offeredView}`;
    this.#pool = new pg.Pool({
      ...connectionOf(o.server, o.times),
      options: '-c default_transaction_read_only=on',
      query_timeout: o.times.statementMs,
      max: o.pool,
      idleTimeoutMillis: 60_000,
    });
    // An idle connection that breaks is replaced when one is needed.
    this.#pool.on('error', () => undefined);
  }

  async get(collection: string, key: string): Promise<unknown> {
    const rows = await this.#read<{ value: string }>(
      `select value from ${this.#from} where collection = $1 and key = $2`,
      [collection, Buffer.from(key)],
    );
    return rows[0] === undefined ? undefined : (JSON.parse(rows[0].value) as unknown);
  }

  async list(collection: string, options: ListOptions = {}): Promise<StoredRecord[]> {
    const { from, to } = rangeOf(options);
    const direction = options.reverse === true ? 'desc' : 'asc';
    const rows = await this.#read<{ key: Buffer; value: string }>(
      `select key, value from ${this.#from} where collection = $1 and key >= $2 and key < $3
       order by key ${direction} limit $4`,
      [collection, from, to, options.limit ?? defaultListLimit],
    );
    return rows.map(({ key, value }) => ({ key: key.toString(), value: JSON.parse(value) as unknown }));
  }

  async check(): Promise<string | undefined> {
    try {
      await this.#read(`select from ${this.#from} limit 0`, []);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const ended = this.#pool.end().catch(() => undefined);
    await Promise.race([ended, new Promise<void>((resolve) => this.o.clock.after(1_000, resolve))]);
  }

  async #read<T extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<T[]> {
    try {
      return (await this.#pool.query<T>(text, values)).rows;
    } catch (error) {
      throw recordsErrorOf(error, this.o.server);
    }
  }
}
