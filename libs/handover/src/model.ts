import type { XmlElement } from '@esinet/xml';
import type { LmpeRecord } from './lmpe-record.js';

/** TS 103 120 6.2: who sends or gets a message. */
export interface EndpointId {
  /** Two capital letters; `XX` where none is to be told. */
  readonly countryCode: string;
  readonly uniqueIdentifier: string;
}

/** TS 103 120 6.2 with TS 103 707 5.1. */
export interface MessageHeader {
  readonly sender: EndpointId;
  readonly receiver: EndpointId;
  /** A UUID in small letters: the same in an answer, and in each repetition. */
  readonly transactionId: string;
  /** QualifiedMicrosecondDateTime: when the message was made. */
  readonly timestamp: string;
  readonly version: {
    /** `V1.23.1` */
    readonly etsi: string;
    readonly nationalProfileOwner: string;
    readonly nationalProfileVersion: string;
  };
}

/** What a delivery is for: a disclosure of what is stored, or of what is recorded while the authorisation lasts. */
export interface Reference {
  readonly kind: 'LDID' | 'LIID';
  readonly value: string;
}

/** TS 103 120 10 (DeliveryObject) as TS 103 707 5.1 uses it. */
export interface DeliveryObject {
  /** A UUID, the same in each repetition. */
  readonly objectId: string;
  /** Both of the receiver. */
  readonly countryCode?: string;
  readonly owner?: string;
  readonly reference: Reference;
  readonly deliveryId?: string;
  /** From 1, within a reference and delivery. */
  readonly sequenceNumber?: number;
  readonly lastSequence?: boolean;
  /** Whether the manifest says that this is TS 103 707. */
  readonly manifest: boolean;
  /** Written as a collection where `asCollection`, else there is exactly one. */
  readonly items: readonly HandoverItem[];
  readonly asCollection: boolean;
}

/** TS 103 707 5.2: one message of a chat. */
export interface HandoverItem {
  readonly correlation?: {
    /** The chat, within the reference. */
    readonly levelId: number;
    /** Place in it, from 0. */
    readonly sequenceNumber: number;
  };
  readonly sender?: MessagingParty;
  readonly receivers: readonly MessagingParty[];
  /** QualifiedDateTime. A peer of V1.1.1 may leave it out; we never do. */
  readonly timestamp?: string;
  readonly objects: readonly BinaryObject[];
  readonly metadata: readonly CspMetadata[];
}

/** TS 103 707 table 7. */
export interface MessagingParty {
  readonly identifiers: readonly string[];
  /** Left out rather than false: nobody knows that a party is none. */
  readonly isTargetedParty?: boolean;
}

/** TS 103 707 table 8: where the octets of a part are, or will be. */
export interface BinaryObject {
  readonly url: string;
  readonly contentLength?: number;
  readonly contentType?: string;
  /** QualifiedDateTime */
  readonly expiry?: string;
  /** SHA-256 of the octets, in small hexadecimal digits. */
  readonly checksum?: string;
  readonly originalFilename?: string;
  readonly cspDefinedIdentifier?: string;
}

/** TS 103 707 5.6: what we say in a schema of our own. */
export interface CspMetadata {
  readonly schema: {
    readonly identifier: string;
    readonly url?: string;
    /** The schema itself, for those who see it for the first time. */
    readonly content?: string;
  };
  /** Where the schema is ours. */
  readonly record?: LmpeRecord;
  /** As read, where it is not. */
  readonly other?: readonly XmlElement[];
}

/** One HI1Message that delivers. */
export interface DeliverMessage {
  readonly kind: 'deliver';
  readonly header: MessageHeader;
  /** In the order of their ActionIdentifiers, which count from 0. */
  readonly objects: readonly DeliveryObject[];
}

/** TS 103 120 6.4: what became of each action, or of the whole message. */
export interface ResponseMessage {
  readonly kind: 'response';
  readonly header: MessageHeader;
  readonly outcome:
    | { readonly kind: 'actions'; readonly actions: readonly ActionOutcome[] }
    | { readonly kind: 'refused'; readonly error: ErrorInformation };
}

export type ActionOutcome = { readonly action: number } & (
  | { readonly kind: 'delivered' | 'created' | 'updated'; readonly objectId: string }
  | { readonly kind: 'failed'; readonly error: ErrorInformation }
);

export interface ErrorInformation {
  /** TS 103 120 Annex D */
  readonly code: number;
  /** Somebody else's words, which may quote ours: for the case's own record, never for a log. */
  readonly description: string;
}
