import type { Clock, Timer } from '@esinet/kernel';

/** A timer of a process that runs is no later than this. Milliseconds. */
const usuallyLate = 50;

/**
 * Runs after `ms` in which this process could have heard an answer. Where it did not run itself (a pause of the collector,
 * a machine with other work) the answer lies unread in a socket while the timer is already due: the time it was late is
 * waited once more, up to twice `ms` in all, so that a process does not take its own sleep for the silence of another.
 */
export function afterOwnTime(clock: Clock, ms: number, run: () => void): Timer {
  let timer: Timer;
  let more = 2 * ms;
  const wait = (left: number): void => {
    const due = clock.now() + left;
    timer = clock.after(left, () => {
      const late = Math.min(clock.now() - due, more);
      if (late <= usuallyLate) return run();
      more -= late;
      wait(late);
    });
  };
  wait(ms);
  return { cancel: () => timer.cancel() };
}
