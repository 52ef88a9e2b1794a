import type { Shape } from '@esinet/location';
import type { SipMessage } from '@esinet/sip';
import type { KnownStates } from '@esinet/states';

/** What a policy may look at when a call is routed. Everything but the message may be missing, and no condition throws. */
export interface RoutingFacts {
  readonly request: SipMessage;
  /** Wall milliseconds. */
  readonly now: number;
  /** URI of the queue the call came in on. */
  readonly incomingQueue?: string;
  /** The service that was asked of LoST: `urn:service:sos`. */
  readonly lostService?: string;
  /** The next hop that LoST named, or the default. */
  readonly normalNextHop?: string;
  /** The location the call is routed by. */
  readonly location?: Shape;
  /** Name of the element or network the call came from. */
  readonly callSource?: string;
  /** 0 (none) to 100, as the border marked it. */
  readonly callSuspicion?: number;
  /** What the border found out about the calling number (RFC 8224), in the words of NENA-STA-010 3.3.3.1.18. */
  readonly callingNumberVerification?: 'TN-Validation-Passed' | 'TN-Validation-Failed' | 'No-TN-Validation';
  readonly states: KnownStates;
}
