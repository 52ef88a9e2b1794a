/** One peer of the border, recognised by its TLS certificate or by the listener it may use. */
export interface PeerPolicy {
  readonly name: string;
  /** The SIP URI its certificate carries as subjectAltName, `sip:provider.lab`. RFC 5922 7.1 */
  readonly sanUri?: string;
  /** Whether it is within the trust domain of RFC 3325: what it asserts is passed on. */
  readonly trusted: boolean;
  /** SHA-256 fingerprint of the authority its certificate has to come from; our own if not given. */
  readonly authority?: string;
  /** SHA-256 fingerprints of its own certificates; any that is signed as it should if not given. */
  readonly fingerprints?: readonly string[];
  /** Domains it may reach through this border besides our PSAPs. */
  readonly relay: readonly string[];
  /** It is the border of another ESInet. TS 103 698 D.2 */
  readonly esinet?: {
    readonly publicDomain: string;
    readonly privateDomain: string;
    readonly domains: readonly string[];
  };
}

/** What the decisions of the border need to know. No addresses of next hops: those are chosen by `NextHops`. */
export interface BorderPolicy {
  /** Names this border: the last part of identifiers it assigns (TS 103 698 6.1.2.7). */
  readonly elementId: string;
  /** Local emergency numbers and the service each stands for. RFC 5031 4.2 */
  readonly numbers: ReadonlyMap<string, string>;
  /** Domains in which an emergency number counts as one; `*` is any, because an emergency is not refused for a host part. */
  readonly numberDomains: '*' | ReadonlySet<string>;
  /** The domain PSAPs are known by outside (TS 103 698 D.1). */
  readonly publicDomain: string;
  /** The domain of the same PSAPs inside. */
  readonly privateDomain: string;
  /** Header fields in which the one stands for the other, by direction. */
  readonly translate: { readonly inwards: readonly string[]; readonly outwards: readonly string[] };
  /** TS 103 698 6.1.2.5: what calls that appear to be emergency calls are marked with. */
  readonly emergencyPriority: string;
  /** TS 103 698 6.1.2.5: call-backs of a PSAP within an incident. */
  readonly callbackPriority: string;
  /** Header fields an untrusted peer may not bring in. */
  readonly removeFromUntrusted: readonly string[];
  /** Adds the NENA i3 identifiers beside those of TS 103 698. */
  readonly nenaIdentifiers: boolean;
  /** Where a call goes when every ESRP is away. */
  readonly defaultPsapUri: string;
  /** Unguessable characters a CallId needs before it is proof enough to move a UDP flow. */
  readonly secretLength: number;
}

/** A peer that has shown who it is. */
export type Peer = Pick<PeerPolicy, 'name' | 'trusted' | 'relay' | 'esinet'>;

/** Where a request came from. The side follows from the listener's name alone. */
export interface Source {
  readonly listener: string;
  readonly side: 'public' | 'private';
  readonly peer?: Peer;
}
