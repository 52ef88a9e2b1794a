import { type DialogLimits, defaultDialogLimits } from './dialog.js';

/** Bounds of a notifier; all configurable by the element that has one. */
export interface NotifierLimits extends DialogLimits {
  /** Subscriptions held at once, over all packages; a further one is 480 with Retry-After. */
  readonly maxSubscriptions: number;
  /** Seconds: what is asked for longer is granted for so long. */
  readonly maxExpires: number;
  /** Seconds: what is asked for shorter, yet not zero, is 423. RFC 6665 4.2.1.1 */
  readonly minExpires: number;
  /** Octets of the body of a SUBSCRIBE; beyond it 413. */
  readonly maxBody: number;
  /** Seconds after which one that was refused for want of room may ask again. */
  readonly retryAfter: number;
  /**
   * NOTIFYs without an answer to one address over UDP that has not accepted one before; beyond it a new subscription from
   * there is 480. The address of a datagram is whatever its sender wrote: without a bound we would send somebody else
   * eleven copies of each.
   */
  readonly maxUnanswered: number;
  /** Subscriptions looked at, and NOTIFYs made, in one turn of the process. */
  readonly perTurn: number;
}

export const defaultNotifierLimits: NotifierLimits = {
  ...defaultDialogLimits,
  maxSubscriptions: 20_000,
  maxExpires: 3_600,
  minExpires: 60,
  maxBody: 16_384,
  retryAfter: 60,
  maxUnanswered: 500,
  perTurn: 16,
};
