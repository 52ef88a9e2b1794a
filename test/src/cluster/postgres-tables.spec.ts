import { migrate, recordsUpkeep } from '@esinet/platform/postgres';
import { requireProgram } from '@esinet/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { PostgresFixture } from './postgres-fixture.js';

const program = requireProgram('psql');
let fixture: PostgresFixture;

describe.skipIf(program.path === '')('the tables of records', () => {
  beforeAll(async () => {
    fixture = await PostgresFixture.start();
  }, 60_000);
  afterAll(() => fixture.dispose());

  program.it('a step that fails leaves nothing of itself, and the next try makes all', async () => {
    const client = new pg.Client(fixture.server.url);
    await client.connect();
    const steps = [
      { number: 1, name: 'one', sql: (schema: string) => `create table ${schema}.one (a int)` },
      { number: 2, name: 'two', sql: (schema: string) => `create table ${schema}.two (a int); select 1/0` },
    ];
    await expect(migrate(client, 'half', steps)).rejects.toThrow('division by zero');
    expect(await fixture.query(`select from pg_namespace where nspname = 'half'`)).toEqual([]);
    const mended = steps.map((step) => ({
      ...step,
      sql: (schema: string) => step.sql(schema).replace('; select 1/0', ''),
    }));
    expect(await migrate(client, 'half', mended)).toEqual([1, 2]);
    expect(await migrate(client, 'half', mended)).toEqual([]);
    await expect(migrate(client, 'half', steps.slice(0, 1))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('are of version 2, and this program knows versions up to 1') as string,
    });
    await client.end();
  });

  program.it(
    'months are made beforehand; old ones are dropped with their keys, and may be written again',
    async () => {
      const upkeep = recordsUpkeep(fixture.config({ monthsAhead: 2 }));
      expect((await upkeep.check()).version).toBe(0);
      const { steps, months } = await upkeep.migrate();
      expect([steps, months.length]).toEqual([[1], 3]);
      const records = await fixture.open({ instance: 'months' });
      await records.append('c', 'new', 1);
      // As if it had been stored before this program made partitions, and as if it had been in a month that has one.
      await fixture.query(
        `create table esinet.record_values_2020_01 partition of esinet.record_values
         for values from ('2020-01-01') to ('2020-02-01');
       insert into esinet.record_keys values ('c', 'older', '2019-12-01'), ('c', 'old', '2020-01-01');
       insert into esinet.record_values values ('2019-12-01', 'c', 'older', '1'), ('2020-01-01', 'c', 'old', '1')`,
      );
      expect(await records.append('c', 'old', 2)).toBe('duplicate');
      await records.put('c', 'old', 2);
      expect((await records.list('c')).map(({ key, value }) => [key, value])).toEqual([
        ['new', 1],
        ['old', 2],
        ['older', 1],
      ]);
      expect(
        await fixture.query(`select month::text, value from esinet.record_values where key = 'old'`),
      ).toEqual([{ month: '2020-01-01', value: '2' }]);
      expect(await upkeep.drop('2020-02')).toEqual(['2020-01']);
      expect((await records.list('c')).map(({ key }) => key)).toEqual(['new']);
      expect(await records.append('c', 'old', 3)).toBe('stored');
      expect((await upkeep.check()).months.length).toBeGreaterThan(2);
      await records.close();
    },
  );
});
