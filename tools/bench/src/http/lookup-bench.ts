import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from '../sip/cpu.js';
import { type Contender, pin, startBareServer } from './contender.js';
import type { LoadOrder, LoadResult } from './load.js';
import { type Comparison, type Round, figuresOf, ratiosOf, spreadOf, spreadText } from './ratio.js';

export interface LookupBenchOptions {
  readonly pairs: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly connections: number;
  readonly json: boolean;
  /** Folder for a CPU profile of the element, which `node --cpu-prof` writes at its end. */
  readonly profile?: string | undefined;
}

/** One kind of question, put in turn. */
export interface Scenario {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly questions: readonly { readonly path: string; readonly body?: string }[];
  readonly headers: Readonly<Record<string, string>>;
  /** What every answer has to contain. */
  readonly expected: string;
  /**
   * What the bare server does: sends the body of the request back, or an answer of ours that it keeps in memory, which
   * is fair where the answer is much longer than the question.
   */
  readonly bare: 'echo' | 'answer';
}

const here = dirname(fileURLToPath(import.meta.url));
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const serverCore = 1;
const farSideCore = 0;
/** Answers of a server before it is measured for the first time, and each time after. */
const firstWarmUp = 40_000;
const laterWarmUp = 2_000;
/** The goal of the two lookups. */
const goal = 0.6;

/**
 * Answers a second and CPU an answer of one element beside a bare `node:http` server, both alive in the same run, rounds
 * interleaved, the order turned round every other pair. Resolves with the exit code.
 */
export async function lookupBench(
  name: string,
  start: (folder: string, nodeArguments: readonly string[]) => Promise<Contender>,
  scenariosOf: (port: number) => Promise<readonly Scenario[]>,
  o: LookupBenchOptions,
): Promise<number> {
  const say = (line: string): void => void (o.json ? process.stderr : process.stdout).write(`${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'esinet-bench-'));
  const children: ChildProcess[] = [];
  const clear = (): void => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      clear();
      process.exit(130);
    });
  }
  try {
    const ours = await start(
      folder,
      o.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(o.profile)}`],
    );
    children.push(ours.child);
    const bare = await startBareServer();
    children.push(bare.child);
    pin(ours.child.pid, serverCore);
    pin(bare.child.pid, serverCore);
    const comparisons: Comparison[] = [];
    for (const scenario of await scenariosOf(ours.port)) {
      comparisons.push(await compare(scenario, ours, bare, o, say));
    }
    if (o.profile !== undefined) await ended(ours.child);
    if (o.json) process.stdout.write(`${JSON.stringify({ name, goal, comparisons }, undefined, 2)}\n`);
    const complete = comparisons.every((c) => c.complete);
    if (!complete) say('These figures do not count: an answer was missing or not the one expected.');
    return complete ? 0 : 1;
  } finally {
    clear();
  }
}

