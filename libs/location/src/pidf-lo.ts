import type { CivicAddress } from './civic-address.js';
import type { Shape } from './shape.js';

export const PIDF_NS = 'urn:ietf:params:xml:ns:pidf';
export const GEOPRIV_NS = 'urn:ietf:params:xml:ns:pidf:geopriv10';
export const BASIC_POLICY_NS = 'urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy';
export const PIDF_CONTENT_TYPE = 'application/pidf+xml';

/** RFC 7459 7. */
export const CONFIDENCE_NS = 'urn:ietf:params:xml:ns:geopriv:conf';

/** RFC 7459 4.1: how probable it is that the device is within the area, in percent. */
export interface Confidence {
  readonly value: number | 'unknown';
  /** How the probability is spread over the area. Without it: unknown. */
  readonly pdf?: 'unknown' | 'normal' | 'rectangular';
}

export type PidfContainer = 'tuple' | 'device' | 'person';

/** One location of a document, in the order in which it counts (RFC 5491 3, rule 8). */
export type PidfLocation =
  | {
      readonly kind: 'geodetic';
      readonly shape: Shape;
      readonly container: PidfContainer;
      /** Without it 95 percent (RFC 5491 5, RFC 7459 4.1). */
      readonly confidence?: Confidence;
    }
  | {
      readonly kind: 'civic';
      readonly civic: CivicAddress;
      readonly container: PidfContainer;
      readonly confidence?: Confidence;
    };

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
  /** RFC 4119 2.2.2: only where it was sent; it means false where it was not. */
  readonly retransmissionAllowed?: boolean;
  /** Of the first location; timestamp, method, provided-by and retention are from there too. */
  readonly container: PidfContainer;
}
