import type { Clock, Timer } from '@esinet/kernel';

/** How much later than asked a timer may fire when many are waiting. */
export const timerResolutionMs = 10;
/** Timers looked at in one turn before other work of the process gets its chance. */
export const timersPerTurn = 4_000;
const chunkSize = 512;
/** Timers longer than twice this wait so long in a queue of their own, in which most of them are cancelled. */
const stageMs = 1_000;

/** What a timer reports to, with the name it was set under. */
export interface TimerTarget {
  timer(name: string): void;
}

class Entry implements Timer {
  constructor(
    readonly due: number,
    readonly delay: number,
    public target: TimerTarget | undefined,
    readonly name: string,
  ) {}

  cancel(): void {
    // The entry stays in its queue until it falls due; what it would have touched is let go at once.
    this.target = undefined;
  }
}

class Fifo {
  readonly #chunks: Entry[][] = [[]];
  #head = 0;

  push(entry: Entry): void {
    let last = this.#chunks[this.#chunks.length - 1]!;
    if (last.length === chunkSize) {
      last = [];
      this.#chunks.push(last);
    }
    last.push(entry);
  }

  /** The oldest entry that has not been cancelled. */
  peek(): Entry | undefined {
    for (;;) {
      const entry = this.#chunks[0]![this.#head];
      if (!entry) return undefined;
      if (entry.target) return entry;
      this.shift();
    }
  }

  shift(): void {
    this.#head++;
    if (this.#head < this.#chunks[0]!.length) return;
    if (this.#chunks.length > 1) this.#chunks.shift();
    else if (this.#chunks[0]!.length === this.#head) this.#chunks[0] = [];
    this.#head = 0;
  }
}

/**
 * Timers by the thousand over one timer of the clock. Protocol delays are few and constant, so each delay has a queue in
 * which entries fall due in the order they were added: setting and cancelling cost a push and a store.
 */
export class TimerQueue {
  readonly #queues = new Map<number, Fifo>();
  #stage = new Fifo();
  #wake: Timer | undefined;
  #wakeAt = Infinity;
  #lastRun = -Infinity;
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
    private readonly resolution = timerResolutionMs,
  ) {}

  set(delay: number, target: TimerTarget, name: string): Timer {
    // Whole milliseconds: a fraction would be an object of its own.
    const due = Math.ceil(this.clock.now() + delay);
    const entry = new Entry(due, delay, target, name);
    const staged = delay > 2 * stageMs;
    if (staged) this.#stage.push(entry);
    else this.#queue(entry);
    const look = staged ? leavesStage(entry) : due;
    if (look < this.#wakeAt) this.#arm(look);
    return entry;
  }

  #queue(entry: Entry): void {
    let queue = this.#queues.get(entry.delay);
    if (!queue) this.#queues.set(entry.delay, (queue = new Fifo()));
    queue.push(entry);
  }

  after(delay: number, fire: () => void): Timer {
    return this.set(delay, { timer: fire }, '');
  }

  /** Lets go of everything; nothing fires any more. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#wakeAt = Infinity;
    this.#queues.clear();
    this.#stage = new Fifo();
  }

  #arm(due: number): void {
    if (this.#stopped) return;
    this.#wake?.cancel();
    this.#wakeAt = Math.max(due, this.#lastRun + this.resolution);
    this.#wake = this.clock.after(Math.max(0, Math.ceil(this.#wakeAt - this.clock.now())), () => this.#run());
  }

  /** Moves what is still wanted to its queue; when the next entry leaves. */
  #clearStage(now: number): number {
    for (;;) {
      const entry = this.#stage.peek();
      if (!entry) return Infinity;
      const leaves = leavesStage(entry);
      if (leaves > now) return leaves;
      this.#stage.shift();
      this.#queue(entry);
    }
  }

  #run(): void {
    this.#wake = undefined;
    this.#wakeAt = -Infinity;
    const now = this.clock.now();
    this.#lastRun = now;
    let budget = timersPerTurn;
    let next = this.#clearStage(now);
    for (const queue of this.#queues.values()) {
      for (;;) {
        const entry = queue.peek();
        if (!entry) break;
        if (entry.due > now || budget === 0) {
          next = Math.min(next, entry.due);
          break;
        }
        queue.shift();
        budget--;
        const target = entry.target;
        entry.target = undefined;
        try {
          target?.timer(entry.name);
        } catch (error) {
          this.onError(error);
        }
      }
    }
    // What was set while running found the queue awake: its due time counts now.
    for (const queue of this.#queues.values()) {
      const entry = queue.peek();
      if (entry && entry.due < next) next = entry.due;
    }
    const staged = this.#stage.peek();
    if (staged) next = Math.min(next, leavesStage(staged));
    this.#wakeAt = Infinity;
    if (next < Infinity) this.#arm(next);
  }
}

function leavesStage(entry: Entry): number {
  return entry.due - entry.delay + stageMs;
}