/** Asks it to end as it does in service, so that what it writes at its end is written. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.once('exit', () => done());
    child.kill('SIGTERM');
  });
}

async function compare(
  scenario: Scenario,
  ours: Contender,
  bare: Contender,
  o: LookupBenchOptions,
  say: (line: string) => void,
): Promise<Comparison> {
  const sample = await askOnce(scenario, ours.port);
  const stored = scenario.bare === 'answer';
  if (stored) await fetch(`http://127.0.0.1:${bare.port}/`, { method: 'PUT', body: sample });
  const contenders = [
    {
      name: 'ours',
      contender: ours,
      expected: scenario.expected,
      requests: scenario.questions.map((q) => requestOf(scenario, ours.port, q.path, q.body)),
    },
    {
      name: 'bare',
      contender: bare,
      expected: stored ? scenario.expected : '<',
      requests: scenario.questions.map((q) =>
        requestOf(scenario, bare.port, stored ? '/stored' : '/echo', q.body),
      ),
    },
  ];
  const rounds: Record<string, Round[]> = { ours: [], bare: [] };
  let complete = true;
  for (let pair = 0; pair < o.pairs; pair++) {
    for (const { name, contender, expected, requests } of pair % 2 ? [...contenders].reverse() : contenders) {
      const { round, others, odd } = await measure(contender.child, {
        port: contender.port,
        connections: o.connections,
        warmUpSeconds: o.warmUp,
        warmUpAnswers: pair === 0 ? firstWarmUp : laterWarmUp,
        seconds: o.seconds,
        requests,
        expected,
      });
      rounds[name]?.push(round);
      complete &&= others === 0 && round.perSecond > 0;
      if (others > 0) say(`  ${name}: ${others} answers not as expected: ${odd.split('\r\n')[0]}`);
      await wait(200);
    }
  }
  const comparison: Comparison = {
    scenario: scenario.name,
    against: stored
      ? 'a bare node:http server that sends the same answer'
      : 'a bare node:http server that echoes',
    requestBytes: spreadOf(contenders[0]?.requests.map((r) => r.length) ?? []).median,
    answerBytes: sample.length,
    ours: figuresOf(rounds['ours'] ?? []),
    bare: figuresOf(rounds['bare'] ?? []),
    ...ratiosOf(rounds['ours'] ?? [], rounds['bare'] ?? []),
    complete,
  };
  tell(comparison, say);
  return comparison;
}

function tell(c: Comparison, say: (line: string) => void): void {
  say(`${c.scenario} (${c.requestBytes} octets asked, ${c.answerBytes} answered) beside ${c.against}`);
  for (const [name, f] of [
    ['ours', c.ours],
    ['bare', c.bare],
  ] as const) {
    say(
      `  ${name}  ${spreadText(f.perSecond, 0)} answers/s, ${spreadText(f.cpuMicroseconds, 1)} µs CPU an answer, ` +
        `core ${(f.serverCore.median * 100).toFixed(0)} %, far side ${(f.generatorCore.median * 100).toFixed(0)} % of its core`,
    );
  }
  say(
    `  ratio of answers a second ${spreadText(c.throughputRatio, 2)}, of CPU ${spreadText(c.cpuRatio, 2)}, goal ${goal}: ` +
      (c.cpuRatio.median >= goal && c.throughputRatio.median >= goal ? 'reached' : 'MISSED'),
  );
}

function requestOf(scenario: Scenario, port: number, path: string, body: string | undefined): string {
  const headers = Object.entries({
    host: `127.0.0.1:${port}`,
    ...scenario.headers,
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  });
  const lines = headers.map(([key, value]) => `${key}: ${value}\r\n`).join('');
  const text = `${scenario.method} ${path} HTTP/1.1\r\n${lines}\r\n${body ?? ''}`;
  return Buffer.from(text, 'utf8').toString('latin1');
}

async function askOnce(scenario: Scenario, port: number): Promise<Buffer> {
  const [question] = scenario.questions;
  if (!question) throw new Error(`${scenario.name}: nothing to ask`);
  const answer = await fetch(`http://127.0.0.1:${port}${question.path}`, {
    method: scenario.method,
    headers: scenario.headers,
    ...(question.body === undefined ? {} : { body: question.body }),
  });
  const body = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200 || !body.includes(scenario.expected))
    throw new Error(`${scenario.name}: ${answer.status} ${body.toString('utf8').slice(0, 500)}`);
  return body;
}

function measure(
  server: ChildProcess,
  order: LoadOrder,
): Promise<{ readonly round: Round; readonly others: number; readonly odd: string }> {
  return new Promise((resolve, reject) => {
    const far = fork(join(here, 'load.js'), [JSON.stringify(order)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    pin(far.pid, farSideCore);
    const pid = server.pid ?? 0;
    let before = 0;
    let result: LoadResult | undefined;
    far.on('message', (message: { warm?: boolean; result?: LoadResult }) => {
      if (message.warm) before = cpuSeconds(pid);
      if (!message.result) return;
      result = message.result;
      const cpu = cpuSeconds(pid) - before;
      const { answers, others, odd, seconds, generatorCpuSeconds } = result;
      const round = {
        perSecond: answers / seconds,
        cpuMicroseconds: (cpu / answers) * 1e6,
        generatorCore: generatorCpuSeconds / seconds,
        serverCore: cpu / seconds,
      };
      resolve({ round, others, odd });
    });
    far.on('error', reject);
    far.on('exit', () => {
      if (!result) reject(new Error('the far side ended early'));
    });
  });
}
