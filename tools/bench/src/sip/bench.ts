import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from './cpu.js';
import { findKamailio, kamailioVersion, startKamailio } from './kamailio.js';
import { freePort } from './free-port.js';

export interface SipBenchOptions {
  readonly transports: readonly ('udp' | 'tcp')[];
  readonly pairs: number;
  readonly messages: number;
  readonly warmUp: number;
  readonly window: number;
}

interface Round {
  readonly cpuMicroseconds: number;
  readonly perSecond: number;
  /** Messages answered by something else than 200. */
  readonly others: number;
  /** Every message was answered 200. */
  readonly complete: boolean;
  readonly generatorMicroseconds: number;
}

interface Contender {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly sinkPort: number;
}

const here = dirname(fileURLToPath(import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Keeps the measured element on one core and the far side on the other, where `taskset` is there. */
function pin(pid: number | undefined, core: number): void {
  if (pid)
    spawn('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' }).on(
      'error',
      () => undefined,
    );
}

function startBcf(folder: string, transport: 'udp' | 'tcp', port: number, sinkPort: number): ChildProcess {
  const main = createRequire(import.meta.url).resolve('@esinet/app-bcf');
  const file = join(folder, `bcf-${transport}.yaml`);
  writeFileSync(
    file,
    [
      `data: ${join(folder, 'data')}`,
      'log: { level: error }',
      'bcf:',
      '  http: { port: 0 }',
      `  public: { udp: ${transport === 'udp' ? port : 'null'}, tcp: ${transport === 'tcp' ? port : 'null'}, tls: null }`,
      `  private: { udp: ${transport === 'udp' ? '0' : 'null'}, tcp: ${transport === 'tcp' ? '0' : 'null'} }`,
      `  esrp: ['${transport}:127.0.0.1:${sinkPort}']`,
      // All of it comes from one address: what is measured is not what one source may ask.
      '  abuse: { address: { rate: 1000000, burst: 1000000 }, identity: { rate: 1000000, burst: 1000000 } }',
      '',
    ].join('\n'),
  );
  return spawn(process.execPath, [main, '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** One round: the far side drives the contender until the messages are answered; CPU is the contender's own. */
function round(
  contender: Contender,
  transport: 'udp' | 'tcp',
  first: number,
  o: SipBenchOptions,
): Promise<Round & { next: number }> {
  return new Promise((resolve, reject) => {
    const order = {
      transport,
      target: contender.port,
      sinkPort: contender.sinkPort,
      window: o.window,
      first,
      warmUp: o.warmUp,
      messages: o.messages,
    };
    const far = fork(join(here, 'far-side.js'), [JSON.stringify(order)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    pin(far.pid, 0);
    let before = 0;
    far.on('message', (message: Record<string, unknown>) => {
      if (message['odd']) say(`  ${contender.name}: unexpected: ${String(message['odd']).split('\r\n')[0]}`);
      if (message['ready']) far.send('go');
      if (message['warm']) before = cpuSeconds(contender.child.pid ?? 0);
      if (message['done']) {
        const spent = cpuSeconds(contender.child.pid ?? 0) - before;
        const messages = Number(message['messages']);
        far.kill();
        resolve({
          cpuMicroseconds: (spent / messages) * 1e6,
          perSecond: messages / Number(message['seconds']),
          others: Number(message['others']),
          complete: message['complete'] === true && Number(message['others']) === 0,
          generatorMicroseconds: (Number(message['generatorCpuSeconds']) / (messages + o.warmUp)) * 1e6,
          next: Number(message['next']),
        });
      }
    });
    far.on('error', reject);
    const ended = () => {
      far.kill();
      reject(new Error(`${contender.name} ended in the middle of a round`));
    };
    contender.child.once('exit', ended);
    far.once('exit', () => contender.child.off('exit', ended));
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
}

/**
 * CPU microseconds a 2.5 kB MESSAGE of the BCF alone, screening in full, beside Kamailio's stateful relay: both alive on
 * ports of their own, rounds interleaved, the order turned round every other pair.
 */
export async function sipBench(o: SipBenchOptions): Promise<number> {
  const program = findKamailio();
  const folder = mkdtempSync(join(tmpdir(), 'esinet-bench-'));
  const children: ChildProcess[] = [];
  let complete = true;
  const clear = () => {
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
    say(
      program
        ? `peer: ${kamailioVersion(program)}, -x fm -X fm, one worker`
        : 'peer: none (Kamailio is not installed), figures of the BCF alone',
    );
    for (const transport of o.transports) {
      const contenders: Contender[] = [];
      const enlist = async (
        name: string,
        start: (port: number, sinkPort: number) => ChildProcess,
      ): Promise<void> => {
        const [port, sinkPort] = [await freePort(), await freePort()];
        const child = start(port, sinkPort);
        child.stderr?.on('data', (text: Buffer) =>
          process.stderr.write(`[${name}] ${text.toString('latin1', 0, 500)}`),
        );
        children.push(child);
        pin(child.pid, 1);
        contenders.push({ name, child, port, sinkPort });
      };
      await enlist('BCF', (port, sinkPort) => startBcf(folder, transport, port, sinkPort));
      if (program)
        await enlist('Kamailio', (port, next) => startKamailio(program, { folder, port, next, transport }));
      await wait(3000);
      for (const contender of contenders) pin(contender.child.pid, 1);
      const rounds = new Map<string, Round[]>(contenders.map((contender) => [contender.name, []]));
      let next = 1;
      for (let pair = 0; pair < o.pairs; pair++) {
        const order = pair % 2 ? [...contenders].reverse() : contenders;
        for (const contender of order) {
          const result = await round(contender, transport, next, o);
          next = result.next;
          complete &&= result.complete;
          rounds.get(contender.name)?.push(result);
          say(
            `  ${transport} pair ${pair + 1} ${contender.name.padEnd(8)} ${result.cpuMicroseconds.toFixed(1)} µs CPU a message, ` +
              `${result.perSecond.toFixed(0)}/s, far side ${result.generatorMicroseconds.toFixed(1)} µs` +
              (result.complete
                ? ''
                : `, NOT every message was answered 200 (${result.others} other answers)`),
          );
          await wait(500);
        }
      }
      for (const { name } of contenders) {
        const cpu = (rounds.get(name) ?? []).map((each) => each.cpuMicroseconds);
        say(`${transport} ${name}: ${spread(cpu)} µs CPU a message, median (least to most) of ${cpu.length}`);
      }
      const ours = rounds.get('BCF') ?? [];
      const theirs = rounds.get('Kamailio') ?? [];
      if (theirs.length) {
        const ratios = ours.map(
          (each, index) => each.cpuMicroseconds / (theirs[index]?.cpuMicroseconds ?? NaN),
        );
        say(
          `${transport} ratio BCF / Kamailio: ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
        );
      }
      for (const child of children) child.kill('SIGTERM');
      await wait(1500);
      for (const child of children.splice(0)) child.kill('SIGKILL');
    }
    if (!complete) say('These figures do not count: a message was not answered, or not by 200.');
    return complete ? 0 : 1;
  } finally {
    clear();
  }
}
