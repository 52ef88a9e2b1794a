import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../sip/free-port.js';
import { type Elements, pin, startElements } from './elements.js';
import type { Done, Order } from './order.js';
import { type Report, windowMs } from './tally.js';

export interface OverloadBenchOptions {
  /** Of the overload, and of the flood. */
  readonly seconds: number;
  readonly times: number;
  readonly chats: number;
  readonly chatEveryMs: number;
  /** Starts a second of the loud source. */
  readonly flood: number;
  readonly only: 'overload' | 'flood' | undefined;
  readonly json: boolean;
}

interface OverloadReport {
  /** Starts a second that border and router can do, without overload control. */
  readonly capacity: number;
  readonly offered: number;
  /** Starts a second answered 200 under overload. */
  readonly goodput: number;
  readonly ratio: number;
  readonly p50: number;
  readonly p99: number;
  readonly statuses: Record<string, number>;
  readonly unanswered: number;
  readonly lost: number;
  readonly chats: { readonly sent: number; readonly success: number; readonly p99: number };
  /** CPU time of each in a second of overload, milliseconds. */
  readonly cpu: { readonly bcf: number; readonly esrp: number };
  readonly rssBefore: number;
  readonly rssAfter: number;
  /** Seconds after the overload until nearly all starts are answered 200 in half a second again; undefined: not in time. */
  readonly recovery: number | undefined;
}

interface FloodReport {
  readonly offered: number;
  readonly loud: Report;
  readonly quiet: Report;
  readonly success: number;
}

/** Seconds of the phases before and after. */
const warmUpSeconds = 12;
const capacitySeconds = 5;
const warmUps = 6;
/** Times the best so far: what is less is no growth. */
const stillGrowing = 1.1;
const recoverySeconds = 8;
const window = 200;
/** Of the capacity: what is offered when the overload is over. */
const afterShare = 0.7;
/** Of what was asked for, or of a core: less says that something else is the limit. */
const fullShare = 0.9;
/** Share of the starts of half a second that have to be well for it to be over. */
const wellShare = 0.99;

const here = dirname(fileURLToPath(import.meta.url));

class FarSide {
  private constructor(readonly child: ChildProcess) {}

  static start(core: number): Promise<FarSide> {
    const child = fork(join(here, 'far-side.js'), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    pin(child.pid, core);
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve(new FarSide(child)));
      child.once('error', reject);
    });
  }

  ask(order: Order): Promise<Done> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the far side ended'));
      this.child.once('exit', ended);
      this.child.once('message', (done) => {
        this.child.off('exit', ended);
        resolve(done as Done);
      });
      this.child.send(order);
    });
  }
}

