import type { CivicAddress, Shape } from '@esinet/location';
import type { LostErrorCode } from './lost-error.js';

/** RFC 5222 section 15. */
export const LOST_NS = 'urn:ietf:params:xml:ns:lost1';
/** RFC 5222 section 17.2. */
export const LOST_CONTENT_TYPE = 'application/lost+xml';

/** RFC 6197 section 3: service list boundaries. */
export const LOST_SLB_NS = 'urn:ietf:params:xml:ns:lost1:slb';
/** RFC 6451 section 7: how many answers, by service area or by distance. */
export const LOST_EXT_NS = 'urn:ietf:params:xml:ns:lost-ext';

/** RFC 5222 section 12: the two profiles every server understands. */
export const GEODETIC_2D = 'geodetic-2d';
export const CIVIC = 'civic';

/** One `<location>` of a request. Exactly one of `shape`, `civic` and `error` is set. */
export interface LostLocation {
  /** RFC 5222 section 7. */
  readonly id: string;
  /** `geodetic-2d`, `civic`, or what the sender wrote; '' where there was none and the content did not tell. */
  readonly profile: string;
  readonly shape?: Shape;
  readonly civic?: CivicAddress;
  /** Why the content could not be used, without quoting it. */
  readonly error?: string;
  /** The answer RFC 5222 section 13.1 has for `error`. */
  readonly errorCode?: Extract<
    LostErrorCode,
    'locationInvalid' | 'SRSInvalid' | 'locationProfileUnrecognized'
  >;
}

/** RFC 5222 section 8.3. */
export interface FindServiceRequest {
  readonly type: 'findService';
  readonly locations: readonly LostLocation[];
  readonly service: string;
  readonly recursive: boolean;
  readonly validateLocation: boolean;
  readonly serviceBoundary: 'value' | 'reference';
  /** The `source` of each `<via>`, first server first. */
  readonly path: readonly string[];
  /** RFC 6451 section 5.4: service URIs wanted at most. */
  readonly limit?: number;
  /** RFC 6451 section 5.2: `true` (as when absent) by service area, `false` by distance of the point of service. */
  readonly region?: boolean;
}

/** RFC 5222 section 9. */
export interface GetServiceBoundaryRequest {
  readonly type: 'getServiceBoundary';
  readonly key: string;
}

/** RFC 5222 section 10. */
export interface ListServicesRequest {
  readonly type: 'listServices';
  readonly service?: string;
  readonly path: readonly string[];
}

/** RFC 5222 section 11. */
export interface ListServicesByLocationRequest {
  readonly type: 'listServicesByLocation';
  readonly locations: readonly LostLocation[];
  readonly service?: string;
  readonly recursive: boolean;
  readonly path: readonly string[];
  /** RFC 6197 section 3.1: the region in which the list is the same is wanted too, and how. */
  readonly serviceListBoundary?: 'value' | 'reference';
}

/** RFC 6197 section 3.2. */
export interface GetServiceListBoundaryRequest {
  readonly type: 'getServiceListBoundary';
  /** `serviceListKey`. */
  readonly key: string;
}

export type LostRequest =
  | FindServiceRequest
  | GetServiceBoundaryRequest
  | ListServicesRequest
  | ListServicesByLocationRequest
  | GetServiceListBoundaryRequest;

/** RFC 5222 section 5. */
export interface Mapping {
  /** Application unique string of the authority (section 4), a host name. */
  readonly source: string;
  readonly sourceId: string;
  /** UTC dateTime with Z. */
  readonly lastUpdated: string;
  /** dateTime, `NO-CACHE` or `NO-EXPIRATION` (section 5.2). */
  readonly expires: string;
  readonly displayName: readonly { readonly lang: string; readonly text: string }[];
  readonly service: string;
  readonly uris: readonly string[];
  readonly serviceNumber?: string;
  /** Additive shapes of one geodetic boundary (section 5.5). */
  readonly serviceBoundary?: readonly Shape[];
  /** Alternatives of one civic boundary (section 12.3). */
  readonly civicBoundary?: readonly CivicAddress[];
  readonly serviceBoundaryReference?: { readonly source: string; readonly key: string };
  /** RFC 6451 section 5.5: where the point of service is, in one form or several. */
  readonly serviceLocations?: readonly ServiceLocation[];
}

