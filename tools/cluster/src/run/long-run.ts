import { messageOf } from '@esinet/kernel';
import type { Cluster } from '../lab/start-cluster.js';
import { type Fault, type Injected, pause } from '../faults/fault.js';
import { gapsOf, quantile, recoveryOf } from '../ledger/gaps.js';
import { judge } from '../ledger/judge.js';
import { Load, type LoadShape, ordinaryLoad } from '../load/load.js';
import {
  type Band,
  type FaultResult,
  MemoryWatch,
  exitCounts,
  faultsOfBooks,
  throughput,
  unaskedExits,
} from './fault-run.js';

export interface LongRunOptions {
  readonly cluster: Cluster;
  readonly shape: Partial<LoadShape>;
  readonly random: () => number;
  readonly say: (line: string) => void;
}

const everyMs = 30_000;
const longestFaultMs = 15_000;
const progressMs = 10_000;
const calmMs = 5_000;

/** A random fault every 30 s, while so many chats talk. */
export function randomRun(
  faults: readonly Fault[],
  minutes: number,
  o: LongRunOptions,
): Promise<FaultResult> {
  return longRun('random', `a random fault every ${everyMs / 1_000} s for ${minutes} minutes`, o, {
    over: ({ elapsedMs }) => elapsedMs >= minutes * 60_000,
    async step(load, note) {
      const begun = performance.now();
      const fault = faults[Math.floor(o.random() * faults.length)];
      if (!fault) return undefined;
      const from = load.now();
      note(`${fault.id} ${fault.title}`);
      const trouble = { ...o, load, rounds: 1, note };
      let done: Injected | undefined;
      try {
        done = await fault.inject(trouble);
        await pause(Math.min(fault.holdMs ?? 5_000, longestFaultMs));
      } finally {
        await done?.heal();
      }
      await o.cluster.ready();
      const band: Band = { what: fault.id, from, to: load.now() };
      await pause(everyMs - (performance.now() - begun));
      return band;
    },
  });
}

/** Kills of processes at random, until there were enough of them and of promises. */
export function killRun(
  kills: number,
  promises: number,
  o: LongRunOptions & { readonly names: readonly string[] },
): Promise<FaultResult> {
  let killed = 0;
  return longRun('kills', `${kills} kills of processes at random, ${promises} promises`, o, {
    over: (so) => killed >= kills && so.promised >= promises,
    async step(load, note) {
      if (killed >= kills) {
        await pause(1_000);
        return undefined;
      }
      await pause(200 + o.random() * 2_000);
      const name = o.names[Math.floor(o.random() * o.names.length)] ?? '';
      const from = load.now();
      await o.cluster.process(name).kill();
      killed++;
      if (killed % 10 === 0) note(`${killed} kills`);
      await o.cluster.process(name).ready();
      return { what: name, from, to: load.now() };
    },
  });
}

interface Steps {
  over(so: { readonly elapsedMs: number; readonly promised: number }): boolean;
  step(load: Load, note: (line: string) => void): Promise<Band | undefined>;
}

async function longRun(id: string, title: string, o: LongRunOptions, steps: Steps): Promise<FaultResult> {
  const { cluster, say } = o;
  const notes: string[] = [];
  const wrong: string[] = [];
  const bands: Band[] = [];
  const exits = exitCounts(cluster);
  const load = await Load.open(cluster, { ...ordinaryLoad, ...o.shape }, o.random);
  say(`${load.standing.length} chats stand`);
  const memory = new MemoryWatch(cluster, () => load.now());
  const note = (line: string): void => {
    notes.push(line);
    say(`    ${line}`);
  };
  const promised = (): number => load.said.filter(({ status = 0 }) => status >= 200 && status < 300).length;
  const from = load.now();
  const progress = setInterval(() => {
    const seconds = ((load.now() - from) / 1_000).toFixed(0);
    say(`  ${seconds} s: ${promised()} promised of ${load.said.length} said, ${load.open} open`);
  }, progressMs);
  try {
    load.begin();
    await pause(calmMs);
    const injected = load.now();
    while (!steps.over({ elapsedMs: load.now() - from, promised: promised() })) {
      try {
        const band = await steps.step(load, note);
        if (band) bands.push(band);
      } catch (error) {
        wrong.push(messageOf(error));
        await pause(1_000);
        await cluster.ready();
      }
    }
    await cluster.ready();
    const healed = load.now();
    await pause(11_000);
    const end = load.now();
    clearInterval(progress);
    memory.stop();
    say('waiting for the last answers, reading the records');
    await load.end(120_000);
    const history = await load.history(60_000);
    const verdict = judge(history);
    const starts = history.said.filter(({ start }) => start).map((each) => ({ ...each, path: 'starts' }));
    return {
      ...{ id, title, goal: 'lost 0, doubled 0', verdict, notes },
      broken: [...wrong, ...faultsOfBooks(verdict), ...unaskedExits(cluster, exits, [])],
      missed: [
        ...load.problems.slice(0, 5),
        ...(verdict.open > 0 ? [`${verdict.open} texts had no answer yet`] : []),
      ],
      gaps: gapsOf(history.said, from, end).map((gap) => ({ ...gap, ms: Math.round(gap.ms) })),
      startGapMs: Math.round(gapsOf(starts, from, end)[0]?.ms ?? 0),
      p50Ms: Math.round(quantile(history.said, 0.5, from, end) ?? 0),
      recovery: recoveryOf(history.said, { calmFrom: from, injected, healed, end }),
      figures: { faults: bands.length, rateReached: Math.round(verdict.promised / ((end - from) / 1_000)) },
      timeline: {
        ...{ from, injected, healed, end, bands, memory: memory.taken },
        ...throughput(history.said, from, end),
      },
    };
  } finally {
    clearInterval(progress);
    memory.stop();
    await load.close();
  }
}
