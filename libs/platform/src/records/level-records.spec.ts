import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LevelRecords, type RecordsDatabase } from './level-records.js';
import { RecordsError } from './records.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'records-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A disk that can be told to fail, and that counts how often it was asked to sync. */
class Disk {
  failure: Error | undefined;
  batches: { size: number; sync: boolean }[] = [];
  gate: Promise<void> | undefined;

  readonly database = (path: string): RecordsDatabase => {
    const level = new ClassicLevel<Buffer, string>(path, { keyEncoding: 'buffer', valueEncoding: 'utf8' });
    const batch = level.batch.bind(level) as (operations: unknown[], options: object) => Promise<void>;
    const patched = async (operations: unknown[], options: { sync?: boolean }): Promise<void> => {
      this.batches.push({ size: operations.length, sync: options.sync === true });
      await this.gate;
      if (this.failure) throw this.failure;
      return batch(operations, options);
    };
    return Object.assign(level, { batch: patched }) as RecordsDatabase;
  };
}

describe('group commit', () => {
  it('what arrives during one sync goes with the next, in one', async () => {
    const disk = new Disk();
    const records = await LevelRecords.open(folder, { database: disk.database });
    let open = (): void => undefined;
    disk.gate = new Promise((resolve) => (open = resolve));
    const first = records.append('c', 'first', 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const others = Array.from({ length: 500 }, (_, i) => records.append('c', String(i), i));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(disk.batches).toEqual([{ size: 1, sync: true }]);
    open();
    await Promise.all([first, ...others]);
    expect(disk.batches).toEqual([
      { size: 1, sync: true },
      { size: 500, sync: true },
    ]);
    await records.close();
  });

  it('a duplicate is told only when the first one is on disk', async () => {
    const disk = new Disk();
    const records = await LevelRecords.open(folder, { database: disk.database });
    let open = (): void => undefined;
    disk.gate = new Promise((resolve) => (open = resolve));
    let settled = false;
    void records.append('c', 'k', 1);
    const again = records.append('c', 'k', 1).then((outcome) => {
      settled = true;
      return outcome;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(settled).toBe(false);
    open();
    expect(await again).toBe('duplicate');
    await records.close();
  });

  it('one sync has its bounds, and so has the queue', async () => {
    const disk = new Disk();
    const limits = { maxBatchRecords: 10, maxWaiting: 25 };
    const records = await LevelRecords.open(folder, { database: disk.database, limits });
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) => records.append('c', String(i), i)),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(25);
    expect(all.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'overloaded' } });
    expect(disk.batches.map(({ size }) => size)).toEqual([10, 10, 5]);
    expect(await records.append('c', 'later', 1)).toBe('stored');
    await records.close();
  });
});

describe('a disk that fails', () => {
  const failures: [text: string, code: string][] = [
    ['IO error: /data/000003.log: No space left on device', 'full'],
    ['IO error: /data/000003.log: Read-only file system', 'read-only'],
    ['IO error: /data/000003.log: Input/output error', 'io'],
  ];
  for (const [text, code] of failures) {
    it(`${text.split(': ').at(-1) ?? ''}: nothing is promised any more until it is reopened`, async () => {
      const disk = new Disk();
      const records = await LevelRecords.open(folder, { database: disk.database });
      await records.append('c', 'before', 1);
      expect(await records.check()).toBeUndefined();
      disk.failure = new Error(text);
      const together = await Promise.allSettled([
        records.append('c', 'a', 1),
        records.append('c', 'b', 1),
        records.append('c', 'before', 1),
      ]);
      for (const outcome of together)
        expect(outcome).toMatchObject({ reason: { name: 'RecordsError', code } });
      // The disk is well again, and still nobody knows what of the failed write is on it.
      disk.failure = undefined;
      await expect(records.append('c', 'later', 1)).rejects.toMatchObject({ code: 'broken' });
      await expect(records.put('c', 'later', 1)).rejects.toBeInstanceOf(RecordsError);
      expect(await records.check()).toContain('nothing can be stored');
      expect(await records.get('c', 'before')).toBe(1);
      const synced = disk.batches.length;
      await records.reopen();
      expect(disk.batches).toHaveLength(synced);
      expect(await records.check()).toBeUndefined();
      expect(await records.append('c', 'later', 1)).toBe('stored');
      expect(await records.append('c', 'a', 1)).toBe('stored');
      await records.close();
    });
  }

  it('goes on by itself when the disk is well again', async () => {
    const disk = new Disk();
    const records = await LevelRecords.open(folder, {
      database: disk.database,
      limits: { reopenAfterMs: 20 },
    });
    await records.append('c', 'before', 1);
    disk.failure = new Error('IO error: No space left on device');
    await expect(records.append('c', 'a', 1)).rejects.toMatchObject({ code: 'full' });
    disk.failure = undefined;
    while ((await records.check()) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await records.append('c', 'a', 1)).toBe('stored');
    expect(await records.append('c', 'before', 2)).toBe('duplicate');
    await records.close();
  });

  it('what waits for the sync after the one that fails is refused too', async () => {
    const disk = new Disk();
    const records = await LevelRecords.open(folder, { database: disk.database });
    let open = (): void => undefined;
    disk.gate = new Promise((resolve) => (open = resolve));
    disk.failure = new Error('IO error');
    const first = records.append('c', 'a', 1).catch((e: unknown) => e);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = records.append('c', 'b', 1).catch((e: unknown) => e);
    open();
    expect(await first).toBeInstanceOf(RecordsError);
    expect(await second).toBeInstanceOf(RecordsError);
    expect(disk.batches).toHaveLength(1);
    await records.close();
  });
});

