import { ManualClock, silentLogger } from '@esinet/kernel';
import { MemoryRecords } from '@esinet/platform';
import { until } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import type { Exchange, Verdict } from './attempt.js';
import { Outbox, type OutboxEntry } from './outbox.js';
import { DeliveryPump, type PumpPorts, due, laneOf, objectVerdict } from './pump.js';

const settings = { firstPauseMs: 1_000, mostPauseMs: 60_000, everyMs: 3_600_000 };

async function pumpOf(
  answers: (entry: OutboxEntry, attempt: number) => Exchange,
  over: Partial<PumpPorts> = {},
) {
  const clock = new ManualClock();
  const records = new MemoryRecords();
  const outbox = await Outbox.open(records);
  const sent: string[] = [];
  const settled: [string, Verdict['kind']][] = [];
  const ports: PumpPorts = {
    prepare: (entry) =>
      Promise.resolve({
        ...{ transactionId: 't', objectIds: [] },
        send: () => {
          sent.push(entry.id);
          return Promise.resolve(answers(entry, entry.attempts + 1));
        },
      }),
    settled: (entry, verdict) => {
      settled.push([entry.id, verdict.kind]);
      return Promise.resolve();
    },
    isPaused: () => false,
    ...over,
  };
  const pump = new DeliveryPump({ outbox, ports, settings, clock, logger: silentLogger, chance: () => 0.5 });
  const object = (id: string, bytes = 10, authority = 'pj') =>
    ({ authority, case: 'c', kind: 'object', id, bytes }) as const;
  return { clock, records, outbox, pump, sent, settled, object };
}

const arrived: Exchange = { kind: 'answered', status: 204, body: Buffer.alloc(0) };
const refused: Exchange = { kind: 'failed', reason: 'refused', mayHaveArrived: false };

describe('lanes', () => {
  it('are told by kind and size', () => {
    expect(laneOf({ kind: 'document', bytes: 1e9 })).toBe('documents');
    expect(
      [0, 262_143, 262_144, 8_388_607, 8_388_608].map((bytes) => laneOf({ kind: 'object', bytes })),
    ).toEqual(['small', 'small', 'medium', 'medium', 'large']);
  });

  it(
    'let the first of each leave; a document that waits holds up the next, an object does not',
    { meta: { clause: 'TS 103 707 C.1', shall: ['707:C.1-3'] } },
    () => {
      const entry = (number: number, change: Partial<OutboxEntry>): OutboxEntry => ({
        ...{
          number,
          authority: 'pj',
          case: 'c',
          kind: 'object',
          id: String(number),
          bytes: 1,
          state: 'waiting',
        },
        ...{ attempts: 0, mayHaveArrived: false, notBefore: '1970-01-01T00:00:00.000Z', ...change },
      });
      const later = { notBefore: '1970-01-01T01:00:00.000Z' };
      const waiting = [
        entry(1, { kind: 'document', ...later }),
        entry(2, { kind: 'document' }),
        entry(3, later),
        entry(4, {}),
        entry(5, {}),
        entry(6, { bytes: 1e9 }),
        entry(7, { authority: 'other', kind: 'document' }),
        entry(8, { authority: 'paused' }),
      ];
      const now = {
        wall: 1_000,
        busy: new Set<string>(),
        isPaused: (authority: string) => authority === 'paused',
      };
      expect(due(waiting, now).map(({ number }) => number)).toEqual([4, 6, 7]);
      expect(due(waiting, { ...now, busy: new Set(['pj small']) }).map(({ number }) => number)).toEqual([
        6, 7,
      ]);
    },
  );
});

