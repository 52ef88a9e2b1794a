import type { LoadClass } from './load-class.js';

export interface LimiterSettings {
  /** Milliseconds of own delay, on the mean of an interval, that are still well. */
  readonly targetMs: number;
  /** Requests a second from which on the limiter begins to look; it finds the real capacity from what is done. */
  readonly initialRate: number;
  /** Requests a second that are let in however slow everything is: some way must stay open to find that it is better. */
  readonly minRate: number;
  /** Requests a second that are never exceeded. */
  readonly maxRate: number;
  /** Milliseconds of the rate that may come at once. */
  readonly burstMs: number;
  /** Percent of the bucket that only emergencies may use. */
  readonly reservedPercent: number;
  /** Share of the time the process works, 0 to 1, above which it has nothing left to give. */
  readonly busy: number;
}

export const defaultLimiterSettings: LimiterSettings = {
  targetMs: 100,
  initialRate: 1_000,
  minRate: 100,
  maxRate: 1_000_000,
  burstMs: 1_000,
  reservedPercent: 20,
  busy: 0.97,
};

/** Steepest decrease of one interval, as in Clearwater's load monitor. */
const steepest = 1.2;
/** The gentlest that still is one. */
const gentlest = 1.02;
/** Increase of one interval, as a share of the rate: near the edge, and far from it. */
const increase = 0.02;
const fastIncrease = 0.25;
/** Below this share of working time, and of the target, the edge is far. */
const farBusy = 0.8;
const farLatency = 0.25;
/** Intervals above the target before anything is done: one may be a collection of garbage. */
const lateBefore = 2;
/** Intervals above the target after which what is done counts, and no longer what was let in before. */
const lateForLong = 10;
/** Intervals without an idle moment before anything is done: code is compiled, a file is read. */
const busyBefore = 5;
/** What is left of the best when it has proved too much. */
const disproved = 0.95;
/** How much of the best is kept while the process is busy but in time. */
const holdShare = 0.9;
/** What is left of the memory of the best after one interval, busy or not. */
const fading = 0.9995;
/** The same for what was really done lately. */
const forgetting = 0.9;
/** The bucket counts as used when this much of the rate was taken. */
const usedShare = 0.8;

/**
 * A token bucket whose rate follows the delay of what it lets in: multiplicative decrease above the target, additive
 * increase only where the rate was really used. It knows no clock: who owns it calls `refill` with the time and, each
 * interval, `adapt` with what was measured.
 *
 * A process that is fully busy but in time is held at what it does (less a tenth at most), since its queue is where it
 * cannot see: in the buffers of the sockets. Without that floor, the work of refusing alone would drive the rate down
 * to nothing.
 */
export class LatencyLimiter {
  #rate: number;
  #tokens: number;
  #at: number;
  #admitted = 0;
  #running = 0;
  #refused = 0;
  /** Requests a second of the best interval lately, and of the best ever, both fading. */
  #recent = 0;
  #best = 0;
  #loss = 0;
  #late = 0;
  #tired = 0;

  constructor(
    private readonly settings: LimiterSettings,
    now: number,
  ) {
    this.#rate = Math.min(settings.maxRate, Math.max(settings.minRate, settings.initialRate));
    this.#tokens = this.#bucket;
    this.#at = now;
  }

  /** Requests a second. */
  get rate(): number {
    return this.#rate;
  }

  /** Share of the offered requests, 0 to 1, that has to stay away for the rest to be taken. */
  get loss(): number {
    return this.#loss;
  }

  /** Whether there is so much left that nobody needs to be told apart. */
  get isAmple(): boolean {
    return this.#tokens > this.#bucket * (this.settings.reservedPercent / 50) + 1;
  }

  refill(now: number): void {
    if (now <= this.#at) return;
    this.#tokens = Math.min(this.#bucket, this.#tokens + ((now - this.#at) * this.#rate) / 1_000);
    this.#at = now;
  }

  /**
   * Running chats always pass; they are paid for by what comes after them, down to one bucket of debt. `isLoud`: of a
   * source that sends far more than others, which have the reserve for themselves.
   */
  admit(load: LoadClass, isLoud = false): boolean {
    if (load === 'running') {
      this.#running++;
      if (this.#tokens > -this.#bucket) this.#tokens--;
      return true;
    }
    const reserve = (this.#bucket * this.settings.reservedPercent) / 100;
    const least = (load === 'other' ? reserve : 0) + (isLoud ? reserve : 0);
    if (this.#tokens < least + 1) {
      this.#refused++;
      return false;
    }
    this.#tokens--;
    this.#admitted++;
    return true;
  }

  /** What was let in has turned out to be no request that has to be done. */
  giveBack(): void {
    this.#tokens++;
    this.#admitted--;
  }

  /** Ends an interval of `ms` with this mean delay, and this share of it spent working. Whether any were refused in it. */
  adapt(ms: number, meanMs: number, busy: number): boolean {
    const { targetMs, minRate, maxRate } = this.settings;
    const done = ((this.#admitted + this.#running) * 1_000) / ms;
    const offered = ((this.#admitted + this.#running + this.#refused) * 1_000) / ms;
    const wasRefusing = this.#refused > 0;
    this.#recent = Math.max(done, this.#recent * forgetting);
    this.#best = Math.max(done, this.#best * fading);
    // With fewer requests than are let in anyway, what made the process slow is something else.
    const isOurs = done >= minRate;
    this.#late = isOurs && meanMs > targetMs ? this.#late + 1 : 0;
    this.#tired = isOurs && busy >= this.settings.busy ? this.#tired + 1 : 0;
    if (this.#late >= lateBefore) {
      this.#best *= disproved;
      // A moment of slowness says little about what can be done: few came, and some of them were late.
      const from = this.#late < lateForLong ? this.#rate : Math.min(this.#rate, this.#recent);
      this.#rate = from / Math.min(steepest, Math.max(gentlest, meanMs / targetMs));
    } else if (this.#tired >= busyBefore) {
      this.#rate = Math.max(this.#rate / gentlest, Math.min(this.#rate, this.#best * holdShare));
    } else if (this.#late > 0 || this.#tired > 0) {
      // Neither down nor up before it is clear.
    } else if (meanMs <= targetMs && (wasRefusing || done > this.#rate * usedShare)) {
      const isFar = busy < farBusy && meanMs < targetMs * farLatency;
      const share = isFar ? fastIncrease : increase * (1 - meanMs / targetMs);
      this.#rate += Math.max(minRate * increase, this.#rate * share);
    }
    this.#rate = Math.min(maxRate, Math.max(minRate, this.#rate));
    this.#tokens = Math.min(this.#tokens, this.#bucket);
    this.#settleLoss(offered);
    this.#admitted = 0;
    this.#running = 0;
    this.#refused = 0;
    return wasRefusing;
  }

  /** What was offered has the present loss in it already: those who heed it send less. */
  #settleLoss(offered: number): void {
    const kept = 1 - this.#loss;
    if (offered > this.#rate) {
      this.#loss = 1 - Math.max(0.01, (kept * this.#rate) / offered);
      return;
    }
    // It falls slowly, so that a little less of it does not let everybody in at once.
    this.#loss = 1 - Math.min(1, kept * 1.1 + 0.01);
    if (this.#loss < 0.01) this.#loss = 0;
  }

  get #bucket(): number {
    return Math.max(1, (this.#rate * this.settings.burstMs) / 1_000);
  }
}
