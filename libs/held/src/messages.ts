/** RFC 5985 section 11.1. */
export const HELD_NS = 'urn:ietf:params:xml:ns:geopriv:held';
/** RFC 6155 section 7.1. */
export const HELD_ID_NS = 'urn:ietf:params:xml:ns:geopriv:held:id';
/** RFC 6915 section 4. */
export const HELD_FLOW_NS = 'urn:ietf:params:xml:ns:geopriv:held:flow';
/** RFC 7199 section 4.1. */
export const HELD_POLICY_NS = 'urn:ietf:params:xml:ns:geopriv:held:policy';
/** RFC 7840 section 6. */
export const HELD_ROUTING_NS = 'urn:ietf:params:xml:ns:geopriv:held:ri';
/**
 * Ours: what a requester wants of a location URI. RFC 5985 section 5.1 has a LIS that does not know it pass it over.
 * `<reference xmlns="…" expires="3600" uses="3" snapshot="true"/>`
 */
export const HELD_REFERENCE_NS = 'urn:x-esinet:held:reference';
/** RFC 5985 section 11.3; section 5 wants the charset written out. */
export const HELD_CONTENT_TYPE = 'application/held+xml';

/** RFC 5985 section 6.2. */
export type LocationType = 'any' | 'civic' | 'geodetic' | 'locationURI';

/** RFC 6155 section 3. */
export const DEVICE_IDENTITY_KINDS = [
  'ip',
  'mac',
  'udpport',
  'tcpport',
  'sctpport',
  'dccpport',
  'nai',
  'uri',
  'fqdn',
  'duid',
  'msisdn',
  'imsi',
  'imei',
  'min',
  'mdn',
] as const;

export type DeviceIdentityKind = (typeof DEVICE_IDENTITY_KINDS)[number];

export interface DeviceIdentity {
  /** `other`: an identifier from elsewhere; `value` is then its local name. */
  readonly kind: DeviceIdentityKind | 'other';
  readonly value: string;
  /** With `ip`: `4` or `6`. */
  readonly version?: string;
}

/** RFC 6915 section 3: a device by packets that it sends or receives. The target's end alone. */
export interface FlowIdentity {
  readonly address: string;
  readonly port: number;
  /** Number of the transport protocol where it is another. */
  readonly transport: 'udp' | 'tcp' | 'sctp' | 'dccp' | number;
}

/** What a requester wants of a location URI; the LIS decides within its limits. */
export interface ReferenceWishes {
  /** Milliseconds. */
  readonly expires?: number;
  /** Dereferences until it is used up. */
  readonly uses?: number;
  /** True: the place as it is now; false: the place at the time of each dereference. */
  readonly snapshot?: boolean;
}

/** RFC 5985 section 5.1. */
export interface LocationRequest {
  readonly type: 'locationRequest';
  /** Milliseconds or a purpose (section 6.1). */
  readonly responseTime?: number | 'emergencyRouting' | 'emergencyDispatch';
  /** In the order of preference; `['any']` where the request names none. */
  readonly locationTypes: readonly LocationType[];
  readonly exact: boolean;
  /** Empty: the source address of the request is the identity. */
  readonly device: readonly DeviceIdentity[];
  readonly flow?: FlowIdentity;
  /** RFC 7199 section 4.1. */
  readonly policyUri?: true;
  /** RFC 7840 section 4: the service URN whose destinations are wanted. */
  readonly routing?: string;
  readonly reference?: ReferenceWishes;
}

export type HeldRequest = LocationRequest;

/** RFC 5985 section 5.2. At least one of `pidfLo` and `locationUris` is there. */
export interface LocationResponse {
  readonly type: 'locationResponse';
  /** The presence document with its namespaces. */
  readonly pidfLo?: string;
  readonly locationUris?: readonly string[];
  /** UTC dateTime with Z, with `locationUris` only (section 6.5.2). */
  readonly expires?: string;
  /** RFC 6155 section 2.2: what the location was found by. */
  readonly device?: readonly DeviceIdentity[];
  /** RFC 7199 section 4.1: http or https, with `locationUris` only. */
  readonly policyUri?: string;
  readonly routing?: RoutingInformation;
}

/** RFC 7840 section 4. Not to be kept by whoever gets it. */
export interface RoutingInformation {
  readonly service: string;
  /** At least one, each scheme once. */
  readonly destinations: readonly string[];
  /** These are for any place: ask LoST before they are used (section 5). */
  readonly defaultRoute: boolean;
}

/** RFC 5985 section 5.3. */
export interface HeldErrorAnswer {
  readonly type: 'error';
  /** One of `HELD_ERROR_CODES`, or what a later specification registered. */
  readonly code: string;
  readonly message: string;
  /** RFC 6155 section 2.2: what the LIS wants to know a device by. */
  readonly requiredIdentifiers?: readonly DeviceIdentityKind[];
}

export type HeldAnswer = LocationResponse | HeldErrorAnswer;

/** Where a LIS answers on the bus of an ESInet: `HeldBusQuestion` for a HELD document as text. */
export const HELD_QUERY_SUBJECT = 'held.query';

/** A location URI is dereferenced (RFC 6753) over the bus: no other question is answered there. */
export interface HeldBusQuestion {
  readonly uri: string;
  /** A locationRequest; without it what a GET stands for. */
  readonly document?: string;
}
