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

/** What a Date can be. */
const MAX_TIME = 8.64e15;

/** Seconds that were written last, by their number modulo a prime: now, and now and a round time to live, differ. */
const written: { second: number; text: string }[] = Array.from({ length: 7 }, () => ({
  second: NaN,
  text: '',
}));

/**
 * RFC 3339 time of day in UTC with milliseconds. A busy server writes the same seconds thousands of times.
 *
 * @throws RangeError beyond what a Date can be
 */
export function isoTime(wallMs: number): string {
  if (!(Math.abs(wallMs) <= MAX_TIME)) return new Date(wallMs).toISOString();
  const whole = Math.trunc(wallMs);
  const second = Math.floor(whole / 1_000);
  const slot = written[Math.abs(second) % written.length];
  if (!slot) return new Date(wallMs).toISOString();
  if (slot.second !== second) {
    slot.text = new Date(second * 1_000).toISOString().slice(0, -4);
    slot.second = second;
  }
  return `${slot.text}${String(1_000 + whole - second * 1_000).slice(1)}Z`;
}