/** What border and router do when far more comes than they can do, and when one source is far too loud. */
export async function overloadBench(o: OverloadBenchOptions): Promise<number> {
  const say = (line: string): void => void (o.json ? process.stderr : process.stdout).write(`${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'esinet-overload-'));
  const running: Elements[] = [];
  const far = await FarSide.start(0);
  const clear = async () => {
    await Promise.all(running.splice(0).map((elements) => elements.stop()));
    far.child.disconnect();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void clear().then(() => process.exit(130)));
  }
  try {
    const sinkPort = await freePort();
    const bcf = cpus().length > 1 ? 1 : 0;
    const cores = { bcf, esrp: cpus().length > 2 ? 2 : bcf };
    const start = async (name: string, overload: boolean, abuse = false): Promise<Elements> => {
      const elements = await startElements({ folder, name, sinkPort, overload, abuse, cores });
      running.push(elements);
      await far.ask({ do: 'begin', target: elements.port, sinkPort });
      return elements;
    };
    const stop = async (elements: Elements) => {
      running.splice(running.indexOf(elements), 1);
      await elements.stop();
    };
    let overload: OverloadReport | undefined;
    if (o.only !== 'flood') {
      const bare = await start('bare', false);
      const capacity = await capacityOf(far);
      say(`capacity without overload control: ${capacity.toFixed(0)} starts/s`);
      await stop(bare);
      const elements = await start('limited', true);
      overload = await overloaded(far, elements, capacity, o);
      sayOverload(overload, o, say);
      sayDoubts(overload, o, say);
      await stop(elements);
    }
    let flood: FloodReport | undefined;
    if (o.only !== 'overload') {
      const elements = await start('flooded', true, true);
      flood = await flooded(far, o);
      sayFlood(flood, say);
      await stop(elements);
    }
    if (o.json) process.stdout.write(`${JSON.stringify({ overload, flood }, undefined, 2)}\n`);
    const lost = (overload?.lost ?? 0) + (flood ? flood.loud.lost + flood.quiet.lost : 0);
    return lost === 0 ? 0 : 1;
  } finally {
    await clear();
  }
}

/** Measured until it grows no more: a process that is not warm yet does a fraction of what it will. */
async function capacityOf(far: FarSide): Promise<number> {
  let best = 0;
  for (let i = 0; i < warmUps; i++) {
    await far.ask({ do: 'closed', seconds: warmUpSeconds, window });
    const { starts } = await far.ask({ do: 'closed', seconds: capacitySeconds, window });
    const rate = starts ? starts.accepted / starts.seconds : 0;
    if (best > 0 && rate < best * stillGrowing) return Math.max(best, rate);
    best = Math.max(best, rate);
  }
  if (best === 0)
    throw new Error('border and router answer nothing: is the machine busy with something else?');
  return best;
}

async function overloaded(
  far: FarSide,
  elements: Elements,
  capacity: number,
  o: OverloadBenchOptions,
): Promise<OverloadReport> {
  await far.ask({ do: 'closed', seconds: warmUpSeconds, window });
  const rssBefore = elements.rss();
  const rate = capacity * o.times;
  const cpuBefore = elements.cpuMs();
  const { starts, others } = await far.ask({
    do: 'open',
    seconds: o.seconds,
    rate,
    chats: o.chats,
    chatEveryMs: o.chatEveryMs,
  });
  const rssAfter = elements.rss();
  const cpuAfter = elements.cpuMs();
  // The answers to what was sent last are waited for above: the end of the overload is a little before this.
  const { starts: after } = await far.ask({
    do: 'open',
    seconds: recoverySeconds,
    rate: capacity * afterShare,
    chats: 0,
    chatEveryMs: o.chatEveryMs,
  });
  if (!starts || !others || !after) throw new Error('the far side has no figures');
  const goodput = starts.accepted / starts.seconds;
  return {
    capacity,
    offered: starts.sent / starts.seconds,
    goodput,
    ratio: goodput / capacity,
    p50: starts.p50,
    p99: starts.p99,
    statuses: starts.statuses,
    unanswered: starts.unanswered,
    lost: starts.lost + others.lost + after.lost,
    chats: { sent: others.sent, success: others.accepted / others.sent, p99: others.p99 },
    cpu: {
      bcf: (cpuAfter.bcf - cpuBefore.bcf) / o.seconds,
      esrp: (cpuAfter.esrp - cpuBefore.esrp) / o.seconds,
    },
    rssBefore,
    rssAfter,
    recovery: recoveryOf(after),
  };
}

/** The end of the last half second that was not well, in seconds. */
function recoveryOf({ course }: Report): number | undefined {
  let last = -1;
  course.forEach(({ sent, good }, index) => {
    if (sent > 0 && good < sent * wellShare) last = index;
  });
  if (last === course.length - 1 && last >= 0) return undefined;
  return ((last + 1) * windowMs) / 1_000;
}

async function flooded(far: FarSide, o: OverloadBenchOptions): Promise<FloodReport> {
  await far.ask({ do: 'closed', seconds: warmUpSeconds, window });
  const { starts, others } = await far.ask({
    do: 'flood',
    seconds: o.seconds,
    rate: o.flood,
    quiet: 20,
    quietPerSecond: 2,
  });
  if (!starts || !others) throw new Error('the far side has no figures');
  return {
    offered: starts.sent / starts.seconds,
    loud: starts,
    quiet: others,
    success: others.accepted / others.sent,
  };
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MiB`;
const answers = (statuses: Record<string, number>) =>
  Object.entries(statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');

function sayOverload(r: OverloadReport, o: OverloadBenchOptions, say: (line: string) => void): void {
  say(`overload, ${o.seconds} s, asked for ${o.times} times the capacity`);
  say(
    `  offered             ${r.offered.toFixed(0)} starts/s (${(r.offered / r.capacity).toFixed(1)} times)`,
  );
  say(`  answered 200        ${r.goodput.toFixed(0)}/s, ${percent(r.ratio)} of the capacity`);
  say(`  delay of those      p50 ${r.p50} ms, p99 ${r.p99} ms`);
  say(`  answers             ${answers(r.statuses)}; none: ${r.unanswered}; 503: ${r.statuses['503'] ?? 0}`);
  say(`  running chats       ${percent(r.chats.success)} of ${r.chats.sent}, p99 ${r.chats.p99} ms`);
  say(`  answered 200, lost  ${r.lost}`);
  say(`  CPU a second        border ${r.cpu.bcf.toFixed(0)} ms, router ${r.cpu.esrp.toFixed(0)} ms`);
  say(`  memory of both      ${mib(r.rssBefore)} before, ${mib(r.rssAfter)} after`);
  say(
    `  recovered           ${r.recovery === undefined ? 'not in time' : `${r.recovery} s after it was over`}`,
  );
}

/** What stands in the way of the figures, so that nobody takes them for those of the elements. */
function sayDoubts(r: OverloadReport, o: OverloadBenchOptions, say: (line: string) => void): void {
  if (r.offered < r.capacity * o.times * fullShare)
    say('  note                the far side could not send all it was asked for: its core is the limit');
  if (cpus().length <= 2 && r.ratio < fullShare && r.cpu.bcf + r.cpu.esrp < 1_000 * fullShare)
    say('  note                other programs had a part of the core: measure on an idle machine');
}

function sayFlood(r: FloodReport, say: (line: string) => void): void {
  say(`flood, one source at ${r.offered.toFixed(0)} starts/s beside 20 quiet ones`);
  say(
    `  quiet ones          ${percent(r.success)} of ${r.quiet.sent}, p50 ${r.quiet.p50} ms, p99 ${r.quiet.p99} ms`,
  );
  say(`  their answers       ${answers(r.quiet.statuses)}`);
  say(`  the loud one        ${answers(r.loud.statuses)}; none: ${r.loud.unanswered}`);
  say(`  answered 200, lost  ${r.loud.lost + r.quiet.lost}`);
}
