import { describe, expect, it } from 'vitest';
import { LatencyLimiter, type LimiterSettings, defaultLimiterSettings } from './latency-limiter.js';

/** A server that does so many requests a second, one after another, in steps of a millisecond. */
function server(settings: Partial<LimiterSettings> = {}) {
  const limiter = new LatencyLimiter({ ...defaultLimiterSettings, ...settings }, 0);
  let now = 0;
  let queue = 0;
  let debt = 0;
  /** `capacity` and `offered` a second; `refusal`: what refusing one costs, as a share of doing one. */
  const run = (ms: number, o: { capacity: number; offered: number; refusal?: number; running?: number }) => {
    let done = 0;
    let refused = 0;
    let slowest = 0;
    let runningRefused = 0;
    let worked = 0;
    let delays = 0;
    let due = 0;
    let dueRunning = 0;
    for (let i = 1; i <= ms; i++) {
      now++;
      limiter.refill(now);
      due += o.offered / 1_000;
      for (; due >= 1; due--) {
        if (limiter.admit('emergency')) queue++;
        else {
          refused++;
          debt += o.refusal ?? 0;
        }
      }
      dueRunning += (o.running ?? 0) / 1_000;
      for (; dueRunning >= 1; dueRunning--) {
        if (limiter.admit('running')) queue++;
        else runningRefused++;
      }
      let room = o.capacity / 1_000;
      const paid = Math.min(room, debt);
      debt -= paid;
      room -= paid;
      const taken = Math.min(room, queue);
      queue -= taken;
      done += taken;
      worked += (paid + taken) / (o.capacity / 1_000);
      const delay = ((queue + debt) / o.capacity) * 1_000;
      slowest = Math.max(slowest, delay);
      delays += delay;
      if (now % 100 === 0) {
        limiter.adapt(100, delays / 100, worked / 100);
        delays = 0;
        worked = 0;
      }
    }
    return { done: done / (ms / 1_000), refused, slowest, runningRefused };
  };
  return { limiter, run };
}

describe('a limiter that goes by delay', () => {
  it('refuses nothing below the capacity', { meta: { clause: 'RFC 7339 5' } }, () => {
    const { run, limiter } = server();
    for (const offered of [1, 50, 500, 900]) {
      expect(run(20_000, { capacity: 1_000, offered })).toMatchObject({ refused: 0 });
      expect(limiter.loss).toBe(0);
    }
  });

  it('keeps nine tenths of the capacity at ten times the load, and the delay bounded', () => {
    const { run } = server();
    run(5_000, { capacity: 1_000, offered: 900 });
    // The first half second is the burst that the bucket lets in.
    run(3_000, { capacity: 1_000, offered: 10_000 });
    const late = run(20_000, { capacity: 1_000, offered: 10_000 });
    expect(late.done).toBeGreaterThan(900);
    expect(late.slowest).toBeLessThan(500);
  });

  it('finds the capacity without having seen it before, also when refusing costs something', () => {
    for (const refusal of [0, 0.01, 0.05]) {
      const { run } = server();
      run(10_000, { capacity: 2_000, offered: 20_000, refusal });
      const later = run(20_000, { capacity: 2_000, offered: 20_000, refusal });
      // What refusing takes of the capacity is nobody's to give.
      const left = 2_000 - Math.min(18_000, 20_000) * refusal;
      expect(later.done).toBeGreaterThan(left * 0.85);
    }
  });

  it('follows a capacity that falls and rises', () => {
    const { run } = server();
    run(10_000, { capacity: 4_000, offered: 8_000 });
    run(10_000, { capacity: 1_000, offered: 8_000 });
    const low = run(10_000, { capacity: 1_000, offered: 8_000 });
    expect(low.done).toBeGreaterThan(850);
    expect(low.slowest).toBeLessThan(1_000);
    run(5_000, { capacity: 4_000, offered: 8_000 });
    expect(run(5_000, { capacity: 4_000, offered: 8_000 }).done).toBeGreaterThan(3_400);
  });

  it('is over within five seconds of the load', () => {
    const { run, limiter } = server();
    run(5_000, { capacity: 1_000, offered: 900 });
    run(60_000, { capacity: 1_000, offered: 10_000 });
    run(5_000, { capacity: 1_000, offered: 900 });
    expect(run(10_000, { capacity: 1_000, offered: 900 }).refused).toBe(0);
    expect(limiter.loss).toBe(0);
  });

  it('is not made narrow by a pause that is not of its making', () => {
    const { limiter } = server();
    const before = limiter.rate;
    limiter.adapt(400, 350, 1);
    limiter.adapt(400, 350, 1);
    limiter.adapt(100, 0, 0.1);
    expect(limiter.rate).toBe(before);
  });

  it('never goes below its least rate or above its most', () => {
    const limiter = new LatencyLimiter({ ...defaultLimiterSettings, minRate: 10, maxRate: 100 }, 0);
    expect(limiter.rate).toBe(100);
    for (let t = 1; t < 200; t++) {
      limiter.refill(t * 100);
      for (let i = 0; i < 100; i++) limiter.admit('emergency');
      limiter.adapt(100, 10_000, 1);
    }
    expect(limiter.rate).toBe(10);
    for (let t = 200; t < 700; t++) {
      limiter.refill(t * 100);
      for (let i = 0; i < 100; i++) limiter.admit('emergency');
      limiter.adapt(100, 0, 0);
    }
    expect(limiter.rate).toBe(100);
  });
});

