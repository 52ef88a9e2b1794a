import type { HeaderEdit } from '../codec/edit.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Destination, Fallback } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';

/** One next hop to try. */
export interface ForwardTarget {
  /** The Request-URI on this branch; the request's own where left out. */
  readonly uri?: string;
  /** Where it goes, without any lookup. */
  readonly destination?: Destination | Flow;
  /** What is located (RFC 3263) instead of the top Route or the Request-URI. */
  readonly nextHopUri?: string;
  /** The authority that the certificates of what is located have to come from, as of a Destination. */
  readonly authority?: string;
  /** What may stand in for TLS to what is located, as of a Destination. */
  readonly fallback?: Fallback;
  readonly edits?: readonly HeaderEdit[];
  /** Further edits, made when it is this target's turn, from what became of those before it. RFC 7044 9.3 */
  readonly editsAfter?: (tried: readonly TriedTarget[]) => readonly HeaderEdit[];
  /** The listener it leaves from and whose address stands in Via. */
  readonly listener?: string;
  /** Tried after all others, also after those that have failed lately: it only stands in for them. */
  readonly standsIn?: boolean;
  /**
   * Targets with the same word are servers of one next hop that say something within `promptMs` over a reliable
   * transport, if only 100: as soon as one of them is silent the next is asked.
   */
  readonly siblings?: string;
}

/** A target that was tried, and the status it gave: 408 where it is silent, 503 where there is no way to it. RFC 3261 16.9 */
export interface TriedTarget {
  /** Its index in the decision. */
  readonly target: number;
  readonly status: number;
}

export interface ForwardOutcome {
  /** The status that went upstream; 408 also where none may be sent (RFC 4320 4.2). */
  readonly status: number;
  /** Index of the target that gave it, -1 where none did. */
  readonly target: number;
  /** Targets that did not take the request, in the order in which that was known. */
  readonly tried?: readonly FailedTarget[];
}

/** `answered`: it said so itself; else it was silent (408) or there was no way to it (503). RFC 3261 16.7 step 1, 16.9 */
export interface FailedTarget {
  readonly target: number;
  readonly status: number;
  readonly answered: boolean;
}

export interface ForwardDecision {
  readonly kind: 'forward';
  /** Tried one after the other. */
  readonly targets: readonly ForwardTarget[];
  readonly edits?: readonly HeaderEdit[];
  /** Applied to each response that goes upstream, after our Via is off. */
  readonly responseEdits?: (response: SipMessage) => readonly HeaderEdit[];
  /** Final responses after which the next target is tried, besides those of the proxy. */
  readonly failoverOn?: (status: number) => boolean;
  /** Told once, when the final answer is known, also where the decision came too late to be followed. */
  readonly onOutcome?: (outcome: ForwardOutcome) => void;
  /** This request only; else the proxy's own setting. */
  readonly recordRoute?: boolean;
}

export interface OwnAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
}

/** What an element says is to become of a request. */
export type RouteDecision =
  | ForwardDecision
  | ({ readonly kind: 'reject' } & OwnAnswer)
  | ({ readonly kind: 'answer' } & OwnAnswer)
  | { readonly kind: 'discard' };
