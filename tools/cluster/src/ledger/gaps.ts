import type { Said } from './history.js';
import { isPromised } from './judge.js';

/** The longest time without a success while there was something to succeed with. */
export interface Gap {
  readonly path: string;
  readonly ms: number;
  /** When it began. */
  readonly at: number;
}

/** The longest gap of each path between two moments, in milliseconds of the run. */
export function gapsOf(said: readonly Said[], from: number, to: number): Gap[] {
  const paths = new Map<string, number[]>();
  for (const each of said) {
    const { path, answeredAt } = each;
    const successes = paths.get(path) ?? [];
    paths.set(path, successes);
    if (isPromised(each) && answeredAt !== undefined && answeredAt >= from && answeredAt <= to) {
      successes.push(answeredAt);
    }
  }
  return [...paths].map(([path, successes]) => {
    const moments = [from, ...successes.sort((a, b) => a - b), to];
    let longest = { path, ms: 0, at: from };
    for (let i = 1; i < moments.length; i++) {
      const [before = 0, after = 0] = [moments[i - 1], moments[i]];
      if (after - before > longest.ms) longest = { path, ms: after - before, at: before };
    }
    return longest;
  });
}

/** Milliseconds to the answer of those that were said between two moments; the given share of them took no longer. */
export function quantile(said: readonly Said[], share: number, from: number, to: number): number | undefined {
  const times = said
    .filter((each) => isPromised(each) && each.at >= from && each.at < to)
    .map(({ at, answeredAt = at }) => answeredAt - at)
    .sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * share))];
}

export interface Recovery {
  /** p99 before the fault. */
  readonly before: number;
  /** How long after the heal until p99 was back for good; undefined: it was not. */
  readonly afterMs: number | undefined;
}

/** Twice as long as before, and what a busy machine adds. */
const backToNormal = (before: number): number => before * 2 + 100;

/** In slices of a second: the first after the heal from which on all are back to normal. */
export function recoveryOf(
  said: readonly Said[],
  o: { readonly calmFrom: number; readonly injected: number; readonly healed: number; readonly end: number },
): Recovery {
  const slice = 1_000;
  const before = quantile(said, 0.99, o.calmFrom, o.injected) ?? 0;
  let back: number | undefined;
  for (let from = o.healed; from + slice <= o.end; from += slice) {
    const open = said.some(
      ({ at, answeredAt }) => at >= from && at < from + slice && answeredAt === undefined,
    );
    const late = quantile(said, 0.99, from, from + slice);
    const normal = !open && late !== undefined && late <= backToNormal(before);
    if (!normal) back = undefined;
    else back ??= from - o.healed;
  }
  return { before, afterMs: back };
}
