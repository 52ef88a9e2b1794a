import type { Clock, Timer } from '@esinet/kernel';

/** What is woken; one wake at most for each. */
export interface Sleeper {
  /** Monotonic milliseconds; Infinity: not at all. For the queue's own use. */
  wakeAt: number;
  wake(): void;
}

/** What a timer of the system takes; then the queue looks again. */
const longestWait = 2_000_000_000;

interface Entry {
  readonly at: number;
  readonly sleeper: Sleeper;
}

/**
 * Wakes many at any time each, over one timer of the clock, and only so many in one turn of the process: ten thousand
 * that fall due together do not keep it from other work.
 */
export class WakeQueue {
  /** A binary heap by time. An entry counts only while its sleeper still waits for that time. */
  #heap: Entry[] = [];
  #awaited = 0;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly perTurn: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Sleepers that wait. */
  get size(): number {
    return this.#awaited;
  }

  /** Wakes it at that time, and not at the time asked for before. Infinity takes it out. */
  set(sleeper: Sleeper, at: number): void {
    if (this.#stopped || sleeper.wakeAt === at) return;
    if (sleeper.wakeAt !== Infinity) this.#awaited--;
    sleeper.wakeAt = at;
    if (at === Infinity) return;
    this.#awaited++;
    this.#push({ at, sleeper });
    if (this.#heap.length > 2 * this.#awaited + 64) this.#compact();
    this.#arm(at);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#heap = [];
    this.#awaited = 0;
  }

  #arm(at: number): void {
    if (at >= this.#timerAt || this.#stopped) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    const wait = Math.max(0, Math.ceil(at - this.clock.now()));
    this.#timer = this.clock.after(Math.min(longestWait, wait), () => this.#run());
  }

  #run(): void {
    this.#timerAt = Infinity;
    this.#timer = undefined;
    for (let budget = this.perTurn; budget > 0;) {
      const first = this.#heap[0];
      if (!first || first.at > this.clock.now()) break;
      this.#pop();
      if (first.sleeper.wakeAt !== first.at) continue;
      budget--;
      this.#awaited--;
      first.sleeper.wakeAt = Infinity;
      try {
        first.sleeper.wake();
      } catch (error) {
        this.onError(error);
      }
    }
    const next = this.#heap[0];
    if (next) this.#arm(next.at);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) this.#sink(0, last);
  }

  #sink(from: number, entry: Entry): void {
    const heap = this.#heap;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= entry.at) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = entry;
  }

  /** Lets go of what no sleeper waits for any more. */
  #compact(): void {
    this.#heap = this.#heap.filter(({ at, sleeper }) => sleeper.wakeAt === at);
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i, this.#heap[i]!);
  }
}
