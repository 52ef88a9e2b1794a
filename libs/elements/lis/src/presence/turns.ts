import type { Clock } from '@esinet/kernel';

/**
 * Lets only so many go on in one turn of the process. A burst of datagrams is read in one turn, however long it is: what
 * each of them asks for is done over as many turns as it takes, with sockets and timers in between.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #ticking = false;

  constructor(
    private readonly clock: Clock,
    private readonly perTurn: number,
    /** Waiting at most; beyond it `take` is refused. */
    private readonly mostWaiting: number,
  ) {}

  /** Resolves in this turn or a later one with true; at once with false where too many wait. */
  take(): Promise<boolean> {
    if (this.#taken < this.perTurn && this.#waiting.length === 0) {
      this.#taken++;
      this.#tick();
      return Promise.resolve(true);
    }
    if (this.#waiting.length >= this.mostWaiting) return Promise.resolve(false);
    this.#tick();
    return new Promise((resolve) => this.#waiting.push(() => resolve(true)));
  }

  #tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.clock.after(0, () => {
      this.#ticking = false;
      const next = this.#waiting.splice(0, this.perTurn);
      this.#taken = next.length;
      if (next.length > 0) this.#tick();
      for (const go of next) go();
    });
  }
}
