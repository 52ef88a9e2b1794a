import type { SipMessage } from '../codec/sip-message.js';
import type { Flow } from '../transport/flow.js';

/** The answer to a request that is not taken on. */
export interface Refusal {
  readonly status: number;
  /** Seconds. */
  readonly retryAfter?: number;
}

/**
 * Asked of each new request before anything is kept of it: the earliest moment at which it is known to be no repetition
 * of one that is being worked on. `high` and `low` are the keyed hash of its transaction.
 */
export interface Admission {
  admit(request: SipMessage, flow: Flow, high: number, low: number): Refusal | undefined;
}
