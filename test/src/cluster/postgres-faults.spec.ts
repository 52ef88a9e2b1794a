import type { Records } from '@esinet/platform';
import { requireProgram, until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { PostgresFixture } from './postgres-fixture.js';

const program = requireProgram('psql');
let fixture: PostgresFixture;

/** Writes under load, and what of it was promised. */
function load(records: Records, name: string) {
  const promised = new Map<string, number>();
  const last = new Map<string, number>();
  let going = true;
  let longest = 0;
  const run = async (w: number): Promise<void> => {
    for (let i = 0; going; i++) {
      const key = `${name}/${w}/${String(i).padStart(6, '0')}`;
      const since = performance.now();
      await records.append('log', key, { i });
      await records.put('state', `${name}/${w}`, i);
      longest = Math.max(longest, performance.now() - since);
      promised.set(key, i);
      last.set(`${name}/${w}`, i);
    }
  };
  const writers = Promise.all(Array.from({ length: 8 }, (_, w) => run(w)));
  return {
    promised,
    last,
    get longest() {
      return longest;
    },
    stop: async () => {
      going = false;
      await writers;
    },
  };
}

/** Nothing waits any more, and the server is used. */
async function settled(records: Records): Promise<void> {
  await until(() => records.note?.() === undefined);
}

async function everyOne(records: Records, collection: string, prefix: string): Promise<Map<string, unknown>> {
  const all = new Map<string, unknown>();
  for (let after: string | undefined; ;) {
    const page = await records.list(collection, { prefix, ...(after !== undefined && { after }) });
    for (const { key, value } of page) all.set(key, value);
    after = page.at(-1)?.key;
    if (after === undefined) return all;
  }
}

describe.skipIf(program.path === '')('PostgreSQL fails under writes', () => {
  beforeAll(async () => {
    fixture = await PostgresFixture.start();
  }, 60_000);
  afterAll(() => fixture.dispose());

  program.it(
    'killed ten times: what was promised is there once, in the end as it was last',
    { timeout: 120_000 },
    async () => {
      const records = await fixture.open();
      const writing = load(records, 'kill');
      for (let round = 0; round < 10; round++) {
        const before = writing.promised.size;
        await until(() => writing.promised.size > before + 20);
        await fixture.server.kill();
        const away = writing.promised.size;
        // Writes go on without it.
        await until(() => writing.promised.size > away + 20);
        await fixture.server.start();
        await settled(records);
      }
      await writing.stop();
      await settled(records);
      // Asked of the server, by another one that has no spool.
      const other = await fixture.open({ instance: 'other', records: { spool: { enabled: false } } });
      const log = await everyOne(other, 'log', 'kill/');
      expect([...writing.promised.keys()].filter((key) => !log.has(key))).toEqual([]);
      expect(await everyOne(other, 'state', 'kill/')).toEqual(writing.last);
      expect(await other.list('spool.duplicates')).toEqual([]);
      process.stdout.write(
        `${writing.promised.size} promised over 10 kills, none missing; longest write ${Math.round(writing.longest)} ms\n`,
      );
      await Promise.all([records.close(), other.close()]);
    },
  );

  program.it('frozen: writes go on after a second, and nothing it wakes up with overtakes them', async () => {
    const records = await fixture.open();
    const writing = load(records, 'freeze');
    await until(() => writing.promised.size > 50);
    const thaw = fixture.freeze();
    try {
      const before = writing.promised.size;
      await until(() => writing.promised.size > before + 50);
      expect(await records.get('log', 'freeze/0/000000')).toBeUndefined();
      expect(await records.check?.()).toBeUndefined();
    } finally {
      thaw();
    }
    await settled(records);
    await writing.stop();
    await settled(records);
    expect(await everyOne(records, 'state', 'freeze/')).toEqual(writing.last);
    const log = await everyOne(records, 'log', 'freeze/');
    expect([...writing.promised.keys()].filter((key) => !log.has(key))).toEqual([]);
    await records.close();
  });

  program.it('a full spool promises nothing, and goes on by itself when there is room again', async () => {
    const records = await fixture.open({ instance: 'small', records: { spool: { maxRecords: 10 } } });
    await fixture.server.kill();
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => records.append('full', `k${i}`, i)),
    );
    const kept = all.flatMap(({ status }, i) => (status === 'fulfilled' ? [`k${i}`] : []));
    expect(kept).toHaveLength(10);
    expect(all.at(-1)).toMatchObject({ reason: { code: 'full' } });
    expect(await records.check?.()).toContain('the spool is full');
    await fixture.server.start();
    await settled(records);
    expect([...(await everyOne(records, 'full', '')).keys()].sort()).toEqual(kept.sort());
    expect(await records.append('full', 'later', 1)).toBe('stored');
    await records.close();
  });

  program.it(
    'without a spool nothing is promised while it is away, and all is again when it is back',
    async () => {
      const records = await fixture.open({ records: { spool: { enabled: false } } });
      await fixture.server.kill();
      await expect(records.append('c', 'a', 1)).rejects.toMatchObject({ code: 'unreachable' });
      expect(await records.check?.()).toContain('nobody listens at');
      await fixture.server.start();
      expect(await records.append('c', 'a', 1)).toBe('stored');
      expect(await records.check?.()).toBeUndefined();
      await records.close();
    },
  );

  program.it(
    'two that claim a name at the same time: the later one writes, the earlier one does not',
    async () => {
      const [a, b] = await Promise.all([fixture.open({ instance: 'a' }), fixture.open({ instance: 'b' })]);
      for (let round = 0; round < 10; round++) {
        const fences = await Promise.all([a.claim('chat'), b.claim('chat')]);
        expect(Math.abs((fences[0]?.epoch ?? 0) - (fences[1]?.epoch ?? 0))).toBe(1);
        const tries = await Promise.allSettled(
          [a, b].map((records, i) =>
            records.write(
              [{ kind: 'put', collection: 'race', key: 'k', value: fences[i]?.epoch }],
              fences[i],
            ),
          ),
        );
        expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await a.get('race', 'k')).toBe(Math.max(...fences.map(({ epoch }) => epoch)));
      }
      await Promise.all([a.close(), b.close()]);
    },
  );
});
