import { requireProgram, until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { PostgresFixture } from './postgres-fixture.js';

const program = requireProgram('psql');
let fixture: PostgresFixture;

const at = (): string => `PostgreSQL at 127.0.0.1:${fixture.server.port}`;
const url = (rest: string): string => `postgres://${rest}`;

describe.skipIf(program.path === '')('an element starts with PostgreSQL', () => {
  beforeAll(async () => {
    fixture = await PostgresFixture.start();
  }, 60_000);
  afterAll(() => fixture.dispose());

  program.it('what can never work is told in one sentence, and the element does not start', async () => {
    const { port } = fixture.server;
    await (await fixture.open()).close();
    await fixture.query(`insert into esinet.migrations values (99, 'later')`);
    const told = (records: Readonly<Record<string, unknown>>): Promise<string> =>
      fixture.open({ records }).then(
        async (opened) => {
          await opened.close();
          return 'it started';
        },
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    expect(await told({ password: 'wrong' })).toBe(`${at()} refuses the password of esinet`);
    expect(await told({ password: undefined })).toBe(
      `${at()} asks esinet for a password, and none is configured`,
    );
    expect(await told({ url: url(`esinet@127.0.0.1:${port}/nowhere`) })).toBe(
      `${at()} has no database nowhere`,
    );
    expect(await told({ tls: true })).toBe(`${at()} offers no TLS; records.tls asks for it`);
    expect(await told({ tls: { ca: '/nowhere/ca.pem' } })).toContain(
      'records.tls.ca: /nowhere/ca.pem cannot be read',
    );
    expect(await told({ tls: { clientCertificate: true } })).toContain('this element has no certificate');
    expect(await told({})).toBe(
      'the records in schema esinet are of version 99, and this program knows versions up to 1: ' +
        'a newer program has been here, and only it or a newer one may go on',
    );
    await fixture.query(`delete from esinet.migrations where number = 99`);
  });

  program.it('a role that may not make tables works once they are there', async () => {
    await fixture.asSuperuser(`create role writer login password 'esinet'`);
    const writer = { url: url(`writer@127.0.0.1:${fixture.server.port}/esinet`), schema: 'owned' };
    await expect(fixture.open({ records: writer })).rejects.toThrow(
      'the records in schema owned are of version 0 and have to be brought to 1, which this role may not: ' +
        'let the owner run "esinet records migrate"',
    );
    await (await fixture.open({ records: { schema: 'owned' } })).close();
    await fixture.query(
      `grant usage on schema owned to writer; grant select on owned.migrations to writer;
       grant select, insert, update, delete on owned.record_keys, owned.record_values, owned.fences to writer`,
    );
    const records = await fixture.open({ records: writer });
    expect(await records.append('c', 'k', 1)).toBe('stored');
    expect(
      await records.write([{ kind: 'put', collection: 'c', key: 'k', value: 2 }], await records.claim('n')),
    ).toEqual(['stored']);
    expect(await records.list('c')).toEqual([{ key: 'k', value: 2 }]);
    await records.close();
  });

  program.it('a server that may lose what it acknowledged is refused, unless the lab allows it', async () => {
    await fixture.asSuperuser(`alter system set fsync = off`);
    await fixture.asSuperuser(`select pg_reload_conf()`);
    await until(async () => (await fixture.query<{ fsync: string }>('show fsync'))[0]?.fsync === 'off');
    await expect(fixture.open()).rejects.toThrow(
      `${at()} runs with fsync off: what it acknowledges may be lost. records.allowUnsafe: true takes it, for a lab`,
    );
    const records = await fixture.open({ records: { allowUnsafe: true } });
    expect(records.note?.()).toContain('fsync off');
    await records.close();
    await fixture.asSuperuser(`alter system reset fsync`);
    await fixture.asSuperuser(`select pg_reload_conf()`);
    await until(async () => (await fixture.query<{ fsync: string }>('show fsync'))[0]?.fsync === 'on');
  });

  program.it('with the server away it starts, keeps, and tells; the next process drains first', async () => {
    await fixture.server.kill();
    const records = await fixture.open({ instance: 'cold' });
    expect(await records.append('cold', 'a', 1)).toBe('stored');
    expect(await records.get('cold', 'unknown')).toBeUndefined();
    expect(await records.check?.()).toBeUndefined();
    expect(records.note?.()).toContain('nobody listens at');
    expect(await fixture.metrics.text()).toMatch(/esinet_records_spooled 1\n/);
    expect(await fixture.metrics.text()).toMatch(/esinet_records_connected 0\n/);
    await records.close();
    const unknown = await fixture.open({
      instance: 'dns',
      records: { url: url('esinet@no-such-host.invalid/esinet') },
    });
    expect(unknown.note?.()).toMatch(/no-such-host.invalid/);
    await unknown.close();

    const next = await fixture.open({ instance: 'cold' });
    expect(await next.get('cold', 'a')).toBe(1);
    expect(await next.append('cold', 'a', 2)).toBe('duplicate');
    await fixture.server.start();
    await until(() => next.note?.() === undefined);
    await next.close();
    expect(await fixture.query(`select value from esinet.record_values where key = 'a'`)).toEqual([
      { value: '1' },
    ]);
  });
});
