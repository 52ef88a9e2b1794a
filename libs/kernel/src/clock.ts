/** A timer that has been set and can be taken back. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as a port, so that protocol code can be driven by a test.
 *
 * `now` is monotonic and serves for durations and protocol timers; `wall` is the time of day and serves for stamps
 * that leave the process. A jump of the wall clock never moves a timer.
 */
export interface Clock {
  /** Monotonic milliseconds, with fractions. */
  now(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  wall(): number;
  /** Calls `fire` once after `ms` milliseconds. The timer does not keep the process alive. */
  after(ms: number, fire: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, fire) {
    const handle = setTimeout(fire, ms);
    // A browser's is a number.
    if (typeof handle === 'object') handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** RFC 3339 time of day in UTC with milliseconds. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
