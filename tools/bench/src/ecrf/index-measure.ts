/** Seconds that this process computed, on all its threads: what others do on the machine counts less. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** How often `run` goes in a second of computing, after a warm-up. `run` does `batch` of what is counted. */
export function perSecond(batch: number, seconds: number, run: (from: number) => void): number {
  run(0);
  const started = cpuSeconds();
  let done = 0;
  let spent: number;
  do {
    run(done);
    done += batch;
    spent = cpuSeconds() - started;
  } while (spent < seconds);
  return done / spent;
}

/** Milliseconds of the slowest of several runs; each is measured thrice and its fastest counts, so that it is its own. */
export function slowest(runs: readonly (() => unknown)[]): number {
  let worst = 0;
  for (const run of runs) {
    let best = Infinity;
    for (let i = 0; i < 3; i += 1) {
      const started = performance.now();
      run();
      best = Math.min(best, performance.now() - started);
    }
    worst = Math.max(worst, best);
  }
  return worst;
}

export function row(name: string, value: string, note = ''): string {
  return `  ${name.padEnd(46)} ${value.padStart(16)}  ${note}\n`;
}

export function thousands(n: number): string {
  return Math.round(n).toLocaleString('en-GB');
}
