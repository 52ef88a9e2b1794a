import { expect, it } from 'vitest';
import { ManualClock } from '@esinet/kernel';
import { TimerQueue } from './timer-queue.js';

function queue(resolution = 0) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  return { clock, errors, timers: new TimerQueue(clock, (error) => errors.push(error), resolution) };
}

it('fires by due time over several delays, with one timer of the clock', () => {
  const { clock, timers } = queue();
  const fired: string[] = [];
  for (const [delay, name] of [
    [40, 'd'],
    [10, 'a'],
    [30, 'c'],
    [20, 'b'],
  ] as const) {
    timers.after(delay, () => fired.push(`${name}@${clock.now()}`));
  }
  expect(clock.waiting).toBe(1);
  clock.advance(100);
  expect(fired).toEqual(['a@10', 'b@20', 'c@30', 'd@40']);
  expect(clock.waiting).toBe(0);
});

it('skips what was cancelled and what would fire into a stopped queue', () => {
  const { clock, timers } = queue();
  const fired: number[] = [];
  const entries = Array.from({ length: 2_000 }, (_, i) => timers.after(50, () => fired.push(i)));
  for (const [i, entry] of entries.entries()) if (i % 2 === 0) entry.cancel();
  clock.advance(50);
  expect(fired).toEqual(Array.from({ length: 1_000 }, (_, i) => 2 * i + 1));
  timers.after(5, () => fired.push(-1));
  timers.stop();
  clock.advance(100);
  expect(fired).not.toContain(-1);
});

it('takes timers set by timers, and goes on after one that throws', () => {
  const { clock, timers, errors } = queue();
  const fired: number[] = [];
  timers.after(10, () => {
    timers.after(10, () => fired.push(clock.now()));
    throw new Error('broken callback');
  });
  timers.after(10, () => fired.push(clock.now()));
  clock.advance(30);
  expect(fired).toEqual([10, 20]);
  expect(errors).toHaveLength(1);
});

it('is late by its resolution at most', () => {
  const { clock, timers } = queue(10);
  const fired: number[] = [];
  for (const delay of [100, 101, 105, 109, 111]) timers.after(delay, () => fired.push(clock.now() - delay));
  clock.advance(200);
  expect(fired).toHaveLength(5);
  expect(Math.max(...fired)).toBeLessThanOrEqual(10);
});

it('does a bounded amount in one turn and the rest in the next', () => {
  const { clock, timers } = queue();
  let fired = 0;
  for (let i = 0; i < 10_000; i++) timers.after(5, () => fired++);
  clock.advance(5);
  expect(fired).toBe(10_000);
});

it('keeps long timers in order though they wait elsewhere first', () => {
  const { clock, timers } = queue();
  const fired: string[] = [];
  for (let i = 0; i < 50; i++) {
    const timer = timers.after(32_000, () => fired.push(`${i}@${clock.now()}`));
    timers.after(3_000, () => fired.push('short'));
    if (i % 10 !== 0) timer.cancel();
    clock.advance(40);
  }
  clock.advance(40_000);
  expect(fired.filter((entry) => entry !== 'short')).toEqual([
    '0@32000',
    '10@32400',
    '20@32800',
    '30@33200',
    '40@33600',
  ]);
  expect(fired.filter((entry) => entry === 'short')).toHaveLength(50);
  expect(clock.waiting).toBe(0);
});
