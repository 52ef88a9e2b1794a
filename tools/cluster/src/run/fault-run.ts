import { messageOf } from '@esinet/kernel';
import type { Cluster, ClusterEvent } from '../lab/start-cluster.js';
import { type Bounds, type Fault, type Injected, type Need, pause } from '../faults/fault.js';
import { type Gap, type Recovery, gapsOf, quantile, recoveryOf } from '../ledger/gaps.js';
import type { Said } from '../ledger/history.js';
import { type Verdict, isPromised, judge } from '../ledger/judge.js';
import { Load, type LoadShape, ordinaryLoad } from '../load/load.js';

/** What was measured of one fault. Moments are milliseconds since its load began. */
export interface FaultResult {
  readonly id: string;
  readonly title: string;
  readonly goal: string;
  /** What must never be, in sentences: lost, doubled, a process that ended by itself. */
  readonly broken: readonly string[];
  /** Times and shares that were not kept, which a busy machine alone may do. */
  readonly missed: readonly string[];
  readonly verdict: Verdict;
  readonly gaps: readonly Gap[];
  readonly startGapMs: number;
  readonly p50Ms: number;
  readonly recovery: Recovery;
  readonly figures: Readonly<Record<string, number | string>>;
  readonly notes: readonly string[];
  readonly timeline: Timeline;
}

export interface Timeline {
  readonly from: number;
  readonly injected: number;
  readonly healed: number;
  readonly end: number;
  /** Promises a second, from `from` on, in steps of half a second. */
  readonly promises: readonly number[];
  readonly refusals: readonly number[];
  readonly bands: readonly Band[];
  readonly memory: readonly Memory[];
}

export interface Band {
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

/** Resident memory of each process at one moment, in MB. */
export interface Memory {
  readonly at: number;
  readonly mb: Readonly<Record<string, number>>;
}

export interface RunOptions {
  readonly cluster: Cluster;
  readonly shape: Partial<LoadShape>;
  /** Milliseconds of ordinary load before the fault, and after it. */
  readonly calmMs: number;
  readonly afterMs: number;
  /** Whether times are looked at: only on a machine that does nothing else. */
  readonly timed: boolean;
  readonly rounds: number | undefined;
  /** How long a fault stays that could stay any time. */
  readonly holdMs: number | undefined;
  readonly random: () => number;
  readonly say: (line: string) => void;
}

export const stepMs = 500;
const memoryMs = 1_000;
const defaultHoldMs = 5_000;
const defaultRecoveryMs = 10_000;
const healMs = 180_000;

/** Why a fault cannot be done here; undefined where it can. */
export function obstacle(fault: Fault, has: (need: Need) => boolean): string | undefined {
  const missing = (fault.needs ?? []).filter((need) => !has(need));
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}

/** Ordinary load, the fault, its heal, ordinary load, and the books. */
export async function runFault(fault: Fault, o: RunOptions): Promise<FaultResult> {
  const { cluster, say, random } = o;
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    say(`    ${line}`);
  };
  await cluster.ready();
  const exitsBefore = exitCounts(cluster);
  const load = await Load.open(cluster, { ...ordinaryLoad, ...fault.load, ...o.shape }, random);
  const memory = new MemoryWatch(cluster, () => load.now());
  try {
    const from = load.now();
    load.begin();
    await pause(o.calmMs);
    const injected = load.now();
    const trouble = { cluster, load, random, rounds: o.rounds, note };
    let done: Injected = { heal: () => Promise.resolve() };
    const broken: string[] = [];
    const missed: string[] = [];
    try {
      done = await fault.inject(trouble);
      const hold = fault.holdMs ?? defaultHoldMs;
      await pause(hold === 0 ? 0 : (o.holdMs ?? hold));
      await within(done.heal(), healMs);
      await cluster.ready();
    } catch (error) {
      broken.push(`the fault could not be made or healed: ${messageOf(error)}`);
    }
    const healed = load.now();
    const { recoveryMs = defaultRecoveryMs } = fault.bounds ?? {};
    await pause(o.timed ? Math.max(o.afterMs, recoveryMs + 1_000) : o.afterMs);
    const end = load.now();
    memory.stop();
    await load.end();
    const history = await load.history();
    const verdict = judge(history);
    const { said } = history;
    const recovery = recoveryOf(said, { calmFrom: from, injected, healed, end });
    const gaps = gapsOf(said, from, end);
    const starts = said.filter(({ start }) => start).map((each) => ({ ...each, path: 'starts' }));
    const startGapMs = Math.round(gapsOf(starts, from, end)[0]?.ms ?? 0);
    broken.push(
      ...faultsOfBooks(verdict),
      ...unaskedExits(cluster, exitsBefore, fault.mayEnd ?? []),
      ...((await done.check?.(verdict)) ?? []),
    );
    if (o.timed) missed.push(...outOfBounds(fault.bounds ?? {}, { verdict, gaps, startGapMs, recovery }));
    if (verdict.open > 0) missed.push(`${verdict.open} texts had no answer yet when the books were closed`);
    missed.push(...load.problems.slice(0, 3));
    return {
      ...{ id: fault.id, title: fault.title, goal: fault.goal, broken, missed },
      ...{ verdict, startGapMs, recovery, notes },
      gaps: gaps.map((gap) => ({ ...gap, ms: Math.round(gap.ms) })),
      p50Ms: Math.round(quantile(said, 0.5, from, end) ?? 0),
      figures: done.figures?.() ?? {},
      timeline: {
        ...{ from, injected, healed, end, memory: memory.taken },
        ...throughput(said, from, end),
        bands: [{ what: fault.id, from: injected, to: healed }],
      },
    };
  } finally {
    memory.stop();
    await load.close();
  }
}

