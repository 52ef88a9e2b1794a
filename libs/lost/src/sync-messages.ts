import type { LostErrors, Mapping } from './messages.js';

/** RFC 6739 section 10.3. */
export const LOSTSYNC_NS = 'urn:ietf:params:xml:ns:lostsync1';
/** RFC 6739 section 10.1. */
export const LOSTSYNC_CONTENT_TYPE = 'application/lostsync+xml';

/** RFC 6739 section 4.1: a mapping the asker has (RFC 5222 section 5.1). */
export interface MappingFingerprint {
  readonly source: string;
  readonly sourceId: string;
  readonly lastUpdated: string;
}

/** RFC 6739 section 4. Without `exists` all mappings are asked for. */
export interface GetMappingsRequest {
  readonly type: 'getMappingsRequest';
  readonly exists: readonly MappingFingerprint[];
}

/** RFC 6739 section 5. One that `isDeletion` has to be deleted. */
export interface PushMappings {
  readonly type: 'pushMappings';
  readonly mappings: readonly Mapping[];
}

export interface GetMappingsResponse {
  readonly type: 'getMappingsResponse';
  readonly mappings: readonly Mapping[];
}

export interface PushMappingsResponse {
  readonly type: 'pushMappingsResponse';
}

/** RFC 6739 section 5.2. `errors` may be empty where `notDeleted` says all there is to say. */
export interface SyncErrors {
  readonly type: 'errors';
  readonly source: string;
  readonly errors: LostErrors['errors'];
  /** Mappings that could not be deleted, as there are none such. */
  readonly notDeleted?: { readonly message: string; readonly mappings: readonly Mapping[] };
}

export type SyncRequest = GetMappingsRequest | PushMappings;
export type SyncAnswer = GetMappingsResponse | PushMappingsResponse | SyncErrors;

/** RFC 6739 section 5.1: a mapping without content; without a boundary it could be of no use either. */
export function isDeletion(mapping: Mapping): boolean {
  return !mapping.serviceBoundary && !mapping.civicBoundary && !mapping.serviceBoundaryReference;
}

/** The mapping that deletes another. */
export function deletionOf({ source, sourceId }: MappingFingerprint, lastUpdated: string): Mapping {
  return {
    source,
    sourceId,
    lastUpdated,
    // Wanted by the schema, ignored by the receiver (RFC 6739 section 5.1).
    expires: lastUpdated,
    displayName: [],
    service: '',
    uris: [],
  };
}
