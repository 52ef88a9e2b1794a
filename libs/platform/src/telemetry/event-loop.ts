import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Health } from './health.js';

/** Delay of the event loop (99th percentile) above which the process is not ready for more. Seconds. */
export const notReadyAboveSeconds = 0.5;

/** The percentile is over the last one to two windows. Milliseconds. */
const windowMs = 10_000;

const resolutionMs = 20;

/** Measures how late the process does what is due. One for the whole process, however many elements it has. */
class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  #last = 0;

  constructor() {
    this.#histogram.enable();
    setInterval(() => {
      this.#last = this.#present();
      this.#histogram.reset();
    }, windowMs).unref();
  }

  /** Seconds. */
  get p99(): number {
    return Math.max(this.#last, this.#present());
  }

  /** What was late before is not told any more. */
  forget(): void {
    this.#last = 0;
    this.#histogram.reset();
  }

  #present(): number {
    const measured = this.#histogram.percentile(99) / 1e9;
    // The histogram counts from one tick to the next: a loop without delay measures its own resolution.
    return Number.isFinite(measured) ? Math.max(0, measured - resolutionMs / 1_000) : 0;
  }
}

let shared: EventLoopDelay | undefined;

/** Seconds by which the process is late, 99th percentile of the last 10 to 20 s. */
export function eventLoopDelayP99(): number {
  return delayOfProcess().p99;
}

function delayOfProcess(): EventLoopDelay {
  return (shared ??= new EventLoopDelay());
}

/** What the process did before an element was there says nothing about it: to start is late with much. */
export function watchEventLoop(health: Health): void {
  delayOfProcess().forget();
  health.register('event-loop', () => {
    const delay = eventLoopDelayP99();
    if (delay <= notReadyAboveSeconds) return Promise.resolve(undefined);
    return Promise.resolve(`the process is ${delay.toFixed(1)} s late with what is due`);
  });
}
