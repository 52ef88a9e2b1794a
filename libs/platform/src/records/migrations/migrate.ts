import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { RecordsError } from '../records.js';
import { codeOf } from '../postgres-errors.js';
import { migrations } from './all.js';
import type { Migration } from './migration.js';

/** How long the other one that is at it may take. */
const maxWaitMs = 60_000;

export interface SchemaState {
  /** Number of the last step that was made; 0 where there is nothing yet. */
  readonly version: number;
  /** The last step this program knows. */
  readonly known: number;
}

/** What is there. @throws whatever the server says, or RecordsError `refused` where it is newer than this program */
export async function schemaState(
  client: ClientBase,
  schema: string,
  steps: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const known = steps.at(-1)?.number ?? 0;
  const table = `${quoted(schema)}.migrations`;
  // Not to_regclass: within a transaction it may not see yet what another one has just made.
  const there = await client.query(
    `select from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = 'migrations'`,
    [schema],
  );
  if (there.rows.length === 0) return { version: 0, known };
  const found = await client.query<{ version: number }>(
    `select coalesce(max(number), 0)::int as version from ${table}`,
  );
  const version = found.rows[0]?.version ?? 0;
  if (version > known) {
    throw new RecordsError(
      'refused',
      `the records in schema ${schema} are of version ${version}, and this program knows versions up to ${known}: ` +
        `a newer program has been here, and only it or a newer one may go on`,
    );
  }
  return { version, known };
}

/**
 * Makes the steps that are missing, all of them or none. Whoever comes first makes them; who comes meanwhile waits and
 * finds nothing to do. Gives the numbers of those made.
 *
 * @throws RecordsError `refused` where the role may not, or the database is newer
 */
export async function migrate(
  client: ClientBase,
  schema: string,
  steps: readonly Migration[] = migrations,
): Promise<number[]> {
  const before = await schemaState(client, schema, steps);
  if (before.version === before.known) return [];
  const name = quoted(schema);
  await client.query('begin');
  try {
    await client.query(`set local statement_timeout = ${maxWaitMs}`);
    await client.query(`set local lock_timeout = ${maxWaitMs}`);
    await client.query('select pg_advisory_xact_lock($1::bigint)', [lockOf(schema)]);
    const { version } = await schemaState(client, schema, steps);
    const missing = steps.filter(({ number }) => number > version);
    if (missing.length > 0) {
      // Asked first: who has a schema may lack the right to make one.
      const { rows } = await client.query('select from pg_namespace where nspname = $1', [schema]);
      if (rows.length === 0) await client.query(`create schema ${name}`);
      await client.query(
        `create table if not exists ${name}.migrations (number int primary key, name text not null, at timestamptz not null default now())`,
      );
    }
    for (const step of missing) {
      await client.query(step.sql(name));
      await client.query(`insert into ${name}.migrations (number, name) values ($1, $2)`, [
        step.number,
        step.name,
      ]);
    }
    await client.query('commit');
    return missing.map(({ number }) => number);
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (codeOf(error) !== '42501') throw error;
    throw new RecordsError(
      'refused',
      `the records in schema ${schema} are of version ${before.version} and have to be brought to ${before.known}, ` +
        `which this role may not: let the owner run "esinet records migrate"`,
      { cause: error },
    );
  }
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** A number of its own for each schema. */
function lockOf(schema: string): string {
  return createHash('sha256').update(`esinet records ${schema}`).digest().readBigInt64BE().toString();
}
