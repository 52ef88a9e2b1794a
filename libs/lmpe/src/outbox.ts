import type { Clock, Timer } from '@esinet/kernel';
import type { OutgoingMessage } from './outgoing-message.js';

export type SendOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'failure'; readonly reason: string };

export interface OutboxOptions {
  readonly send: (message: OutgoingMessage) => Promise<SendOutcome>;
  readonly clock: Clock;
  /** Sends of one message, the first included. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  /**
   * The first message of a chat, to a service and not to a PSAP: a copy may be routed to another one, and then two would
   * have the chat. Once the other side has spoken in the chat it has arrived, answered or not. Of no other message: what
   * the other side says may be its answer to an earlier one.
   */
  readonly routed?: (message: OutgoingMessage) => boolean;
  /** Called once for each message, after the last attempt. */
  readonly onOutcome: (message: OutgoingMessage, outcome: SendOutcome, attempts: number) => void;
}

/** Messages of one chat that may wait to be sent; what is over counts as undelivered at once. */
export const maxOutgoing = 500;

/** Longest pause between two attempts. */
export const maxPauseMs = 30_000;

/**
 * An attempt as old as this is believed to go nowhere when the other side is heard: whoever lost a network comes back
 * over another flow, while a transaction over the old one takes 32 s to fail (RFC 3261 17.1.2.2).
 */
export const overtakenAfterMs = 2_000;

/**
 * The messages of one chat on their way out, one at a time (RFC 3428 8: no second MESSAGE to a peer before the first
 * is answered), so that they arrive in order.
 */
export class Outbox {
  readonly #waiting: OutgoingMessage[] = [];
  #running = false;
  #closed = false;
  #pause: { timer: Timer; end: () => void } | undefined;
  /** Ends the wait for an attempt that goes nowhere. */
  #overtake: (() => void) | undefined;
  /** A routed message is under way and the other side has spoken: it has it. */
  #arrived: (() => void) | undefined;

  constructor(private readonly o: OutboxOptions) {}

  push(message: OutgoingMessage): void {
    if (this.#closed || (message.keepAlive && this.#running)) return;
    if (this.#waiting.length >= maxOutgoing) {
      this.o.onOutcome(message, { kind: 'failure', reason: 'too many wait' }, 0);
      return;
    }
    this.#waiting.push(message);
    if (!this.#running) void this.#run();
  }

  /** Messages that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * The other side was heard: a pause before the next attempt is over, and an attempt that goes nowhere is made again.
   *
   * @param inChat it said which chat it means
   */
  kick(inChat = false): void {
    if (inChat && this.#arrived) {
      this.#arrived();
      return;
    }
    this.#pause?.timer.cancel();
    this.#pause?.end();
    if (!this.#closed) this.#overtake?.();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.kick();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) {
      await this.#deliver(message);
    }
    this.#running = false;
  }

  async #deliver(message: OutgoingMessage): Promise<void> {
    const attempts = message.keepAlive ? 1 : this.o.attempts;
    const arrived = this.o.routed?.(message) ? this.#arrival() : undefined;
    for (let attempt = 1; ; attempt++) {
      const attempted = this.#attempt(message);
      const outcome = await (arrived ? Promise.race([attempted, arrived]) : attempted);
      if (this.#closed) return;
      if (attempt >= attempts || !worthAnotherAttempt(outcome)) {
        this.#arrived = undefined;
        this.o.onOutcome(message, outcome, attempt);
        return;
      }
      const pause = this.#wait(Math.min(this.o.firstPauseMs * 2 ** (attempt - 1), maxPauseMs));
      const meanwhile = await (arrived ? Promise.race([pause, arrived]) : pause);
      if (this.#closed) return;
      if (meanwhile) {
        this.#pause?.timer.cancel();
        this.#pause?.end();
        this.o.onOutcome(message, meanwhile, attempt);
        return;
      }
    }
  }

  /** Resolves when the other side speaks: as good as its answer. */
  #arrival(): Promise<SendOutcome> {
    return new Promise((resolve) => {
      this.#arrived = () => {
        this.#arrived = undefined;
        resolve({ kind: 'answered', status: 200 });
      };
    });
  }

  /** At most one copy goes after it, and the first answer counts. A keep-alive is let go instead. */
  #attempt(message: OutgoingMessage): Promise<SendOutcome> {
    return new Promise((resolve) => {
      const begun = this.o.clock.now();
      let under = 0;
      let over = false;
      const done = (outcome: SendOutcome): void => {
        // What comes of a copy that lost says nothing of the message that is under way by then.
        if (over) return;
        over = true;
        if (this.#overtake === overtake) this.#overtake = undefined;
        resolve(outcome);
      };
      const send = (): void => {
        under++;
        void this.#send(message).then((outcome) => {
          under--;
          if (outcome.kind === 'answered' || under === 0) done(outcome);
        });
      };
      const overtake = (): void => {
        if (this.o.clock.now() - begun < overtakenAfterMs) return;
        this.#overtake = undefined;
        if (message.keepAlive) done({ kind: 'failure', reason: 'overtaken' });
        else send();
      };
      this.#overtake = overtake;
      send();
    });
  }

  async #send(message: OutgoingMessage): Promise<SendOutcome> {
    try {
      return await this.o.send(message);
    } catch {
      return { kind: 'failure', reason: 'error' };
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause = undefined;
        resolve();
      };
      this.#pause = { timer: this.o.clock.after(ms, end), end };
    });
  }
}

export function isDelivered(outcome: SendOutcome): boolean {
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
}

/**
 * Whether the same message may be taken later: nothing answered, a server failed, or the far end is not there just now
 * (404, 408, 430, 480, 486). The receiver knows a second copy by its identifiers.
 */
export function worthAnotherAttempt(outcome: SendOutcome): boolean {
  if (outcome.kind === 'failure') return true;
  const { status } = outcome;
  return (status >= 500 && status < 600 && status !== 513) || [404, 408, 430, 480, 486].includes(status);
}
