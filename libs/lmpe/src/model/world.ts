import type { SessionEffect } from '../session-effect.js';
import { isKeepAlive, messageKind } from '../message-type.js';
import type { OutgoingMessage } from '../outgoing-message.js';
import { isDelivered, worthAnotherAttempt } from '../outbox.js';
import type { ReceivedMessage } from '../arrivals.js';
import type { Agenda, Random } from './random.js';

/** How bad the network is, while it is bad. */
export interface Weather {
  readonly loss: number;
  readonly copies: number;
  readonly delayMs: number;
}

/** A network of MESSAGEs and other questions between ends that may be down. */
export class Network {
  #weather: Weather;
  readonly #ends = new Map<string, (m: ReceivedMessage) => number | undefined>();

  constructor(
    readonly agenda: Agenda,
    readonly random: Random,
    weather: Weather,
  ) {
    this.#weather = weather;
  }

  /** For whoever looks for the reason of a failure. */
  trace: (who: string, what: unknown, then: string) => void = () => undefined;

  heal(): void {
    this.#weather = { loss: 0, copies: 0, delayMs: 50 };
  }

  /** `take` gives the status, nothing while the end is down. */
  listen(uri: string, take: (m: ReceivedMessage) => number | undefined): void {
    this.#ends.set(uri, take);
  }

  deliver(to: string, m: ReceivedMessage): number | undefined {
    return this.#ends.get(to)?.(m);
  }

  /** One attempt. `answered` is called at most once, with 0 after a time without an answer. */
  send(to: string, m: ReceivedMessage, answered: (status: number) => void): void {
    this.ask(() => this.deliver(to, m), answered);
  }

  /** Any question that may be lost, come twice or late, and so may its answer. `act` gives nothing: no answer. */
  ask(act: () => number | undefined, answered: (status: number) => void, timeoutMs = 4_000): void {
    let open = true;
    const end = (status: number): void => {
      if (!open) return;
      open = false;
      answered(status);
    };
    const copies = this.random.chance(this.#weather.copies) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.chance(this.#weather.loss)) continue;
      this.agenda.after(this.#delay(), () => {
        const status = act();
        if (status === undefined || this.random.chance(this.#weather.loss)) return;
        this.agenda.after(this.#delay(), () => end(status));
      });
    }
    this.agenda.after(timeoutMs, () => end(0));
  }

  #delay(): number {
    return 1 + this.random.below(this.#weather.delayMs);
  }
}

/** The outbox in a world without promises: one at a time, several attempts. */
export class Mail {
  readonly #waiting: OutgoingMessage[] = [];
  #running = false;
  #closed = false;

  constructor(
    private readonly o: {
      readonly network: Network;
      readonly attempts: number;
      readonly to: (m: OutgoingMessage) => string;
      readonly received: (m: OutgoingMessage) => ReceivedMessage;
      readonly outcome: (m: OutgoingMessage, status: number) => void;
    },
  ) {}

  get idle(): boolean {
    return !this.#running;
  }

  push(m: OutgoingMessage): void {
    if (this.#closed || (m.keepAlive && this.#running)) return;
    this.#waiting.push(m);
    if (!this.#running) this.#next();
  }

  close(): void {
    this.#closed = true;
  }

  #next(): void {
    const m = this.#waiting.shift();
    this.#running = m !== undefined;
    if (m) this.#attempt(m, 1);
  }

  #attempt(m: OutgoingMessage, attempt: number): void {
    this.o.network.send(this.o.to(m), this.o.received(m), (status) => {
      if (this.#closed) return;
      const outcome =
        status === 0
          ? ({ kind: 'failure', reason: 'timeout' } as const)
          : ({ kind: 'answered', status } as const);
      const again = !m.keepAlive && attempt < this.o.attempts && worthAnotherAttempt(outcome);
      if (again) {
        this.o.network.agenda.after(1_000, () => {
          if (!this.#closed) this.#attempt(m, attempt + 1);
        });
        return;
      }
      this.o.outcome(m, isDelivered(outcome) ? 200 : status);
      this.#next();
    });
  }
}

export type Send = Extract<SessionEffect, { type: 'send' }>;

let references = 0;

export function receivedOf(m: OutgoingMessage, sender: string, replyTo?: string): ReceivedMessage {
  const kind = messageKind(m.messageType);
  return {
    type: 'received',
    sender,
    messageType: m.messageType,
    ...(m.messageId !== undefined && { messageId: m.messageId }),
    ...(m.text !== undefined && { text: m.text }),
    ...(replyTo !== undefined && { replyTo: m.replyTo ?? replyTo }),
    reference: isKeepAlive(kind) ? `k${references++}` : `${m.messageType}/${m.messageId ?? ''}`,
  };
}
