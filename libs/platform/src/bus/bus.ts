/** What a subscription gives back: the way to end it, and how much it could not take. */
export interface Subscription {
  readonly pattern: string;
  /** Messages thrown away because the subscriber had too many waiting. */
  readonly dropped: number;
  unsubscribe(): void;
}

export interface SubscribeOptions {
  /** Of all subscriptions with this queue name that match, one gets each message. */
  readonly queue?: string;
}

export interface RequestOptions {
  /** Milliseconds until `request` rejects with `timeout`. */
  readonly timeoutMs?: number;
}

/**
 * Events and request-reply between elements. Subjects are dot-separated tokens; in patterns `*` stands for one token
 * and a closing `>` for one or more. Payloads travel as JSON: what arrives shares nothing with what was sent, `undefined`
 * members are gone, a `Date` is text.
 *
 * Delivery is at most once and never happens inside the call that publishes. One subscription gets its messages one
 * after another, in the order they were published; a handler that throws is logged and goes on with the next.
 */
export interface Bus {
  /** @throws BusError `subject` or `payload`: both are mistakes of the program. A closed bus drops silently. */
  publish(subject: string, payload: unknown): void;
  /** @throws BusError `subject` or `closed` */
  subscribe(
    pattern: string,
    handler: (payload: unknown, subject: string) => void | Promise<void>,
    options?: SubscribeOptions,
  ): Subscription;
  /**
   * The first answer. Rejects with BusError `no-responders` at once when nobody listens, `unreachable` at once while the
   * servers of the bus are away, `timeout`, or `remote`.
   */
  request(subject: string, payload: unknown, options?: RequestOptions): Promise<unknown>;
  /** Answers requests, many at a time. What the handler throws reaches the asker as BusError `remote`. */
  reply(
    pattern: string,
    handler: (payload: unknown, subject: string) => Promise<unknown>,
    options?: SubscribeOptions,
  ): Subscription;
  /** A sentence while the bus does not carry as it should, for the health report. No element is unready for it. */
  note?(): string | undefined;
  /** Ends all subscriptions; requests still waiting reject with `closed`. */
  close(): Promise<void>;
}

export type BusErrorCode =
  'no-responders' | 'unreachable' | 'timeout' | 'remote' | 'closed' | 'subject' | 'payload';

export class BusError extends Error {
  override readonly name = 'BusError';

  constructor(
    readonly code: BusErrorCode,
    message: string,
  ) {
    super(message);
  }
}
