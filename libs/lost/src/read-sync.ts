import { type Result, err, ok } from '@esinet/kernel';
import { type XmlElement, type XmlLimits, attribute, child, childrenOf, readXml } from '@esinet/xml';
import { LostError } from './lost-error.js';
import { LOST_NS, type Mapping } from './messages.js';
import { readErrorsAnswer } from './read-answer.js';
import { readMapping } from './read-mapping.js';
import { isAbsoluteUri, MAX_TOKEN } from './tokens.js';
import {
  LOSTSYNC_NS,
  type MappingFingerprint,
  type SyncAnswer,
  type SyncErrors,
  type SyncRequest,
  isDeletion,
} from './sync-messages.js';

/** RFC 5222 section 15, the pattern of an application unique string. */
const SOURCE = /^([A-Za-z0-9-]{1,63}\.){1,31}[A-Za-z0-9]{1,63}$/;
/** URIs of one mapping; RFC 5222 section 5.8 has one for each scheme. */
const MAX_URIS = 32;

/**
 * Reads a request of RFC 6739. Strict, since what is taken from it is kept: a mapping that says less than it has to, or a
 * boundary that cannot be read, makes it `badRequest` as a whole.
 */
export function readSyncRequest(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<SyncRequest, LostError> {
  const root = rootOf(bytes, limits);
  if (!root.ok) return root;
  if (root.value.uri !== LOSTSYNC_NS) return bad('document element is not in the LoST-Sync namespace');
  switch (root.value.local) {
    case 'getMappingsRequest':
      return readGetMappings(root.value);
    case 'pushMappings':
    // So the text of RFC 6739 calls it, against its schema.
    case 'pushMappingsRequest': {
      const mappings = readMappings(root.value);
      if (!mappings.ok) return mappings;
      return mappings.value.length === 0
        ? bad('no mapping')
        : ok({ type: 'pushMappings', mappings: mappings.value });
    }
    default:
      return bad('document element is not a LoST-Sync request');
  }
}

/** Reads an answer of RFC 6739. What is none is `serverError`. */
export function readSyncAnswer(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<SyncAnswer, LostError> {
  const root = rootOf(bytes, limits);
  if (!root.ok) return err(new LostError('serverError', root.error.message));
  const { uri, local } = root.value;
  if (uri === LOST_NS && local === 'errors') return ok(readSyncErrors(root.value));
  if (uri === LOSTSYNC_NS && local === 'pushMappingsResponse') return ok({ type: 'pushMappingsResponse' });
  if (uri !== LOSTSYNC_NS || local !== 'getMappingsResponse') {
    return err(new LostError('serverError', 'document element is not a LoST-Sync answer'));
  }
  const mappings = readMappings(root.value);
  return mappings.ok
    ? ok({ type: 'getMappingsResponse', mappings: mappings.value })
    : err(new LostError('serverError', mappings.error.message));
}

function rootOf(
  bytes: Uint8Array | string,
  limits: Partial<XmlLimits> | undefined,
): Result<XmlElement, LostError> {
  const document = readXml(bytes, limits);
  return document.ok ? document : bad(`XML: ${document.error.code}`);
}

function readGetMappings(root: XmlElement): Result<SyncRequest, LostError> {
  const exists: MappingFingerprint[] = [];
  for (const list of childrenOf(root, LOSTSYNC_NS, 'exists')) {
    for (const e of childrenOf(list, LOSTSYNC_NS, 'mapping-fingerprint')) {
      const fingerprint = readFingerprint(e);
      if (!fingerprint.ok) return fingerprint;
      exists.push(fingerprint.value);
    }
  }
  return ok({ type: 'getMappingsRequest', exists });
}

function readFingerprint(e: XmlElement): Result<MappingFingerprint, LostError> {
  const source = attribute(e, 'source')?.trim() ?? '';
  const sourceId = attribute(e, 'sourceId')?.trim() ?? '';
  const lastUpdated = attribute(e, 'lastUpdated')?.trim() ?? '';
  if (source.length > MAX_TOKEN || !SOURCE.test(source)) return bad('source is not the name of a server');
  if (sourceId === '' || sourceId.length > MAX_TOKEN) return bad('no usable sourceId');
  if (!isDateTime(lastUpdated)) return bad('lastUpdated is not a time');
  return ok({ source, sourceId, lastUpdated });
}

function readMappings(root: XmlElement): Result<Mapping[], LostError> {
  const mappings: Mapping[] = [];
  for (const e of childrenOf(root, LOST_NS, 'mapping')) {
    const mapping = readSyncMapping(e);
    if (!mapping.ok) return mapping;
    mappings.push(mapping.value);
  }
  return ok(mappings);
}

function readSyncMapping(e: XmlElement): Result<Mapping, LostError> {
  const fingerprint = readFingerprint(e);
  if (!fingerprint.ok) return fingerprint;
  const expires = attribute(e, 'expires')?.trim() ?? '';
  if (expires !== 'NO-CACHE' && expires !== 'NO-EXPIRATION' && !isDateTime(expires)) {
    return bad('expires is not a time');
  }
  const mapping = readMapping(e);
  const hasBoundary = mapping.serviceBoundary !== undefined || mapping.civicBoundary !== undefined;
  // An unreadable boundary must not look like none, which would delete the mapping.
  if (child(e, LOST_NS, 'serviceBoundary') && !hasBoundary) return bad('a boundary cannot be read');
  if (mapping.serviceBoundaryReference && !hasBoundary) return bad('a boundary has to come by value');
  if (!isDeletion(mapping) && !isAbsoluteUri(mapping.service)) return bad('service is not a URI');
  if (mapping.uris.length > MAX_URIS || !mapping.uris.every(isAbsoluteUri)) return bad('a uri is not one');
  return ok(mapping);
}

function readSyncErrors(root: XmlElement): SyncErrors {
  const { source, errors } = readErrorsAnswer(root);
  const e = child(root, LOSTSYNC_NS, 'notDeleted');
  if (!e) return { type: 'errors', source, errors };
  const mappings = readMappings(e);
  // An `<errors>` that has only this in it has no error of LoST.
  const known = root.children.some((c) => c.uri === LOST_NS) ? errors : [];
  return {
    type: 'errors',
    source,
    errors: known,
    notDeleted: { message: attribute(e, 'message') ?? '', mappings: mappings.ok ? mappings.value : [] },
  };
}

/** xsd:dateTime with a time zone, which RFC 5222 sections 5.1 and 5.2 want. */
function isDateTime(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

function bad(message: string): { readonly ok: false; readonly error: LostError } {
  return err(new LostError('badRequest', message));
}
