import type { Cluster } from '../lab/start-cluster.js';
import type { Load, LoadShape } from '../load/load.js';
import type { Way } from '../load/load-caller.js';
import type { Verdict } from '../ledger/judge.js';

/** Of the table, or a word for one that is not in it. */
export type FaultId = `F${number}` | 'POSTGRES';

/** What a fault cannot be made without. */
export type Need = 'servers' | 'two PSAPs' | 'faketime' | 'prlimit' | 'root';

/** What a fault is done to, and with. */
export interface Trouble {
  readonly cluster: Cluster;
  readonly load: Load;
  readonly random: () => number;
  /** How often something is done that is done several times; undefined: as often as the fault does it by itself. */
  readonly rounds: number | undefined;
  /** A line of the progress, and of the report. */
  note(line: string): void;
}

/** A fault that is there. */
export interface Injected {
  /** Takes the fault away; what is to come back by itself is left alone. */
  heal(): Promise<void>;
  /** Sentences that say what is wrong beyond what the books say. */
  check?(verdict: Verdict): Promise<readonly string[]> | readonly string[];
  /** Figures for the report. */
  figures?(): Readonly<Record<string, number | string>>;
}

/** Bounds that a run has to keep; what is not given is not bounded. */
export interface Bounds {
  /** Longest gap of each of these ways, in milliseconds. */
  readonly gapMs?: number;
  /** All ways of the load if not given. */
  readonly gapWays?: readonly Way[];
  /** The same of starts only, over all ways: what the routers have to do with. */
  readonly startGapMs?: number;
  /** Share of what was said that may be refused. */
  readonly refusedShare?: number;
  /** How long after the heal p99 is back to normal. Default 10 s. */
  readonly recoveryMs?: number;
}

/** One fault of the table, done to a cluster under load. */
export interface Fault {
  readonly id: FaultId;
  readonly title: string;
  /** What has to be reached, in words. */
  readonly goal: string;
  /** What our elements do about it. */
  readonly answer: string;
  readonly needs?: readonly Need[];
  readonly load?: Partial<LoadShape>;
  readonly bounds?: Bounds;
  /** How long it stays. Default 5 s. */
  readonly holdMs?: number;
  /** Processes that it may end, other than by a signal of ours. */
  readonly mayEnd?: readonly string[];
  /** It can come by itself at any moment, beside others. */
  readonly random?: boolean;
  inject(trouble: Trouble): Promise<Injected>;
}

/** One that has no script of its own here. */
export interface Elsewhere {
  readonly id: FaultId;
  readonly title: string;
  readonly goal: string;
  readonly elsewhere: string;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves with the time it took, when all processes named serve again. */
export async function backIn(cluster: Cluster, ...names: readonly string[]): Promise<number> {
  const from = performance.now();
  await Promise.all(names.map((name) => cluster.process(name).ready()));
  return Math.round(performance.now() - from);
}

export const nothingToHeal = (): Promise<void> => Promise.resolve();
