/** What routing decisions need to know. */
export interface RoutingPolicy {
  /** The domain of the PSAPs inside the ESInet. */
  readonly privateDomain: string;
  /** Where a call goes for which no PSAP could be found out. */
  readonly defaultPsapUri: string;
  /** Milliseconds for location and mapping together; the call goes on with what is known by then. */
  readonly budgetMs: number;
  /** Milliseconds of these for dereferencing a location. */
  readonly heldMs: number;
  /** Milliseconds of these for the ECRF, redirect included. */
  readonly lostMs: number;
  /** Milliseconds that a call waits for the queues of its next hops; then it goes on without them. */
  readonly queueMs: number;
  /**
   * `honour`: an explicit `Geolocation-Routing: no` keeps the location from being looked at (RFC 6442 4.2), and the call
   * takes the default route. `override`: the location is used all the same, where law says so for emergency calls.
   */
  readonly routingNo: 'honour' | 'override';
  /** Domains, or whole URIs, of next hops that cannot take a URN as Request-URI, and what is rewritten for them. */
  readonly rewrite: ReadonlyMap<string, 'request-uri' | 'request-uri-and-to'>;
}

/** Why a call took the default route. RFC 3326: the cause is the SIP status that would have said so. */
export interface Failure {
  readonly cause: number;
  /** A short fixed phrase, no part of the message. */
  readonly text: string;
}
