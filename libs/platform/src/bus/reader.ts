/** How much one reader of the bus takes. */
export interface ReaderLimits {
  /** Messages that may wait; what comes on top is not taken. */
  readonly maxPending: number;
  /** Messages worked on at a time. */
  readonly concurrency: number;
}

/** Deliveries one reader gets before the event loop has its turn: sockets and timers come first. */
const deliveriesPerTurn = 64;

/** One subscription's messages, delivered in order, never inside the call that brought them, and bounded. */
export class Reader<M> {
  readonly #waiting: M[] = [];
  #running = 0;
  #scheduled = false;
  /** Deliveries left in this turn of the event loop. */
  #left = 0;
  #ended = false;
  #dropped = 0;

  constructor(
    private readonly limits: ReaderLimits,
    /** Never rejects. */
    private readonly deliver: (message: M) => Promise<void>,
  ) {}

  /** Messages that were not taken. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether there was room. */
  take(message: M): boolean {
    if (this.#ended) return true;
    if (this.#waiting.length >= this.limits.maxPending) {
      this.#dropped++;
      return false;
    }
    this.#waiting.push(message);
    this.#schedule();
    return true;
  }

  /** What waits is forgotten. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#running >= this.limits.concurrency) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#left = deliveriesPerTurn;
      this.#drain();
    });
  }

  /** Starts as many deliveries as are allowed at once; each starts the next when it is done. */
  #drain(): void {
    while (!this.#ended && !this.#scheduled && this.#running < this.limits.concurrency) {
      if (this.#left === 0) return this.#schedule();
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#left--;
      this.#running++;
      void this.deliver(message).finally(() => {
        this.#running--;
        if (this.#waiting.length > 0) this.#drain();
      });
    }
  }
}