/** Criterion C0 of every fault, as far as the books tell. */
export function faultsOfBooks(v: Verdict): string[] {
  const wrong: string[] = [];
  const say = (what: string, list: readonly string[]): void => {
    if (list.length > 0) wrong.push(`${list.length} ${what}: ${list.slice(0, 3).join('; ')}`);
  };
  say('LOST (answered 2xx and not recorded)', v.lost);
  say('recorded or told twice', v.doubled);
  say('out of order', v.disordered);
  say('recorded that nobody said', v.strange);
  say('second starts', v.doubleStarts);
  say('Message Identifiers used twice', v.reusedMessageIds);
  say('answers LOST (delivered and not shown)', v.answers.lost);
  say('answers shown twice', v.answers.doubled);
  return wrong;
}

function outOfBounds(
  bounds: Bounds,
  m: {
    readonly verdict: Verdict;
    readonly gaps: readonly Gap[];
    readonly startGapMs: number;
    readonly recovery: Recovery;
  },
): string[] {
  const wrong: string[] = [];
  const { gapMs, gapWays, startGapMs, refusedShare, recoveryMs = defaultRecoveryMs } = bounds;
  for (const { path, ms } of m.gaps) {
    const bounded = gapMs !== undefined && (gapWays === undefined || gapWays.some((way) => way === path));
    if (bounded && ms > gapMs) wrong.push(`gap of ${ms.toFixed(0)} ms over ${path}, ${gapMs} allowed`);
  }
  if (startGapMs !== undefined && m.startGapMs > startGapMs) {
    wrong.push(`gap of ${m.startGapMs} ms between starts, ${startGapMs} allowed`);
  }
  const { refused, said } = m.verdict;
  if (refusedShare !== undefined && refused > said * refusedShare) {
    wrong.push(`${refused} of ${said} refused, ${(refusedShare * 100).toFixed(1)} % allowed`);
  }
  const { afterMs, before } = m.recovery;
  if (afterMs === undefined) wrong.push(`p99 did not come back to normal (${before.toFixed(0)} ms before)`);
  else if (afterMs > recoveryMs) wrong.push(`back to normal after ${afterMs} ms, ${recoveryMs} allowed`);
  return wrong;
}

export function exitCounts(cluster: Cluster): Map<string, number> {
  return new Map([...cluster.processes].map(([name, { exits }]) => [name, exits.length]));
}

/** Processes that ended and nobody had asked for it. */
export function unaskedExits(
  cluster: Cluster,
  before: ReadonlyMap<string, number>,
  mayEnd: readonly string[],
): string[] {
  return [...cluster.processes].flatMap(([name, { exits }]) => {
    if (mayEnd.includes(name)) return [];
    const unasked = exits.slice(before.get(name) ?? 0).filter(({ asked }) => !asked);
    return unasked.map(({ how }) => `${name} ended by itself (${how})`);
  });
}

/** Promises and refusals a second, in steps. */
export function throughput(
  said: readonly Said[],
  from: number,
  end: number,
): { promises: number[]; refusals: number[] } {
  const steps = Math.max(1, Math.ceil((end - from) / stepMs));
  const promises = new Array<number>(steps).fill(0);
  const refusals = new Array<number>(steps).fill(0);
  for (const each of said) {
    if (each.answeredAt === undefined) continue;
    const step = Math.floor((each.answeredAt - from) / stepMs);
    const into = isPromised(each) ? promises : refusals;
    if (step >= 0 && step < steps) into[step] = (into[step] ?? 0) + 1_000 / stepMs;
  }
  return { promises, refusals };
}

/** Looks at the resident memory of every process once a second. */
export class MemoryWatch {
  readonly taken: Memory[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(cluster: Cluster, now: () => number) {
    this.#timer = setInterval(() => {
      const mb: Record<string, number> = {};
      for (const [name, each] of cluster.processes) {
        if (each.rss !== undefined) mb[name] = Math.round(each.rss / 1_048_576);
      }
      this.taken.push({ at: now(), mb });
    }, memoryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${ms / 1_000} s`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A line for what happens to processes while faults run. */
export function eventLine({ who, what }: ClusterEvent): string {
  return `    ${who} ${what}`;
}
