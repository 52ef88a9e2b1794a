/** What the decisions of the provider's proxy need to know. */
export interface ProviderPolicy {
  /** The domain of its users. */
  readonly domain: string;
  /** User parts that are emergency numbers here. RFC 5031 4.2 */
  readonly numbers: ReadonlySet<string>;
  /** Public domains of ESInets: what is addressed there goes to the border. */
  readonly esinetDomains: ReadonlySet<string>;
  readonly accounts: ReadonlySet<string>;
}

/** Who sent a request, as far as the flow tells. */
export interface Sender {
  /** The account whose binding came over the same flow. */
  readonly account?: string;
  /** It came from the border of the ESInet, by certificate, connection or address. */
  readonly isBorder: boolean;
}
