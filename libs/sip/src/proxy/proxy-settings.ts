import type { Clock, Logger } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import type { TransportName } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import type { HopGuard } from '../overload/signalling.js';
import type { RequestLocator } from '../transaction/locator-port.js';
import type { TransactionLayer } from '../transaction/transaction-layer.js';
import type { DialogSeal } from './dialog-seal.js';
import type { FailedDestinations } from './failed-destinations.js';

export interface ProxySettings {
  readonly transactions: TransactionLayer;
  readonly locator: RequestLocator;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recordRoute: boolean;
  readonly timerCMs: number;
  readonly failoverMs: number;
  readonly promptMs: number;
  readonly connectMs: number;
  readonly unreachableStatus: number;
  readonly failures: FailedDestinations;
  readonly hops: HopGuard | undefined;
  readonly heldStatus: number;
  readonly failoverOn: (status: number) => boolean;
  readonly sentBy: (transport: TransportName, listener?: string) => string;
  readonly loopHash: (request: SipMessage, flow: Flow) => string;
  readonly dialogs?: { readonly seal: DialogSeal; readonly ways: boolean };
}

export const defaultProxyTimes = {
  /** RFC 3261 16.6 step 11: more than three minutes. */
  timerCMs: 185_000,
  /**
   * Without any response for this long the next target is tried as well. A proxy that is alive but slow answers 100
   * after 3.5 s (RFC 4320 4.1), so 4 s means that nobody is there.
   */
  failoverMs: 4_000,
  /** The same from one sibling to the next: elements of ours say 100 after 200 ms over TCP and TLS (RFC 4320 4.1). */
  promptMs: 500,
  /** The same while the connection is still being opened. */
  connectMs: 2_000,
  /** A destination that was silent or refused is tried after the others for this long. 0 = never. */
  cooldownMs: 30_000,
} as const;

/**
 * The final responses that say something about the way and not about the call: 408, 430 (a flow that failed, RFC 5626
 * 11.5) and 503. A 480, 486 or 500 comes from the end point itself and is not asked again elsewhere.
 */
export function retriable(status: number): boolean {
  return status === 408 || status === 430 || status === 503;
}
