/** A call that asks for a next hop. */
export interface QueuedCall {
  /** Next hops in the order of routing, the default PSAP last. */
  readonly uris: readonly string[];
  /** Higher first: `priorityOf`. Below 0 it is a test. */
  readonly priority: number;
  /** Part of a chat or dialog that has begun: before new ones. */
  readonly running: boolean;
  readonly id: string;
  /** Where it comes from, as the border names it. */
  readonly source?: string;
}

/** A next hop that did not take the call. `answered`: it said so itself; else it was silent (408) or not there (503). */
export interface NextHopFailure {
  readonly uri: string;
  readonly status: number;
  readonly answered: boolean;
}

export interface AdmissionOutcome {
  /** What went upstream. */
  readonly status: number;
  /** The next hop that gave it; left out: the admitted one, unless it is among `failed`. */
  readonly answeredBy?: string;
  /** Those that were tried in vain. */
  readonly failed?: readonly NextHopFailure[];
}

export interface PassedOver {
  readonly uri: string;
  /** A queue state, a service state, or `NotAccepted`. */
  readonly why: string;
}

export interface Admission {
  /** The next hop whose queue let the call in. */
  readonly uri: string;
  /** Whom to try after it, best first: alternates and the default PSAP are among them. */
  readonly then: readonly string[];
  /** Final responses after which the next one is tried besides those of the proxy. */
  readonly failoverOn: (status: number) => boolean;
  /** Once, when the call has its final answer or none will come. */
  release(outcome: AdmissionOutcome): void;
}

export type AdmissionVerdict =
  | { readonly kind: 'admitted'; readonly admission: Admission; readonly passedOver: readonly PassedOver[] }
  /** Only where the configuration wants it; an emergency ends at a PSAP otherwise. */
  | { readonly kind: 'busy'; readonly retryAfterSeconds: number };
