import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PsapProcess } from './psap-process.js';
import { Wire, chatMessage } from './wire.js';

const shell = spawnSync('bash', ['-c', 'ulimit -f 100']).status === 0;
if (!shell) process.stdout.write('SKIPPED: no bash with ulimit: files that may not grow are not tested\n');

/** Mounts a small file system at `folder`, where we may. */
function mounted(folder: string, megabytes: number): boolean {
  if (process.getuid?.() !== 0) return false;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status === 0;
}

/** Sends numbered texts until one is refused; gives those that were promised. */
async function talkUntilRefused(
  wire: Wire,
  psap: PsapProcess,
  chat: string,
): Promise<{ promised: string[]; refusal: number }> {
  const promised: string[] = [];
  const pad = 'x'.repeat(20_000);
  for (let messageId = 1; messageId < 2_000; messageId++) {
    const text = `${messageId} ${pad}`;
    const bytes = chatMessage({ wire, chat, messageType: messageId === 1 ? 257 : 259, messageId, text });
    const status = (await wire.send(psap.sip, bytes, 10_000))?.status ?? 0;
    if (status !== 200) return { promised, refusal: status };
    promised.push(text);
  }
  return { promised, refusal: 0 };
}

async function recorded(psap: PsapProcess, chat: string): Promise<string[]> {
  return (await psap.messages(chat)).flatMap((m) => (m.direction === 'in' ? [m.text ?? ''] : []));
}

/** Nothing answers by itself: what is written is what the test sends. */
const quiet = { script: 'none' };

it.skipIf(!shell)(
  'where files cannot grow, what is not recorded is answered 5xx, and readiness says why',
  { meta: { clause: ['RFC 3428 7', 'house rules: a 2xx is a promise'] }, timeout: 60_000 },
  async () => {
    const wire = await Wire.open();
    const wrap = ['bash', '-c', 'ulimit -f 1000; exec "$@"', '-'];
    const psap = await PsapProcess.make({ outbound: wire.port, wrap, psap: quiet });
    onTestFinished(async () => {
      await psap.clear();
      await wire.close();
    });
    await psap.start();
    const chat = 'filesthatmaynotgrowxxxxxxx';
    const { promised, refusal } = await talkUntilRefused(wire, psap, chat);
    expect(promised.length).toBeGreaterThan(0);
    expect(refusal).toBeGreaterThanOrEqual(500);
    const ready = await psap.readiness();
    expect(ready.status).toBe(503);
    expect(ready.body).toContain('stored');
    await psap.kill();

    const again = await PsapProcess.make({ outbound: wire.port, data: psap.data, psap: quiet });
    onTestFinished(() => again.clear());
    await again.start();
    expect(await recorded(again, chat)).toEqual(expect.arrayContaining(promised));
  },
);

it(
  'on a full disk what is not recorded is answered 5xx; once there is room it goes on by itself',
  { meta: { clause: ['RFC 3428 7', 'house rules: a 2xx is a promise'] }, timeout: 60_000 },
  async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'esinet-disk-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    if (!mounted(folder, 24)) {
      process.stdout.write(
        'SKIPPED: a full disk needs a file system of its own, which only root may mount\n',
      );
      context.skip();
    }
    onTestFinished(() => void spawnSync('umount', ['-l', folder]));
    const wire = await Wire.open();
    const psap = await PsapProcess.make({ outbound: wire.port, data: join(folder, 'data'), psap: quiet });
    onTestFinished(async () => {
      await psap.clear();
      await wire.close();
    });
    await psap.start();
    const ballast = join(folder, 'ballast');
    await writeFile(ballast, Buffer.alloc(20 * 1_048_576, 1)).catch(() => undefined);
    const chat = 'afulldiskxxxxxxxxxxxxxxxxx';
    const { promised, refusal } = await talkUntilRefused(wire, psap, chat);
    expect(promised.length).toBeGreaterThan(0);
    expect(refusal).toBeGreaterThanOrEqual(500);
    expect((await psap.readiness()).status).toBe(503);

    await rm(ballast);
    let messageId = 5_000;
    await expect
      .poll(
        async () => {
          const text = `again ${messageId}`;
          const bytes = chatMessage({ wire, chat, messageType: 259, messageId: messageId++, text });
          const status = (await wire.send(psap.sip, bytes, 2_000))?.status;
          if (status === 200) promised.push(text);
          return status;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBe(200);
    expect((await psap.readiness()).status).toBe(200);
    expect(await recorded(psap, chat)).toEqual(expect.arrayContaining(promised));
    await psap.kill();
    await psap.start();
    expect(await recorded(psap, chat)).toEqual(expect.arrayContaining(promised));
  },
);

it(
  'a data folder that cannot be written ends the start with a sentence',
  { meta: { clause: 'house rules: limits and faults are told in a sentence' }, timeout: 30_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'esinet-disk-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'file');
    await writeFile(file, 'a file, where a folder has to be');
    const psap = await PsapProcess.make({ outbound: 9, data: join(file, 'data') });
    onTestFinished(() => psap.clear());
    const failure = await psap.start().then(
      () => 'it started',
      (error: Error) => error.message,
    );
    expect(failure).toContain('cannot');
    expect(failure).toContain(join(file, 'data'));
    expect(failure).not.toMatch(/^\s+at /m);
  },
);

it.each<[string, (log: string, size: number) => Promise<void>]>([
  ['octets that were never written whole', (log) => appendFile(log, Buffer.alloc(3_000, 0xa5))],
  ['zeros, as after a loss of power', (log) => appendFile(log, Buffer.alloc(40_000))],
  ['the beginning of a record that was not promised', (log, size) => truncate(log, size - 20)],
])(
  'records whose last file ends in %s are read as far as they go',
  { meta: { clause: 'house rules: a 2xx is a promise' }, timeout: 30_000 },
  async (_what, harm) => {
    const wire = await Wire.open();
    const psap = await PsapProcess.make({ outbound: wire.port, psap: quiet });
    onTestFinished(async () => {
      await psap.clear();
      await wire.close();
    });
    await psap.start();
    const chat = 'alastfilethatwasharmedxxxx';
    const promised: string[] = [];
    for (let messageId = 1; messageId <= 20; messageId++) {
      const text = `text ${messageId}`;
      const bytes = chatMessage({ wire, chat, messageType: messageId === 1 ? 257 : 259, messageId, text });
      expect((await wire.send(psap.sip, bytes))?.status).toBe(200);
      promised.push(text);
    }
    await psap.kill();
    const folder = join(psap.data, 'psap');
    const logs = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
    const log = join(folder, logs.at(-1) ?? '');
    await harm(log, (await stat(log)).size);
    await psap.start();
    // What a harmed end took with it is the last record at most: here it may be that of an own message.
    const found = await recorded(psap, chat);
    expect(found.length).toBeGreaterThanOrEqual(promised.length - 1);
    expect(found).toEqual(promised.slice(0, found.length));
    const bytes = chatMessage({ wire, chat, messageType: 259, messageId: 99, text: 'and on' });
    expect((await wire.send(psap.sip, bytes))?.status).toBe(200);
    expect(await recorded(psap, chat)).toContain('and on');
  },
);
