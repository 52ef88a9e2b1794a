import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownSchema } from '@esinet/handover';
import { LevelRecords, environment } from '@esinet/platform';
import { certificateAuthority, temporaryFolder } from '@esinet/testing';
import { build } from 'vite';
import { expect, it, onTestFinished } from 'vitest';
import { FarAuthority } from './far-authority.js';
import { recordChat } from './recorded-chats.js';
import { type SenderTask, callerOf, referenceOf } from './sender-task.js';

/** `ESINET_KILLS=100` makes it the long run: 100 deliveries, and a kill at each moment of them. */
const long = environment.kills !== undefined;
const kills = environment.kills ?? 22;
/** Five deliveries each: two documents, three pictures. */
const cases = long ? Math.max(20, Math.ceil(kills * 0.3)) : 6;

/** The sender in one file, without what it does not need: a life begins in a fraction of the time. */
async function buildSender(): Promise<string> {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  mkdirSync(here('../../dist'), { recursive: true });
  // Inside the project, so that it finds the packages.
  const folder = mkdtempSync(here('../../dist/killed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const conditions = ['esinet-source'];
  await build({
    ...{ configFile: false, logLevel: 'silent', resolve: { conditions } },
    ssr: { noExternal: [/^@esinet\//], resolve: { conditions } },
    build: {
      ...{ ssr: here('./sender.ts'), outDir: join(folder, 'bin') },
      rolldownOptions: { treeshake: { moduleSideEffects: false }, output: { entryFileNames: 'sender.js' } },
    },
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  // It looks for the schemas beside its own folder.
  cpSync(dirname(ownSchema), join(folder, 'schema'), { recursive: true });
  return join(folder, 'bin', 'sender.js');
}

/** A sender that waits for its moment. */
class Sender {
  #output = '';
  #errors = '';
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<number | string>;

  constructor(program: string, task: SenderTask) {
    const child = spawn(process.execPath, [program, JSON.stringify(task)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#ended = new Promise((resolve) =>
      child.once('close', (code, signal) => resolve(signal ?? code ?? -1)),
    );
    this.#ready = new Promise((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        if (this.#output.includes('ready')) resolve();
      });
    });
    onTestFinished(() => this.kill());
  }

  /** Lets it live until its `at`-th moment, or until it is done. */
  async live(at: number): Promise<{ readonly end: number | string; readonly output: string }> {
    await Promise.race([this.#ready, this.#ended]);
    this.#child.stdin?.write(`${at}\n`);
    const end = await this.#ended;
    if (typeof end === 'number' && end !== 0) throw new Error(this.#errors);
    return { end, output: this.#output };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

it(
  'a sender killed at any step delivers everything, with one effect each and in order',
  {
    meta: {
      clause: ['TS 103 120 9.3', 'TS 103 707 6.2', 'TS 103 707 C.3'],
      shall: ['707:C.3-4', '707:6.2-1'],
    },
    timeout: 120_000 + kills * 10_000,
  },
  async () => {
    const program = await buildSender();
    const data = temporaryFolder('handover-kill');
    const chats = await LevelRecords.open(join(data, 'chats'));
    for (let number = 1; number <= cases; number++) {
      const texts = ['one', 'two', 'three'].map((text) => `${text} ${number}`);
      await recordChat(chats, {
        ...{ chat: `chat${number}`, caller: callerOf(number), sender: `sip:c${number}@provider.lab` },
        ...{ startedAt: `2026-03-04T08:${String(number).padStart(2, '0')}:00.000Z`, texts },
      });
    }
    await chats.close();
    const ca = await certificateAuthority();
    const theirs = await ca.issue({ names: ['IP:127.0.0.1'], usage: ['server'] });
    const far = await FarAuthority.open(theirs);
    onTestFinished(() => far.close());
    const pin = new X509Certificate(String(theirs.cert)).fingerprint256.replaceAll(':', '').toLowerCase();
    const tls = await ca.issue({ names: ['DNS:handover.esinet.lab'], usage: ['client'] });
    const task: SenderTask = { data, url: far.url, tls, pin, cases };

    let done = '';
    let killed = 0;
    let next = new Sender(program, task);
    for (let life = 1; done === ''; life++) {
      const sender = next;
      // The next one is loaded while this one lives.
      next = new Sender(program, task);
      // Each moment of a case has its turn, in an order that mixes them; every third time it is one around an effect.
      const step = life > kills ? 0 : 1 + ((life * 7) % 61);
      const moment = life % 3 === 0 && life <= kills ? (['before', 'after'] as const)[life % 2] : undefined;
      const at = moment === undefined ? step : 0;
      let effects = 0;
      far.around = (when) => {
        if (when === moment && effects++ === life % 4) sender.kill();
      };
      const { end, output } = await sender.live(at);
      if (end === 'SIGKILL') killed++;
      else done = output;
    }
    next.kill();

    const { audit } = JSON.parse(done.slice(done.indexOf('{'))) as {
      audit: { entries: number; broken?: object };
    };
    expect(audit.broken).toBeUndefined();
    expect(audit.entries).toBeGreaterThan(cases * 5);
    expect(far.complaints).toEqual([]);
    const documents = far.effects.filter(({ kind }) => kind === 'object');
    const binaries = far.effects.filter(({ kind }) => kind === 'binary');
    for (let number = 1; number <= cases; number++) {
      const own = documents.filter(({ reference }) => reference === referenceOf(number));
      expect(own.map(({ sequenceNumber, lastSequence }) => [sequenceNumber, lastSequence])).toEqual([
        [1, false],
        [2, true],
      ]);
      expect(binaries.filter(({ reference }) => reference === referenceOf(number))).toHaveLength(3);
    }
    expect(new Set(far.effects.map(({ id }) => id)).size).toBe(far.effects.length);
    expect(far.effects).toHaveLength(cases * 5);
    process.stdout.write(
      `${killed} kills, ${far.effects.length} deliveries with one effect each, ${far.requests} requests, ${audit.entries} audit entries\n`,
    );
    expect(killed).toBeGreaterThanOrEqual(Math.min(kills, 10));
  },
);
