import { type Clock, ManualClock, silentLogger } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { watchClock } from './clock-watch.js';
import { HealthChecks } from './health.js';
import { watchHeap } from './heap-watch.js';
import { PrometheusMetrics } from './metrics.js';

describe('the heap', () => {
  it('that is full for a moment is nothing; one that stays full ends readiness and, once, the process', async () => {
    const clock = new ManualClock();
    const health = new HealthChecks(clock);
    let used = 50;
    let ended = 0;
    watchHeap({
      ...{ health, clock, logger: silentLogger },
      onFull: () => void ended++,
      use: () => ({ used, limit: 100 }),
    });
    used = 95;
    await clock.run(3_000, 500);
    used = 60;
    await clock.run(3_000, 500);
    expect((await health.report()).ready).toBe(true);
    used = 95;
    await clock.run(10_000, 500);
    expect(ended).toBe(1);
    expect((await health.report()).checks['heap']).toBe('more than 90 % of the heap is in use');
  });
});

describe('the clock', () => {
  it.each([
    ['ten minutes on', 600_000, 600],
    ['a day back', -86_400_000, -86_400],
  ])('%s is counted and mentioned; a correction of a second is not', async (_, byMs, seconds) => {
    const manual = new ManualClock();
    let ahead = 0;
    const clock: Clock = {
      now: () => manual.now(),
      wall: () => manual.wall() + ahead,
      after: (ms, fire) => manual.after(ms, fire),
    };
    const health = new HealthChecks(clock);
    const metrics = new PrometheusMetrics();
    watchClock({ health, clock, logger: silentLogger, metrics });
    ahead = 1_000;
    await manual.run(5_000, 500);
    expect((await health.report()).notes).toBeUndefined();
    ahead += byMs;
    await manual.run(5_000, 500);
    const report = await health.report();
    expect(report).toMatchObject({
      ready: true,
      notes: { clock: `the time of day has jumped by ${seconds} s: is it right?` },
    });
    expect(await metrics.text()).toContain('esinet_clock_jumps_total 1');
    await manual.run(700_000, 10_000);
    expect((await health.report()).notes).toBeUndefined();
  });
});
