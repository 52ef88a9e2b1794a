import type { Timer } from '@esinet/kernel';
import type { Outbox, PsapSession } from '@esinet/lmpe';
import type { Centre } from './centre.js';
import type { ChatDetails, ChatRecord, MessageRecord } from './message-record.js';
import type { Tenure } from './pods/tenure.js';

/** One chat in memory. Changed only by the step that is at the head of its queue. */
export class Chat {
  state: PsapSession;
  /** Sequence of the record made last. */
  sequence = 0;
  /** Whether anything of it is in the records. */
  recorded = false;
  closedAt: string | undefined;
  details: ChatDetails = {};
  /** Messages of ours whose outcome is not known, by type and number. */
  readonly underWay = new Set<string>();
  /** Messages that wait to be shown, by reference. */
  readonly held = new Map<string, MessageRecord>();
  /** What was known of the caller's location last, to tell a keep-alive that says something new. */
  lastLocation = '';
  /** Monotonic time of the last look at a location reference. */
  lookedAt = Number.NEGATIVE_INFINITY;
  waiting = 0;
  readonly timers = new Map<string, Timer>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    readonly id: string,
    readonly callId: string,
    readonly centre: Centre,
    readonly origin: {
      readonly caller: string;
      readonly sender: string;
      readonly service?: string;
      readonly test: boolean;
      readonly testAnswer?: string;
      readonly startedAt: string;
      readonly madeUp: boolean;
    },
    state: PsapSession,
    readonly outbox: Outbox,
    /** Under which it is written. Once it is over, another process has the chat. */
    readonly tenure: Tenure,
  ) {
    this.state = state;
  }

  /** Runs one step after all before it: what a step computed is in force before the next one looks. */
  enqueue<T>(step: () => Promise<T>): Promise<T> {
    this.waiting++;
    const done = this.#tail.then(step).finally(() => this.waiting--);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  record(phase = this.state.phase, details = this.details): ChatRecord {
    return {
      version: 1,
      chat: this.id,
      callId: this.callId,
      centre: this.centre.id,
      ...this.origin,
      ...details,
      phase,
      ...(this.closedAt !== undefined && { closedAt: this.closedAt }),
    };
  }

  cancelTimers(): void {
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }
}