describe('the pump', () => {
  it('sends everything once, in order', async () => {
    const { outbox, pump, sent, object } = await pumpOf(() => arrived);
    await outbox.enqueue(
      ['a', 'b', 'c'].map((id) => object(id)),
      '1970-01-01T00:00:00.000Z',
    );
    pump.poke();
    await until(async () => (await outbox.waiting()).length === 0);
    expect(sent).toEqual(['a', 'b', 'c']);
    pump.close();
  });

  it('tries again later, a little longer each time', async () => {
    const { clock, outbox, pump, sent, settled, object } = await pumpOf((_, attempt) =>
      attempt < 3 ? refused : arrived,
    );
    await outbox.enqueue([object('a')], '1970-01-01T00:00:00.000Z');
    pump.poke();
    await until(() => settled.length === 1);
    await until(async () => (await outbox.waiting())[0]?.attempts === 1);
    expect((await outbox.waiting())[0]).toMatchObject({ reason: 'refused', mayHaveArrived: false });
    clock.advance(1_001);
    pump.poke();
    await until(() => settled.length === 2);
    pump.poke();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toHaveLength(2);
    clock.advance(2_001);
    await until(async () => {
      pump.poke();
      return (await outbox.waiting()).length === 0;
    });
    expect(settled.map(([, kind]) => kind)).toEqual(['retry', 'retry', 'delivered']);
    pump.close();
  });

  it('sends nothing that may not be sent', async () => {
    const verdicts: Record<string, 'wait' | 'never'> = { a: 'never', b: 'wait' };
    const { outbox, pump, sent, object } = await pumpOf(() => arrived, {
      prepare: ({ id }) => Promise.resolve(verdicts[id] ?? 'wait'),
    });
    await outbox.enqueue([object('a'), object('b')], '1970-01-01T00:00:00.000Z');
    pump.poke();
    await until(async () => (await outbox.waiting()).length === 1);
    expect(sent).toEqual([]);
    expect((await outbox.ofCase('c')).map(({ state }) => state)).toEqual(['failed', 'waiting']);
    pump.close();
  });

  it('after a crash between sending and writing it down, the attempt counts as one that may have arrived', async () => {
    const { records, outbox, pump, object } = await pumpOf(() => arrived, {
      settled: () => Promise.reject(new Error('the disk is full')),
    });
    await outbox.enqueue([object('a')], '1970-01-01T00:00:00.000Z');
    pump.poke();
    await until(async () => (await outbox.waiting())[0]?.attempts === 1);
    pump.close();
    const again = await Outbox.open(records);
    expect(await again.waiting()).toMatchObject([{ mayHaveArrived: true, state: 'waiting' }]);
    expect((await again.enqueue([object('b')], ''))[0]?.number).toBe(2);
  });

  it('cuts what is under way when its case is stopped, and when its order ends', async () => {
    const aborted: string[] = [];
    const { clock, outbox, pump, object } = await pumpOf(() => arrived, {
      prepare: ({ id }) =>
        Promise.resolve({
          ...{ transactionId: 't', objectIds: [], until: clock.wall() + 5_000 },
          send: (stop) =>
            new Promise((resolve) =>
              stop.addEventListener('abort', () => {
                aborted.push(id);
                resolve({ kind: 'failed', reason: 'aborted', mayHaveArrived: true });
              }),
            ),
        }),
    });
    await outbox.enqueue([object('a')], '1970-01-01T00:00:00.000Z');
    pump.poke();
    await until(async () => (await outbox.waiting())[0]?.attempts === 1);
    pump.stop('another');
    expect(aborted).toEqual([]);
    pump.stop('c');
    await until(async () => (await outbox.waiting())[0]?.reason === 'aborted');
    clock.advance(2_000);
    pump.poke();
    await until(async () => (await outbox.waiting())[0]?.attempts === 2);
    clock.advance(4_999);
    expect(aborted).toEqual(['a']);
    clock.advance(1);
    await until(() => aborted.length === 2);
    pump.close();
  });

  it('writes nothing over what took the place of an entry', async () => {
    const { outbox, pump, settled, object } = await pumpOf(() => arrived, {
      settled: async (entry) => {
        settled.push([entry.id, 'delivered']);
        await outbox.put({ ...entry, state: 'replaced' });
        return 'replaced';
      },
    });
    await outbox.enqueue([object('a')], '1970-01-01T00:00:00.000Z');
    pump.poke();
    await until(() => settled.length === 1);
    await until(async () => (await outbox.waiting()).length === 0);
    expect((await outbox.ofCase('c')).map(({ state }) => state)).toEqual(['replaced']);
    pump.close();
  });

  it(
    'takes 409 for done only after an attempt that may have arrived',
    { meta: { clause: 'TS 103 707 C.3', shall: ['707:C.3-9'] } },
    () => {
      const conflict: Exchange = { kind: 'answered', status: 409, body: Buffer.alloc(0) };
      expect(objectVerdict(conflict, false)).toMatchObject({ kind: 'retry' });
      expect(objectVerdict(conflict, true)).toEqual({ kind: 'delivered' });
    },
  );
});
