import type { Clock, Timer } from '@esinet/kernel';
import type { QueueState, QueueStateValue } from '@esinet/states';
import type { QueueConfig } from './config.js';
import { Dequeuers } from './dequeuers.js';
import {
  type QueueEffect,
  type QueueEvent,
  type QueueLimits,
  type QueueMachineState,
  type WaitingCall,
  emptyQueue,
  isFull,
  queueMachine,
} from './queue-machine.js';

export interface QueueCallbacks {
  admit(id: number, queue: Queue): void;
  pass(id: number, why: string, preempted: boolean, queue: Queue): void;
  /** Length, calls in service, or dequeuers are other than before. */
  changed(queue: Queue): void;
}

/** A queue with its timers: what the machine decides is told through `callbacks`. */
export class Queue {
  readonly limits: QueueLimits;
  readonly dequeuers: Dequeuers | undefined;
  #busyUntil = 0;
  #state: QueueMachineState;
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  /** Calls in service and when they count no more, the oldest first. */
  readonly #leases = new Map<object, number>();

  constructor(
    readonly config: QueueConfig,
    private readonly clock: Clock,
    private readonly longestService: number,
    private readonly callbacks: QueueCallbacks,
  ) {
    this.limits = {
      maxInService: config.maxInService ?? Infinity,
      ratePerSecond: config.ratePerSecond,
      maxWaiting: config.maxWaiting,
    };
    this.#state = emptyQueue(clock.now(), this.limits);
    this.dequeuers = config.dequeuers && new Dequeuers(config.dequeuers);
  }

  get uri(): string {
    return this.config.uri;
  }

  get length(): number {
    return this.#state.waiting.length;
  }

  get inService(): number {
    return this.#state.inService;
  }

  get waiting(): readonly WaitingCall[] {
    return this.#state.waiting;
  }

  get isFull(): boolean {
    return isFull(this.#state, this.limits);
  }

  /** Its next hop said 486 a moment ago. */
  get isBusy(): boolean {
    return this.#busyUntil > this.clock.now();
  }

  arrive(call: WaitingCall): void {
    this.#event({ type: 'arrive', call });
  }

  force(): void {
    this.#event({ type: 'forced' });
  }

  /** Those that wait go on: the next hop takes no more. */
  shut(why: string): void {
    if (this.length > 0) this.#event({ type: 'closed', why });
  }

  /** From now on the call counts as in service: until `end`, or until nobody can be waiting for it any more. */
  begin(lease: object): void {
    this.#leases.set(lease, this.clock.now() + this.longestService);
    this.#wake(this.clock.now() + this.longestService);
  }

  end(lease: object): void {
    if (this.#leases.delete(lease)) this.#event({ type: 'released' });
  }

  left(id: number): void {
    this.#event({ type: 'left', id });
  }

  /** Its next hop takes no calls for a while: those that wait go on. */
  busy(ms: number): void {
    this.#busyUntil = this.clock.now() + ms;
    this.#wake(this.#busyUntil);
    this.#event({ type: 'closed', why: 'Full' });
  }

  /** After a registration: its end is looked at in time. */
  registered(): void {
    if (this.dequeuers) this.#wake(this.dequeuers.nextEnd);
    this.callbacks.changed(this);
  }

  state(value: QueueStateValue): QueueState {
    return {
      queueUri: this.uri,
      queueLength: this.length,
      queueMaxLength: this.config.maxWaiting,
      state: value,
    };
  }

  close(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }

  #event(event: QueueEvent): void {
    const [state, effects] = queueMachine(this.#state, event, this.clock.now(), this.limits);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.callbacks.changed(this);
  }

  #perform(effect: QueueEffect): void {
    switch (effect.do) {
      case 'admit':
        return this.callbacks.admit(effect.id, this);
      case 'pass':
        return this.callbacks.pass(effect.id, effect.why, effect.preempted === true, this);
      case 'wake':
        return this.#wake(effect.at);
    }
  }

  #wake(at: number): void {
    if (at === Infinity || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.timer.cancel();
    const timer = this.clock.after(Math.max(0, at - this.clock.now()), () => {
      this.#timer = undefined;
      this.#due();
    });
    this.#timer = { at, timer };
  }

  #due(): void {
    const now = this.clock.now();
    for (const [lease, until] of this.#leases) {
      // They are in the order of their ends.
      if (until > now) {
        this.#wake(until);
        break;
      }
      this.end(lease);
    }
    if (this.dequeuers?.expire(now)) this.callbacks.changed(this);
    if (this.dequeuers) this.#wake(this.dequeuers.nextEnd);
    if (this.#busyUntil > now) this.#wake(this.#busyUntil);
    this.#event({ type: 'timer' });
  }
}
