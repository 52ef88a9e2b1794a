import { type Clock, systemClock } from '@esinet/kernel';

/** Lines of one event written within one second; the rest is counted and told in one line. */
export const maxLinesPerSecond = 50;
/** Events told apart; what comes beyond shares one count. They are fixed phrases of ours, so there are fewer. */
const maxEvents = 1_000;

const windowMs = 1_000;

interface Window {
  lines: number;
  suppressed: number;
}

/**
 * Keeps a stranger from filling the disk through our log: what happens for each of their messages is written
 * `maxLinesPerSecond` times a second for each event, and how often it happened beyond that once.
 */
export class LogFlood {
  readonly #windows = new Map<string, Window>();
  #ticking = false;

  constructor(
    private readonly tell: (event: string, suppressed: number) => void,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Whether this line is to be written. */
  passes(event: string): boolean {
    let window = this.#windows.get(event);
    if (!window) {
      const key = this.#windows.size < maxEvents ? event : 'other events';
      window = this.#windows.get(key) ?? { lines: 0, suppressed: 0 };
      this.#windows.set(key, window);
      this.#tick();
    }
    window.lines += 1;
    if (window.lines <= maxLinesPerSecond) return true;
    window.suppressed += 1;
    return false;
  }

  /** One timer for all events, and none while nothing is logged. */
  #tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.clock.after(windowMs, () => {
      this.#ticking = false;
      const ended = [...this.#windows];
      this.#windows.clear();
      for (const [event, { suppressed }] of ended) if (suppressed > 0) this.tell(event, suppressed);
    });
  }
}
