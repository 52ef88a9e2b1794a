import { type Clock, ManualClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { afterOwnTime } from './own-time.js';

/** A clock whose timers are run later than they are due, as those of a process that did not run. */
function sleepy(): { clock: Clock; manual: ManualClock; asleep: (ms: number) => void } {
  const manual = new ManualClock();
  let slept = 0;
  const clock: Clock = {
    now: () => manual.now() + slept,
    wall: () => manual.wall() + slept,
    after: (ms, run) => manual.after(ms, run),
  };
  return { clock, manual, asleep: (ms) => (slept += ms) };
}

it('waits as long as it is told to where nothing was late', () => {
  const clock = new ManualClock();
  const runs: number[] = [];
  afterOwnTime(clock, 1_000, () => runs.push(clock.now()));
  const begun = clock.now();
  clock.advance(999);
  expect(runs).toEqual([]);
  clock.advance(1);
  expect(runs).toEqual([begun + 1_000]);
});

it('waits for what it slept once more, but not for ever, and not when it is cancelled', () => {
  const { clock, manual, asleep } = sleepy();
  let runs = 0;
  afterOwnTime(clock, 1_000, () => runs++);
  asleep(400);
  manual.advance(1_000);
  expect(runs).toBe(0);
  manual.advance(400);
  expect(runs).toBe(1);

  // It sleeps a second at every look.
  const timer = afterOwnTime(clock, 1_000, () => runs++);
  for (let looks = 0; looks < 3; looks++) {
    asleep(1_000);
    manual.advance(1_000);
  }
  expect(runs).toBe(2);
  timer.cancel();

  afterOwnTime(clock, 1_000, () => runs++).cancel();
  manual.advance(10_000);
  expect(runs).toBe(2);
  expect(manual.waiting).toBe(0);
});
