/** RFC 5985 section 11.1. */
export const HELD_NS = 'urn:ietf:params:xml:ns:geopriv:held';
/** RFC 6155 section 7.1. */
export const HELD_ID_NS = 'urn:ietf:params:xml:ns:geopriv:held:id';
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
