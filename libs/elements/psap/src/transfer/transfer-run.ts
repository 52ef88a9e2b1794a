import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';

/** Effects that every machine of a transfer has. */
type CommonEffect =
  | { readonly type: 'persist' }
  | { readonly type: 'set-timer'; readonly timer: string; readonly ms: number }
  | { readonly type: 'cancel-timers' };

interface TimerEvent {
  readonly type: 'timer';
  readonly at: number;
  readonly timer: never;
}

export interface TransferRunOptions<S, E, F> {
  readonly machine: (state: S, event: E) => readonly [S, readonly F[]];
  /** Makes the state durable. */
  readonly persist: (state: S) => Promise<void>;
  /** Does what is left to do, in its order. Resolves when the next may follow. */
  readonly perform: (effect: F, input: unknown) => Promise<void> | void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Pause before something is tried again that the disk did not take. */
export const storeRetryMs = 1_000;

/**
 * One side of a transfer while it runs: one event after the other, and nothing is done outside before the state it
 * belongs to is durable. An event whose state cannot be stored comes again.
 */
export class TransferRun<
  S extends { readonly phase: string },
  E extends { readonly type: string; readonly at: number },
  F extends { type: string },
> {
  readonly #timers = new Map<string, Timer>();
  #tail: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    public state: S,
    private readonly o: TransferRunOptions<S, E, F>,
  ) {}

  /** Resolves when the event and what followed from it is over. Never rejects. */
  tell(event: E, input?: unknown): Promise<void> {
    return this.#enqueue(() => this.#step(event, input));
  }

  /** What a new machine wants first. */
  begin(effects: readonly F[]): Promise<void> {
    return this.#enqueue(() => this.#commit(this.state, effects, undefined, () => void this.begin(effects)));
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimers();
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      if (this.#closed) return;
      try {
        await work();
      } catch (error) {
        this.o.logger.error('transfer step failed', { reason: messageOf(error) });
      }
    });
    return this.#tail;
  }

  async #step(event: E, input: unknown): Promise<void> {
    const [next, effects] = this.o.machine(this.state, event);
    await this.#commit(
      next,
      effects,
      input,
      () => void this.tell({ ...event, at: this.o.clock.wall() }, input),
    );
  }

  async #commit(next: S, effects: readonly F[], input: unknown, again: () => void): Promise<void> {
    if (effects.some((effect) => effect.type === 'persist')) {
      try {
        await this.o.persist(next);
      } catch (error) {
        this.o.logger.error('transfer not stored', { reason: messageOf(error) });
        this.o.clock.after(storeRetryMs, again);
        return;
      }
      if (this.#closed) return;
    }
    this.state = next;
    for (const [index, effect] of effects.entries()) {
      const common = effect as unknown as CommonEffect;
      if (common.type === 'persist') continue;
      if (common.type === 'set-timer') this.#setTimer(common.timer, common.ms);
      else if (common.type === 'cancel-timers') this.#cancelTimers();
      else if (!(await this.#performed(effect, input))) {
        const rest = effects.slice(index);
        this.o.clock.after(storeRetryMs, () => void this.#enqueue(() => this.#again(next, rest, input)));
        return;
      }
    }
  }

  /** What could not be done, unless it is no longer wanted. */
  async #again(state: S, effects: readonly F[], input: unknown): Promise<void> {
    if (this.state.phase !== state.phase) return;
    const rest = effects.filter(({ type }) => type !== 'persist');
    await this.#commit(this.state, rest, input, () => undefined);
  }

  async #performed(effect: F, input: unknown): Promise<boolean> {
    try {
      await this.o.perform(effect, input);
      return true;
    } catch (error) {
      this.o.logger.error('transfer effect failed', { effect: effect.type, reason: messageOf(error) });
      return false;
    }
  }

  #setTimer(timer: string, ms: number): void {
    this.#timers.get(timer)?.cancel();
    this.#timers.set(
      timer,
      this.o.clock.after(ms, () => {
        const event: TimerEvent = { type: 'timer', at: this.o.clock.wall(), timer: timer as never };
        void this.tell(event as unknown as E);
      }),
    );
  }

  #cancelTimers(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
