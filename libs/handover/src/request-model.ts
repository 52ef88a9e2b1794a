import type { EndpointId, Reference } from './model.js';

/** TS 103 120 7.1: what every object of a request says of itself. */
export interface TaskedObject {
  readonly objectId: string;
  readonly countryCode?: string;
  readonly owner?: string;
  /** ObjectIdentifiers of those it belongs to: a task names its authorisation. */
  readonly associated: readonly string[];
}

/** TS 103 120 7.2: what a competent authority has ordered. */
export interface AuthorisationObject extends TaskedObject {
  readonly kind: 'authorisation';
  /** Number or name of the order. */
  readonly reference?: string;
  /** A value of the dictionary AuthorisationStatus; there are others too. */
  readonly status?: string;
  readonly desiredStatus?: string;
  /** QualifiedDateTime each. */
  readonly from?: string;
  readonly until?: string;
  /** Who it is addressed to. */
  readonly providers: readonly EndpointId[];
}

/** TS 103 120 8.3 (LDTaskObject) and 8.2 (LITaskObject), in one form: what is asked for under an authorisation. */
export interface TaskObject extends TaskedObject {
  readonly kind: 'task';
  /** LDID of an LDTaskObject, LIID of an LITaskObject. */
  readonly reference?: Reference;
  readonly referenceKind: Reference['kind'];
  readonly desiredStatus?: string;
  /** Values of RequestType or DeliveryType. */
  readonly type?: string;
  /** Our own categories, as subtypes or flags of the request (`ownFormats.category`). */
  readonly categories: readonly string[];
  /** QualifiedDateTime each. */
  readonly from?: string;
  readonly until?: string;
  /** When a selector was seen, where that is told. */
  readonly observed: readonly string[];
  readonly selectors: readonly TaskSelector[];
  readonly destinations: readonly TaskDestination[];
  readonly provider?: EndpointId;
}

/** A value and the name of its format: `ETSI` `InternationalE164`, `SIPURI`, `TELURI`, or one of `ownFormats`. */
export interface TaskSelector {
  readonly owner: string;
  readonly format: string;
  readonly value: string;
}

/** TS 103 120 8.3.6.2: where the answer is wanted. */
export interface TaskDestination {
  /** The element that says it: `URL`, `IPv4Address`, ...; undefined where there is no address. */
  readonly kind?: string;
  readonly value?: string;
  /** A value of LDHandoverFormat or HandoverFormat. */
  readonly format?: string;
}
