import type { Wgs84 } from './wgs84.js';

/**
 * What a chat by TS 103 698 says of one message beside the core parameters: the content of our published schema
 * (`schema/lmpe-record-1.xsd`).
 */
export interface LmpeRecord {
  /** The Call Identifier, as it was received. */
  readonly callId: string;
  /** The Message Identifier; heartbeats have none. */
  readonly messageId?: string;
  readonly messageType: { readonly number: number; readonly label: string };
  readonly direction: 'fromCaller' | 'fromPsap';
  /** QualifiedMicrosecondDateTime: when it was recorded. */
  readonly recordedTime: string;
  readonly sipCallId?: string;
  readonly identities: readonly ProvenIdentity[];
  readonly replyTo?: string;
  readonly testCall?: boolean;
  readonly texts: readonly RecordText[];
  readonly location?: RecordLocation;
  readonly parts: readonly RecordPart[];
  readonly withheld: readonly Withheld[];
}

/** A name of the caller and who vouches for it. */
export interface ProvenIdentity {
  /** `asserted` by the network (RFC 3325), claimed in `from`, or the `device`'s own (TS 103 698 6.1.2.11). */
  readonly provenance: 'asserted' | 'from' | 'device';
  readonly value: string;
}

export interface RecordText {
  /** Number of the body part, from 0. */
  readonly part: number;
  /** RFC 5646 */
  readonly language?: string;
  /** Set where characters had to be replaced that XML cannot carry: then the octets are an object too. */
  readonly repaired?: boolean;
  readonly text: string;
}

export interface RecordLocation {
  readonly conveyed: 'value' | 'reference';
  readonly point?: Wgs84;
  /** Metres around the point. */
  readonly uncertainty?: number;
  readonly method?: string;
  /** QualifiedDateTime: when it was determined. */
  readonly time?: string;
  /** The location URI, where it was conveyed by reference: it is told, not followed. */
  readonly uri?: string;
  /** `cspDefinedIdentifier` of the document. */
  readonly object?: string;
}

export interface RecordPart {
  readonly index: number;
  readonly contentType: string;
  readonly contentId?: string;
  /** `cspDefinedIdentifier` of its octets, where they are handed over. */
  readonly object?: string;
}

/** What is not handed over, so that the reader knows that there is more. */
export interface Withheld {
  readonly what: 'text' | 'part' | 'location' | 'identity' | 'message';
  readonly reason: 'not-in-scope' | 'other-holder' | 'third-party' | 'privileged' | 'reviewer';
  readonly part?: number;
}
