import { silentLogger, systemClock } from '@esinet/kernel';
import { defaultRecordsLimits, openPostgresView, postgresViewSchema, recordsSchema } from '@esinet/platform';
import { type PostgresOptions, PostgresRecords, recordsUpkeep } from '@esinet/platform/postgres';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { requireProgram } from './outside-program.js';
import { postgresFolder, postgresServer } from './postgres-server.js';
import { recordsContract } from './records-contract.js';
import type { TestServer } from './test-server.js';
import { until } from './until.js';

const program = requireProgram('psql');
let server: TestServer;
let schemas = 0;

function options(o: Partial<PostgresOptions> = {}): PostgresOptions {
  return {
    server: {
      ...{ host: '127.0.0.1', port: server.port, database: 'esinet', user: 'esinet', password: 'esinet' },
      tls: undefined,
    },
    schema: `s${++schemas}`,
    pool: 4,
    // A starved machine is slow, and no test here is about time.
    times: { connectMs: 10_000, statementMs: 10_000 },
    limits: defaultRecordsLimits,
    monthsAhead: 1,
    allowUnsafe: false,
    ...o,
  };
}

async function query<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
  const client = new pg.Client(server.url);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe.skipIf(program.path === '')('PostgreSQL', () => {
  beforeAll(async () => {
    server = await postgresServer(postgresFolder() ?? '');
  }, 60_000);
  afterAll(() => server.dispose());

  recordsContract('PostgreSQL', () => {
    const o = options();
    return Promise.resolve({ open: () => PostgresRecords.open(o), dispose: () => Promise.resolve() });
  });

  describe('two that share one', () => {
    const pair = async (): Promise<[PostgresRecords, PostgresRecords, string]> => {
      const o = options();
      // At once, on an empty schema: one of them makes the tables, the other one waits.
      const [a, b] = await Promise.all([PostgresRecords.open(o), PostgresRecords.open(o)]);
      return [a, b, o.schema];
    };

    program.it('of appends under one key one is stored', async () => {
      const [a, b] = await pair();
      for (let round = 0; round < 20; round++) {
        const key = `k${round}`;
        const outcomes = await Promise.all([a.append('race', key, 'a'), b.append('race', key, 'b')]);
        expect(outcomes.toSorted()).toEqual(['duplicate', 'stored']);
        expect(await a.get('race', key)).toBe(outcomes[0] === 'stored' ? 'a' : 'b');
      }
      await Promise.all([a.close(), b.close()]);
    });

    program.it('batches that share keys do not stop each other, and no put is lost', async () => {
      const [a, b] = await pair();
      const write = (records: PostgresRecords, name: string) =>
        Promise.all(
          Array.from({ length: 50 }, (_, i) => records.put('puts', `k${(i * 7) % 50}`, `${name}${i}`)),
        );
      for (let round = 0; round < 5; round++) await Promise.all([write(a, 'a'), write(b, 'b')]);
      expect(await a.list('puts')).toHaveLength(50);
      await a.put('puts', 'k0', 'last');
      expect(await b.get('puts', 'k0')).toBe('last');
      await Promise.all([a.close(), b.close()]);
    });

    program.it('a fence that the other one has replaced keeps the first one’s writes out', async () => {
      const [a, b] = await pair();
      const put = (value: number) => [{ kind: 'put', collection: 'f', key: 'k', value }] as const;
      const first = await a.claim('chat\u0000/1');
      expect(await a.write(put(1), first)).toEqual(['stored']);
      const second = await b.claim('chat\u0000/1');
      expect(second.epoch).toBe(first.epoch + 1);
      const together = await Promise.allSettled([
        a.write(put(2), first),
        a.append('f', 'without', 1),
        b.write(put(3), second),
      ]);
      expect(together.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
      expect(together[0]).toMatchObject({ reason: { code: 'fenced' } });
      expect(await a.get('f', 'k')).toBe(3);
      await Promise.all([a.close(), b.close()]);
    });

    program.it('a claim waits for a write that is under way, and a write for a claim', async () => {
      const [a, b, schema] = await pair();
      const fence = await a.claim('chat');
      const other = new pg.Client(server.url);
      await other.connect();
      // The write is held in the middle of its transaction: its key is being made by somebody else.
      await other.query('begin');
      await other.query(`insert into ${schema}.record_keys values ('f', 'held', '2026-01-01')`);
      let told = false;
      const writing = a.write([{ kind: 'append', collection: 'f', key: 'held', value: 1 }], fence);
      const waiting = async (count: number): Promise<true> =>
        until(async () => {
          const sql = `select from pg_stat_activity where wait_event_type = 'Lock'`;
          return (await query(sql)).length === count && (true as const);
        });
      await waiting(1);
      const claiming = b.claim('chat').then((claimed) => {
        told = true;
        return claimed;
      });
      await waiting(2);
      expect(told).toBe(false);
      await other.query('rollback');
      expect(await writing).toEqual(['stored']);
      expect((await claiming).epoch).toBe(2);

      // And the other way round: the claim is made and not committed when the write comes.
      await other.query('begin');
      await other.query(`update ${schema}.fences set epoch = 3`);
      const late = a.write([{ kind: 'append', collection: 'f', key: 'late', value: 1 }], {
        name: 'chat',
        epoch: 2,
      });
      await waiting(1);
      await other.query('commit');
      await expect(late).rejects.toMatchObject({ code: 'fenced' });
      expect(await b.get('f', 'late')).toBeUndefined();
      await other.end();
      await Promise.all([a.close(), b.close()]);
    });
  });

  program.it('what was given up is not stored behind what came later', async () => {
    const o = options({ times: { connectMs: 10_000, statementMs: 300 } });
    const records = await PostgresRecords.open(o);
    await records.put('c', 'k', 'before');
    const other = new pg.Client(server.url);
    await other.connect();
    await other.query('begin');
    await other.query(`select from ${o.schema}.record_values where key = 'k' for update`);
    // Who is first decides: the server, which waits no longer for the row, or we, who wait no longer for the server.
    await expect(records.put('c', 'k', 'slow')).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:unreachable|overloaded)$/) as string,
    });
    await other.query('rollback');
    await other.end();
    await records.put('c', 'k', 'later');
    expect(await query(`select value from ${o.schema}.record_values where key = 'k'`)).toEqual([
      { value: '"later"' },
    ]);
    await records.close();
  });

  program.it('offers collections in a view to a role that can read them, and do nothing else', async () => {
    const o = options();
    const records = await PostgresRecords.open(o);
    for (let i = 0; i < 12; i++) await records.put('messages', `a/${String(i).padStart(2, '0')}`, { i });
    await records.put('transfers', 't', { secret: true });
    const at = `postgres://esinet@127.0.0.1:${server.port}/esinet`;
    const config = recordsSchema.parse({ kind: 'postgres', url: at, password: 'esinet', schema: o.schema });
    if (config.kind !== 'postgres') throw new Error(config.kind);
    const upkeep = recordsUpkeep(config);
    await expect(upkeep.offer('nobody_yet', ['messages'])).rejects.toMatchObject({ code: 'refused' });
    await upkeep.offer('esinet_handover', ['chats', 'messages']);
    await upkeep.offer('esinet_handover', ['chats', 'messages']);
    const view = await openPostgresView(
      postgresViewSchema.parse({
        ...{ kind: 'postgres', url: at, user: 'esinet_handover', password: 'handover', schema: o.schema },
      }),
      { tls: undefined, logger: silentLogger, clock: systemClock },
    );
    expect(await view.check()).toBeUndefined();
    expect(await view.get('messages', 'a/03')).toEqual({ i: 3 });
    expect(await view.get('messages', 'b')).toBeUndefined();
    const page = { prefix: 'a/', after: 'a/08', limit: 2 };
    expect((await view.list('messages', page)).map(({ key }) => key)).toEqual(['a/09', 'a/10']);
    expect(await view.list('messages', { ...page, reverse: true })).toMatchObject([
      { key: 'a/07' },
      { key: 'a/06' },
    ]);
    expect(await view.list('transfers')).toEqual([]);
    await view.close();
    const reader = new pg.Client(`postgres://esinet_handover:handover@127.0.0.1:${server.port}/esinet`);
    await reader.connect();
    for (const sql of [
      `select * from ${o.schema}.record_values`,
      `insert into ${o.schema}.offered_records values ('messages', 'x', '{}')`,
      `delete from ${o.schema}.record_keys`,
      `create table ${o.schema}.mine (a int)`,
    ]) {
      await expect(reader.query(sql), sql).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:42501|55000)$/) as string,
      });
    }
    await reader.end();
    await records.close();
  });
});
