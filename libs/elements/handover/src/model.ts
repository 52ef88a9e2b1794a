import type { EndpointId, HandoverItem, PeerProfile, Reference } from '@esinet/handover';
import type { PartKind } from './message-parts.js';
import type { LiidState } from './running/liid-state.js';

/** Who may get records: told once, by people who know the authority, and never by a request. */
export interface Authority {
  readonly id: string;
  readonly name: string;
  readonly profile: PeerProfile;
  /** Where HI1 messages go. */
  readonly deliveryUrl: string;
  /** Model B: the authority's URL of which an object's is made, ending with a slash. */
  readonly objectsUrl?: string;
  /** Fingerprints (SHA-256, hexadecimal) of the certificates it shows and is shown at. */
  readonly certificates: readonly string[];
  /** How its hashes of selectors are made. TS 103 707 D.4 */
  readonly hash: { readonly algorithm: HashAlgorithm; readonly construct: HashConstruct };
  /** What it calls itself where it sends requests; where none was agreed its certificate speaks for it alone. */
  readonly requester?: EndpointId;
  readonly onboardedBy: string;
  readonly onboardedAt: string;
}

export type HashAlgorithm = 'sha-256' | 'sha-512' | 'sha3-512';
export type HashConstruct = 'salt-prefix' | 'salt-suffix' | 'hmac';

/** One exact name. There is nothing that stands for several. */
export interface Selector {
  readonly kind: 'uri' | 'call-id';
  /** Canonical: `tel:+34600000001`, `sip:user@domain` in small letters of the domain, or a Call Identifier. */
  readonly value: string;
}

/** TS 103 120 RequestType; a location has to be named by itself. */
export type Category = 'subscriber' | 'traffic' | 'content' | 'location';

/** What a competent authority has granted. */
export interface Authorisation {
  readonly reference: Reference;
  readonly authority: string;
  /** Number or name of the order, as the authority gave it. */
  readonly legalReference: string;
  readonly selectors: readonly Selector[];
  readonly categories: readonly Category[];
  /** Records of `[from, until)`, RFC 3339. For an LDID wholly in the past when it is taken in. */
  readonly range: { readonly from: string; readonly until: string };
  /** When it is in force: `[from, until)`. */
  readonly validity: { readonly from: string; readonly until: string };
  readonly includeTests: boolean;
  /** For an LIID: whether people look at each batch before it is sent. */
  readonly reviewBatches: boolean;
  /**
   * Set for an LIID whose range had not ended when it was taken in: records are handed over as they come. An LIID of a
   * range in the past is a disclosure of what is stored, by another name.
   */
  readonly running?: boolean;
}

/** Numbers of chats within a reference, and of the next message in each: later batches go on where earlier ended. */
export interface Levels {
  readonly byCallId: Readonly<Record<string, { readonly id: number; readonly next: number }>>;
  /** Sequence number of the next object under the reference. */
  readonly nextSequence: number;
}

export type CasePhase =
  | 'requested'
  /** Records are frozen; somebody looks at them. */
  | 'in-review'
  /** The bytes are made, validated and sealed, and wait for approvals. */
  | 'sealed'
  | 'approved'
  /** Two people approved the authorisation of an LIID: batches go as records come. */
  | 'running'
  /** Nothing is added any more; what is queued is on its way. */
  | 'sending'
  | 'delivered'
  | 'suspended'
  | 'rejected'
  | 'closed';

/** A case: one authorisation and what becomes of it. Selectors and salt are gone once it is closed. */
export interface HandoverCase {
  readonly id: string;
  readonly authorisation: Authorisation;
  readonly hash?: SelectorHash;
  readonly phase: CasePhase;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly reviewedBy?: string;
  readonly approvals: readonly Approval[];
  /** The sealed messages, in order. */
  readonly seals: readonly Seal[];
  /** What is sent in the place of a seal, by its id: the same items in other envelopes. */
  readonly splits?: Readonly<Record<string, readonly Seal[]>>;
  /** Numbers as they are after everything that was queued, and as they will be when the present seals are. */
  readonly levels?: Levels;
  readonly nextLevels?: Levels;
  /** Of an authorisation that runs. */
  readonly liid?: LiidState;
}

/** TS 103 707 D.4: what is left of a selector in the end is its digest. */
export interface SelectorHash {
  readonly algorithm: HashAlgorithm;
  readonly construct: HashConstruct;
  /** Hexadecimal, 16 to 64 octets; not there any more once the case is closed. */
  readonly salt?: string;
  readonly digest: string;
}

/** Bytes that were built, validated and put away. */
export interface Seal {
  readonly id: string;
  readonly transactionId: string;
  /** Of its DeliveryObjects, in the order of the actions. */
  readonly objectIds: readonly string[];
  /** SHA-256 of the document, hexadecimal: what an approval is for. */
  readonly digest: string;
  readonly bytes: number;
  readonly items: number;
  readonly objects: readonly SealedObject[];
}

export interface SealedObject {
  /** A UUID that is never used again. */
  readonly id: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly digest: string;
}

/** One person's word for exactly these bytes. */
export interface Approval {
  readonly by: string;
  readonly at: string;
  /** Digest over the digests of all seals, in their order. */
  readonly of: string;
}

/** One message of a chat with what is to be handed over of it, before it is written. */
export interface Selected {
  readonly item: HandoverItem;
  /** Octets of the parts by `cspDefinedIdentifier`. */
  readonly objects: ReadonlyMap<
    string,
    {
      readonly octets: Buffer;
      readonly contentType: string;
      readonly kind: PartKind;
      readonly name?: string;
    }
  >;
}

/** Who does something, and what that person may. */
export interface Person {
  readonly name: string;
  readonly roles: readonly Role[];
}

export type Role = 'handover-clerk' | 'handover-reviewer' | 'approver' | 'administrator' | 'auditor';