describe('the order in which it gives way', () => {
  it(
    'lets running chats through in any case, and emergencies before test calls',
    { meta: { clause: ['RFC 7339 5.10.1', 'TS 103 698 6.1.2.5'] } },
    () => {
      const { run } = server({ maxRate: 100, minRate: 10 });
      const all = run(10_000, { capacity: 1_000, offered: 1_000, running: 50 });
      expect(all.runningRefused).toBe(0);
      // What the running ones take is not there for starts.
      expect(all.done).toBeLessThan(115);

      const limiter = new LatencyLimiter(
        {
          ...defaultLimiterSettings,
          initialRate: 100,
          maxRate: 100,
          minRate: 10,
          burstMs: 1_000,
          reservedPercent: 20,
        },
        0,
      );
      let others = 0;
      while (limiter.admit('other')) others++;
      let emergencies = 0;
      while (limiter.admit('emergency')) emergencies++;
      expect([others, emergencies]).toEqual([80, 20]);
      for (let i = 0; i < 1_000; i++) expect(limiter.admit('running')).toBe(true);
      // The debt is one bucket at most: starts are let in again within two.
      limiter.refill(2_100);
      expect(limiter.admit('emergency')).toBe(true);
    },
  );

  it('keeps the reserve for those that are not loud, and takes nothing from the loud where nobody else is', () => {
    const settings = { initialRate: 100, maxRate: 100, minRate: 10, burstMs: 1_000, reservedPercent: 20 };
    const limiter = new LatencyLimiter({ ...defaultLimiterSettings, ...settings }, 0);
    let [loud, quiet, alone] = [0, 0, 0];
    while (limiter.admit('emergency', true)) loud++;
    expect(loud).toBe(80);
    for (let ms = 1; ms <= 10_000; ms++) {
      limiter.refill(ms);
      for (let i = 0; i < 5; i++) if (limiter.admit('emergency', true)) loud++;
      if (ms % 25 === 0 && limiter.admit('emergency')) quiet++;
    }
    expect(quiet).toBe(400);
    for (let ms = 10_001; ms <= 20_000; ms++) {
      limiter.refill(ms);
      for (let i = 0; i < 5; i++) if (limiter.admit('emergency', true)) alone++;
    }
    expect(alone).toBeGreaterThan(970);
  });
});
