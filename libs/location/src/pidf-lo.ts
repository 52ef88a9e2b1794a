import type { CivicAddress } from './civic-address.js';
import type { Shape } from './shape.js';

export const PIDF_NS = 'urn:ietf:params:xml:ns:pidf';
export const GEOPRIV_NS = 'urn:ietf:params:xml:ns:pidf:geopriv10';
export const BASIC_POLICY_NS = 'urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy';
export const PIDF_CONTENT_TYPE = 'application/pidf+xml';

export type PidfContainer = 'tuple' | 'device' | 'person';

/** One location of a document, in the order in which it counts (RFC 5491 3, rule 8). */
export type PidfLocation =
  | { readonly kind: 'geodetic'; readonly shape: Shape; readonly container: PidfContainer }
  | { readonly kind: 'civic'; readonly civic: CivicAddress; readonly container: PidfContainer };

/** A presence document with location (RFC 4119), read by the rules of RFC 5491. */
export interface PidfLo {
  /** '' where the sender left it out. */
  readonly entity: string;
  /** xs:dateTime as sent. */
  readonly timestamp?: string;
  /** How the location was found: a token of the IANA registry, as sent. */
  readonly method?: string;
  /** The content of provided-by: its text, or its elements as XML. */
  readonly providedBy?: string;
  readonly shapes: readonly Shape[];
  readonly civics: readonly CivicAddress[];
  /** Shapes and civic addresses together, first the one that counts. A person's comes last and is a last resort. */
  readonly locations: readonly PidfLocation[];
  /** xs:dateTime as sent. */
  readonly retentionExpiry?: string;
  /** Of the first location; timestamp, method, provided-by and retention are from there too. */
  readonly container: PidfContainer;
}
