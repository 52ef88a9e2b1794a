import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@esinet/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClassicLevel } from 'classic-level';
import { PrometheusMetrics } from '../telemetry/metrics.js';
import { LevelRecords, type RecordsDatabase } from './level-records.js';
import { MemoryRecords } from './memory-records.js';
import { type Fence, RecordsError, type RecordWrite, type TextWrite, type WriteOutcome } from './records.js';
import { Spool, type SpoolLimits } from './spool.js';
import { type ServedRecords, SpooledRecords } from './spooled-records.js';

/** A server that can be away, silent, busy with one thing after the other, or lose the answer to what it did. */
class Server extends MemoryRecords implements ServedRecords {
  mood: 'well' | 'away' | 'silent' | 'no answers' | 'busy' = 'well';
  #turn = Promise.resolve();
  #silent: (() => void)[] = [];

  async ready(): Promise<void> {
    if (this.mood === 'silent') throw new RecordsError('unreachable', 'it does not answer');
    await this.#pass();
  }

  abandon(): void {
    for (const end of this.#silent.splice(0)) end();
  }

  async writeTexts(writes: readonly TextWrite[], fence?: Fence): Promise<WriteOutcome[]> {
    await this.#pass();
    const parsed = writes.map(({ text, ...write }): RecordWrite => ({ ...write, value: JSON.parse(text) }));
    const outcomes = await super.write(parsed, fence);
    if (this.mood === 'no answers') {
      this.mood = 'away';
      throw new RecordsError('unreachable', 'the answer was lost');
    }
    return outcomes;
  }

  override async claim(name: string): Promise<Fence> {
    await this.#pass();
    return super.claim(name);
  }

  override async get(collection: string, key: string): Promise<unknown> {
    await this.#pass();
    return super.get(collection, key);
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  async #pass(): Promise<void> {
    // As over a socket: others have their turn.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.mood === 'busy') {
      this.#turn = this.#turn.then(() => new Promise((resolve) => setTimeout(resolve, 40)));
      await this.#turn;
    }
    if (this.mood === 'silent') await new Promise<void>((resolve) => this.#silent.push(resolve));
    if (this.mood === 'away' || this.mood === 'silent') throw new RecordsError('unreachable', 'it is away');
  }
}

let folder: string;
let server: Server;
let records: SpooledRecords;
let spool: Spool;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'));
  server = new Server();
});
afterEach(async () => {
  await records.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(limits: Partial<SpoolLimits> = {}, files?: LevelRecords): Promise<SpooledRecords> {
  spool = await Spool.open(folder, {
    ...(files && { files }),
    limits: { maxRecords: 1_000, maxBytes: 1_000_000, ...limits },
    ...{ logger: silentLogger, wall: () => 0 },
  });
  records = new SpooledRecords({
    ...{ server, spool, instance: 'psap-1', clock: systemClock, logger: silentLogger },
    metrics: new PrometheusMetrics(),
    times: { slowMs: 100, probeMs: 10, idleProbeMs: 20 },
  });
  await records.start();
  return records;
}

async function drained(): Promise<void> {
  while (spool.size > 0 || records.note() !== undefined) await new Promise((r) => setTimeout(r, 5));
}

describe('while the server is away', () => {
  it('writes are taken and read, and are with the server once it is back, in their order', async () => {
    await open();
    await records.put('c', 'before', 0);
    server.mood = 'away';
    expect(await records.append('c', 'a', 1)).toBe('stored');
    expect(await records.append('c', 'a', 2)).toBe('duplicate');
    await records.put('c', 'b', 1);
    await records.put('c', 'b', 2);
    expect(await records.append('c', 'b', 3)).toBe('duplicate');
    expect(await records.get('c', 'b')).toBe(2);
    // What only the server has is not known here.
    expect(await records.get('c', 'before')).toBeUndefined();
    expect(await records.list('c')).toEqual([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    expect(await records.list('c', { reverse: true, limit: 1, after: 'b' })).toEqual([
      { key: 'a', value: 1 },
    ]);
    expect(await records.check()).toBeUndefined();
    expect(records.note()).toContain('it is away; 3 records wait on this disk');
    server.mood = 'well';
    await drained();
    expect(await records.list('c')).toEqual([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
      { key: 'before', value: 0 },
    ]);
    expect(await records.append('c', 'a', 1)).toBe('duplicate');
  });

  it('a server that has much to do is not away, however long all of it takes', async () => {
    await open();
    server.mood = 'busy';
    await Promise.all(Array.from({ length: 8 }, (_, i) => records.append('c', `k${i}`, i)));
    expect(await Promise.all(Array.from({ length: 6 }, (_, i) => records.get('c', `k${i}`)))).toEqual([
      ...[0, 1, 2, 3, 4, 5],
    ]);
    expect(records.note()).toBeUndefined();
    expect(spool.size).toBe(0);
    server.mood = 'well';
  });

  it('a server that says nothing is given up after a second, and what it was asked goes into the spool', async () => {
    await open();
    server.mood = 'silent';
    const together = await Promise.all(Array.from({ length: 50 }, (_, i) => records.append('c', `k${i}`, i)));
    expect(new Set(together)).toEqual(new Set(['stored']));
    expect(spool.size).toBe(50);
    expect(await records.get('c', 'k7')).toBe(7);
    server.mood = 'well';
    await drained();
    expect(await server.list('c')).toHaveLength(50);
  });

  it('a write whose answer was lost is repeated, and is there once', async () => {
    await open();
    server.mood = 'no answers';
    expect(await records.append('c', 'k', 1)).toBe('stored');
    expect(spool.size).toBe(1);
    server.mood = 'well';
    await drained();
    expect(await server.list('c')).toEqual([{ key: 'k', value: 1 }]);
    expect(await server.list('spool.duplicates')).toEqual([]);
  });

  it('what another one stored under the key meanwhile stays, and ours is kept aside', async () => {
    await open();
    server.mood = 'away';
    expect(await records.append('c', 'k', 'ours')).toBe('stored');
    server.mood = 'well';
    await server.append('c', 'k', 'theirs');
    await drainedWithNote();
    expect(await records.get('c', 'k')).toBe('theirs');
    expect(await server.list('spool.duplicates')).toEqual([
      {
        key: '1970-01-01T00:00:00.000Z/psap-1/1/0',
        value: { at: '1970-01-01T00:00:00.000Z', kind: 'append', collection: 'c', key: 'k', value: 'ours' },
      },
    ]);
    expect(records.note()).toContain('1 spooled writes were kept aside');
  });

  it('what was promised under a fence that was replaced meanwhile is stored, but never over what is there', async () => {
    await open();
    const fence = await records.claim('chat');
    server.mood = 'away';
    const write = (kind: 'append' | 'put', key: string, value: number) =>
      records.write([{ kind, collection: 'c', key, value }], fence);
    expect(await write('append', 'k', 1)).toEqual(['stored']);
    await write('put', 'state', 1);
    await write('put', 'new', 1);
    // Whose the name is by now is the server's to say.
    await expect(records.write([], fence)).rejects.toMatchObject({ code: 'unreachable' });
    server.mood = 'well';
    await server.claim('chat');
    await server.put('c', 'state', 2);
    await drainedWithNote();
    expect(await server.list('c')).toEqual([
      { key: 'k', value: 1 },
      { key: 'new', value: 1 },
      { key: 'state', value: 2 },
    ]);
    expect((await server.list('spool.fenced')).map(({ value }) => value)).toEqual([
      { at: '1970-01-01T00:00:00.000Z', kind: 'put', collection: 'c', key: 'state', value: 1, fence: 'chat' },
    ]);
    // Nothing more is promised under it, wherever it would go.
    server.mood = 'away';
    await expect(write('append', 'k2', 1)).rejects.toMatchObject({ code: 'fenced' });
  });

  it('a claim stands for the one the server makes of it, also after it is back', async () => {
    await open();
    const old = await records.claim('chat');
    server.mood = 'away';
    const first = await records.claim('chat');
    const fence = await records.claim('chat');
    expect([old.epoch > 0, first.epoch < 0, fence.epoch < first.epoch]).toEqual([true, true, true]);
    const put = (value: number) => [{ kind: 'put', collection: 'c', key: 'k', value }] as const;
    expect(await records.write(put(1), fence)).toEqual(['stored']);
    await expect(records.write(put(2), first)).rejects.toMatchObject({ code: 'fenced' });
    await expect(records.write(put(2), old)).rejects.toMatchObject({ code: 'fenced' });
    server.mood = 'well';
    await drained();
    expect(await records.get('c', 'k')).toBe(1);
    expect(await records.write(put(3), fence)).toEqual(['stored']);
    await expect(records.write(put(4), first)).rejects.toMatchObject({ code: 'fenced' });
    await server.claim('chat');
    await expect(records.write(put(4), fence)).rejects.toMatchObject({ code: 'fenced' });
    expect(await records.get('c', 'k')).toBe(3);
  });

  it('the spool has its bound: beyond it nothing is promised, and the element is not ready', async () => {
    await open({ maxRecords: 5 });
    server.mood = 'away';
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => records.append('c', `k${i}`, i)),
    );
    expect(all.map(({ status }) => status === 'fulfilled')).toEqual([1, 1, 1, 1, 1, 0, 0, 0].map(Boolean));
    expect(all.at(-1)).toMatchObject({ reason: { code: 'full' } });
    expect(await records.check()).toContain('the spool is full: 5 records wait');
    server.mood = 'well';
    await drained();
    expect(await records.check()).toBeUndefined();
    expect(await records.append('c', 'later', 1)).toBe('stored');
  });

  it('a disk that is full under the spool: nothing is promised, and what failed does not come back', async () => {
    let full = false;
    const database = (path: string): RecordsDatabase => {
      const level = new ClassicLevel<Buffer, string>(path, { keyEncoding: 'buffer', valueEncoding: 'utf8' });
      const batch = level.batch.bind(level) as (operations: unknown[], options: object) => Promise<void>;
      const patched = async (operations: unknown[], options: object): Promise<void> => {
        // As if the pages had been written and the sync had failed.
        await batch(operations, options);
        if (full) throw new Error('IO error: No space left on device');
      };
      return Object.assign(level, { batch: patched }) as RecordsDatabase;
    };
    await open({}, await LevelRecords.open(folder, { database, limits: { reopenAfterMs: 20 } }));
    server.mood = 'away';
    await records.put('c', 'k', 'promised');
    full = true;
    await expect(records.put('c', 'k', 'refused')).rejects.toMatchObject({ code: 'full' });
    expect(await records.check()).toContain('nothing can be stored');
    expect(await records.get('c', 'k')).toBe('promised');
    full = false;
    while ((await records.check()) !== undefined) await new Promise((r) => setTimeout(r, 5));
    await records.append('c', 'later', 1);
    await records.close();
    await open();
    server.mood = 'well';
    await drained();
    expect(await server.list('c')).toEqual([
      { key: 'k', value: 'promised' },
      { key: 'later', value: 1 },
    ]);
  });

  it('what an earlier process left goes before what comes, with its claims', async () => {
    server.mood = 'away';
    await open();
    const fence = await records.claim('chat');
    await records.write([{ kind: 'put', collection: 'c', key: 'k', value: 1 }], fence);
    await records.put('c', 'l', 1);
    await records.close();
    await open();
    expect(await records.get('c', 'k')).toBe(1);
    await records.put('c', 'l', 2);
    server.mood = 'well';
    await drained();
    expect(await server.list('c')).toEqual([
      { key: 'k', value: 1 },
      { key: 'l', value: 2 },
    ]);
  });

  it('under load it goes over to the server without a write lost, doubled or overtaken', async () => {
    await open({ maxRecords: 100_000 });
    const last = new Map<string, number>();
    let going = true;
    const writers = Array.from({ length: 20 }, async (_, w) => {
      for (let i = 0; going; i++) {
        await records.put('c', `w${w}`, i);
        last.set(`w${w}`, i);
        expect(await records.append('log', `w${w}/${i}`, i)).toBe('stored');
      }
    });
    for (const mood of ['away', 'well', 'silent', 'well', 'no answers', 'well'] as const) {
      server.mood = mood;
      await new Promise((r) => setTimeout(r, 150));
    }
    going = false;
    await Promise.all(writers);
    await drained();
    const found = await server.list('c');
    expect(new Map(found.map(({ key, value }) => [key, value]))).toEqual(last);
    const logged = await server.list('log', { limit: 1_000_000 });
    expect(logged).toHaveLength([...last.values()].reduce((sum, i) => sum + i + 1, 0));
    expect(await server.list('spool.duplicates')).toEqual([]);
  });
});

async function drainedWithNote(): Promise<void> {
  while (spool.size > 0 || records.note()?.includes('wait') === true)
    await new Promise((r) => setTimeout(r, 5));
}
