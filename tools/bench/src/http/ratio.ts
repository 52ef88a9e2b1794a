/** Of one server in one round. */
export interface Round {
  readonly perSecond: number;
  /** All threads of the server. */
  readonly cpuMicroseconds: number;
  /** Share of a core that the far side took: near 1 it was the bottleneck itself. */
  readonly generatorCore: number;
  /** Share of a core that the server took. */
  readonly serverCore: number;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Comparison {
  readonly scenario: string;
  readonly against: string;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly ours: Figures;
  readonly bare: Figures;
  /** Of the pairs: answers a second, ours over bare. */
  readonly throughputRatio: Spread;
  /** Of the pairs: CPU an answer, bare over ours, which is what a saturated core gives without disturbance. */
  readonly cpuRatio: Spread;
  readonly complete: boolean;
}

export interface Figures {
  readonly perSecond: Spread;
  readonly cpuMicroseconds: Spread;
  readonly serverCore: Spread;
  readonly generatorCore: Spread;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const median = sorted.length % 2 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  return { median, least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN };
}

export function figuresOf(rounds: readonly Round[]): Figures {
  return {
    perSecond: spreadOf(rounds.map((r) => r.perSecond)),
    cpuMicroseconds: spreadOf(rounds.map((r) => r.cpuMicroseconds)),
    serverCore: spreadOf(rounds.map((r) => r.serverCore)),
    generatorCore: spreadOf(rounds.map((r) => r.generatorCore)),
  };
}

export function ratiosOf(
  ours: readonly Round[],
  bare: readonly Round[],
): Pick<Comparison, 'throughputRatio' | 'cpuRatio'> {
  const pairs = ours.flatMap((round, i) => {
    const other = bare[i];
    return other ? [[round, other] as const] : [];
  });
  return {
    throughputRatio: spreadOf(pairs.map(([a, b]) => a.perSecond / b.perSecond)),
    cpuRatio: spreadOf(pairs.map(([a, b]) => b.cpuMicroseconds / a.cpuMicroseconds)),
  };
}

export function spreadText(s: Spread, digits: number): string {
  return `${s.median.toFixed(digits)} (${s.least.toFixed(digits)} to ${s.most.toFixed(digits)})`;
}