/** RFC 6451 section 5.5. One of the two is set. */
export interface ServiceLocation {
  readonly shape?: Shape;
  readonly civic?: CivicAddress;
}

/** RFC 5222 section 13.2; any error can also come as a warning (section 13). */
export type LostWarningCode =
  'serviceSubstitution' | 'defaultMappingReturned' | 'locationValidationUnavailable' | LostErrorCode;

export interface LostWarning {
  readonly code: LostWarningCode;
  readonly message: string;
  readonly lang?: string;
  /** The server that raised it. */
  readonly source: string;
  readonly unsupportedProfiles?: readonly string[];
}

/**
 * RFC 5222 section 8.4.2: names of civic elements, as `civicKey` of `@esinet/location` gives them: `HNO`, `STP`,
 * `{uri}name`.
 */
export interface LocationValidation {
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
  readonly unchecked: readonly string[];
}

/** RFC 5222 section 8.4. */
export interface FindServiceResponse {
  readonly type: 'findServiceResponse';
  readonly mappings: readonly Mapping[];
  readonly warnings: readonly LostWarning[];
  readonly path: readonly string[];
  readonly locationUsed?: string;
  readonly locationValidation?: LocationValidation;
}

/** RFC 5222 section 9. */
export interface GetServiceBoundaryResponse {
  readonly type: 'getServiceBoundaryResponse';
  readonly serviceBoundary: readonly Shape[];
  readonly civicBoundary?: readonly CivicAddress[];
  readonly warnings: readonly LostWarning[];
  readonly path: readonly string[];
}

/** RFC 5222 section 10. */
export interface ListServicesResponse {
  readonly type: 'listServicesResponse';
  readonly services: readonly string[];
  readonly warnings: readonly LostWarning[];
  readonly path: readonly string[];
}

/** RFC 5222 section 11. */
export interface ListServicesByLocationResponse {
  readonly type: 'listServicesByLocationResponse';
  readonly services: readonly string[];
  readonly warnings: readonly LostWarning[];
  readonly path: readonly string[];
  readonly locationUsed?: string;
  readonly serviceListBoundary?: ServiceListBoundary;
  /** RFC 6197 section 3.1: `key` is the serviceListKey. */
  readonly serviceListBoundaryReference?: { readonly source: string; readonly key: string };
}

/** RFC 6197 section 3.3: where a list of services is the same. */
export interface ServiceListBoundary {
  /** As of a mapping. */
  readonly expires?: string;
  /** Additive. */
  readonly shapes: readonly Shape[];
  /** Alternatives. */
  readonly civics?: readonly CivicAddress[];
}

/** RFC 6197 section 3.2. */
export interface GetServiceListBoundaryResponse {
  readonly type: 'getServiceListBoundaryResponse';
  readonly boundary: ServiceListBoundary;
  readonly path: readonly string[];
}

export interface LostProblem {
  readonly code: LostErrorCode;
  readonly message: string;
  readonly lang?: string;
  /** Only with `locationProfileUnrecognized`. */
  readonly unsupportedProfiles?: readonly string[];
}

/** RFC 5222 section 13.1. `errors` has at least one. */
export interface LostErrors {
  readonly type: 'errors';
  readonly source: string;
  readonly errors: readonly LostProblem[];
}

/** RFC 5222 section 13.3. */
export interface LostRedirect {
  readonly type: 'redirect';
  /** Application unique string of the server to ask next. */
  readonly target: string;
  readonly source: string;
  readonly message: string;
  readonly lang?: string;
}

export type LostAnswer =
  | FindServiceResponse
  | GetServiceBoundaryResponse
  | ListServicesResponse
  | ListServicesByLocationResponse
  | GetServiceListBoundaryResponse
  | LostErrors
  | LostRedirect;

/** Where an ECRF answers on the bus of an ESInet: a LoST document as text for a LoST document. */
export const LOST_QUERY_SUBJECT = 'lost.query';