it('a folder that another process has open is refused in plain words', async () => {
  const records = await LevelRecords.open(folder);
  await expect(LevelRecords.open(folder)).rejects.toMatchObject({
    code: 'locked',
    message: `${folder} is in use by another process`,
  });
  await records.close();
  await (await LevelRecords.open(folder)).close();
});

it('a folder that cannot be made is told', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(LevelRecords.open(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'io' });
});

/** Appends without end from 20 writers and says on standard output what was acknowledged. */
const writer = `
import { writeSync } from 'node:fs';
import { LevelRecords } from './level-records.js';
const [folder, round] = process.argv.slice(2);
const records = await LevelRecords.open(folder);
writeSync(1, 'open\\n');
let next = 0;
const loop = async () => {
  for (;;) {
    const key = round + '-' + String(next++).padStart(8, '0');
    const outcome = await records.append('chats', key, { key, text: 'x'.repeat(next % 3000) });
    if (outcome !== 'stored') throw new Error(outcome);
    writeSync(1, key + '\\n');
  }
};
await Promise.all(Array.from({ length: 20 }, loop));
`;

/** The source as another process can run it; inside the project, so that it finds the packages. */
async function buildWriter(): Promise<string> {
  const target = mkdtempSync(join(mkdirs(here('../../dist')), 'crash-'));
  await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['esinet-source'] },
    ssr: { noExternal: ['@esinet/kernel'], resolve: { conditions: ['esinet-source'] } },
    build: {
      ssr: here('./level-records.ts'),
      outDir: target,
      rolldownOptions: { output: { entryFileNames: 'level-records.js' } },
    },
  });
  writeFileSync(join(target, 'package.json'), '{"type":"module"}');
  writeFileSync(join(target, 'writer.js'), writer);
  return target;
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function mkdirs(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

it('killed at any moment, it has everything it acknowledged', { timeout: 60_000 }, async () => {
  const program = await buildWriter();
  const data = join(folder, 'data');
  const acknowledged: string[] = [];
  for (let round = 0; round < 20; round++) {
    const child = spawn(
      process.execPath,
      [join(program, 'writer.js'), data, String(round).padStart(2, '0')],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.on('close', (_, signal) => resolve(signal)),
    );
    const opened = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString('latin1');
        if (output.startsWith('open\n')) resolve();
      });
    });
    await Promise.race([opened, ended]);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 80));
    child.kill('SIGKILL');
    expect(await ended, errors).toBe('SIGKILL');
    // The last line may be cut: then nobody could have read it.
    acknowledged.push(...output.split('\n').slice(1, -1));
  }
  rmSync(program, { recursive: true });
  const records = await LevelRecords.open(data);
  const stored = await records.list('chats', { limit: 1_000_000 });
  await records.close();
  const found = new Map(stored.map(({ key, value }) => [key, value as { key: string; text: string }]));
  expect(acknowledged.length).toBeGreaterThan(100);
  expect(acknowledged.filter((key) => found.get(key)?.key !== key)).toEqual([]);
  process.stdout.write(`${acknowledged.length} records acknowledged in 20 rounds, none missing\n`);
});

it.skipIf(process.platform !== 'linux')(
  'on a disk that is really full it refuses, and keeps what it acknowledged',
  async () => {
    const program = await buildWriter();
    const data = join(folder, 'data');
    // The largest file the shell lets a program write: 200 kB, then writing fails as on a full disk.
    const child = spawn(
      '/bin/sh',
      [
        '-c',
        `ulimit -f 400; trap '' XFSZ; exec "$0" "$@"`,
        process.execPath,
        join(program, 'writer.js'),
        data,
        '00',
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await new Promise((resolve) => child.on('close', resolve));
    rmSync(program, { recursive: true });
    expect(errors).toContain("code: 'full'");
    const records = await LevelRecords.open(data);
    const stored = new Set((await records.list('chats', { limit: 100_000 })).map(({ key }) => key));
    await records.close();
    const acknowledged = output.split('\n').slice(1, -1);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.filter((key) => !stored.has(key))).toEqual([]);
  },
);
