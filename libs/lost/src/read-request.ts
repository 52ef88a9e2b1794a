import { type Result, err, ok } from '@esinet/kernel';
import { type XmlElement, type XmlLimits, attribute, child, childrenOf, readXml } from '@esinet/xml';
import { LostError } from './lost-error.js';
import {
  type FindServiceRequest,
  type GetServiceBoundaryRequest,
  type GetServiceListBoundaryRequest,
  LOST_EXT_NS,
  LOST_NS,
  LOST_SLB_NS,
  type ListServicesByLocationRequest,
  type ListServicesRequest,
  type LostRequest,
} from './messages.js';
import { readLocations } from './read-location.js';
import { MAX_TOKEN, isAbsoluteUri } from './tokens.js';

/** Servers in a `<path>`. A longer chain is a loop nobody noticed. */
export const MAX_PATH = 32;

/**
 * Reads any request of RFC 5222. What is not a request, or lacks what the schema (section 15) requires, is
 * `badRequest`. A location that cannot be used is no error here: another location of the request may serve.
 */
export function readLostRequest(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<LostRequest, LostError> {
  const document = readXml(bytes, limits);
  if (!document.ok) return bad(`XML: ${document.error.code}`);
  const root = document.value;
  if (root.uri === LOST_SLB_NS && root.local === 'getServiceListBoundary') {
    return readGetServiceListBoundary(root);
  }
  if (root.uri !== LOST_NS) return bad('document element is not in the LoST namespace');
  switch (root.local) {
    case 'findService':
      return readFindService(root);
    case 'getServiceBoundary':
      return readGetServiceBoundary(root);
    case 'listServices':
      return readListServices(root);
    case 'listServicesByLocation':
      return readListServicesByLocation(root);
    default:
      return bad('document element is not a LoST request');
  }
}

function readFindService(root: XmlElement): Result<FindServiceRequest, LostError> {
  const locations = readLocations(root);
  if (!locations.ok) return locations;
  const service = readService(root);
  if (!service.ok) return service;
  if (service.value === undefined) return bad('no service');
  const path = readPath(root);
  if (!path.ok) return path;
  const recursive = readBoolean(root, 'recursive');
  const validateLocation = readBoolean(root, 'validateLocation');
  if (recursive === undefined || validateLocation === undefined) return bad('not an xsd:boolean');
  const serviceBoundary = attribute(root, 'serviceBoundary')?.trim() ?? 'reference';
  if (serviceBoundary !== 'value' && serviceBoundary !== 'reference')
    return bad('unknown kind of serviceBoundary');
  const extensions = readExtensions(root);
  if (!extensions.ok) return extensions;
  return ok({
    type: 'findService',
    locations: locations.value,
    service: service.value,
    recursive,
    validateLocation,
    serviceBoundary,
    path: path.value,
    ...extensions.value,
  });
}

/** RFC 6451 sections 5.2 and 5.4. */
function readExtensions(root: XmlElement): Result<Pick<FindServiceRequest, 'limit' | 'region'>, LostError> {
  const limit = child(root, LOST_EXT_NS, 'limit')?.text.trim();
  // xsd:positiveInteger, which may be longer than any number of ours.
  if (limit !== undefined && !/^\+?0*[1-9][0-9]{0,30}$/.test(limit))
    return bad('limit is not a positive number');
  const region = child(root, LOST_EXT_NS, 'region')?.text;
  const isRegion = region === undefined ? undefined : booleanOf(region);
  if (region !== undefined && isRegion === undefined) return bad('region is not an xsd:boolean');
  return ok({
    ...(limit === undefined ? {} : { limit: Math.min(Number(limit), Number.MAX_SAFE_INTEGER) }),
    ...(isRegion === undefined ? {} : { region: isRegion }),
  });
}

/** RFC 6197 section 3.2. */
function readGetServiceListBoundary(root: XmlElement): Result<GetServiceListBoundaryRequest, LostError> {
  const key = attribute(root, 'serviceListKey')?.trim();
  if (!key || key.length > MAX_TOKEN) return bad('no usable serviceListKey');
  return ok({ type: 'getServiceListBoundary', key });
}

function readGetServiceBoundary(root: XmlElement): Result<GetServiceBoundaryRequest, LostError> {
  const key = attribute(root, 'key')?.trim();
  if (!key || key.length > MAX_TOKEN) return bad('no usable key');
  return ok({ type: 'getServiceBoundary', key });
}

function readListServices(root: XmlElement): Result<ListServicesRequest, LostError> {
  const service = readService(root);
  if (!service.ok) return service;
  const path = readPath(root);
  if (!path.ok) return path;
  return ok({ type: 'listServices', ...(service.value ? { service: service.value } : {}), path: path.value });
}

function readListServicesByLocation(root: XmlElement): Result<ListServicesByLocationRequest, LostError> {
  const locations = readLocations(root);
  if (!locations.ok) return locations;
  const service = readService(root);
  if (!service.ok) return service;
  const path = readPath(root);
  if (!path.ok) return path;
  // The schema's default is true, the text's is false (section 8.3.3): a server must not recurse unasked.
  const recursive = readBoolean(root, 'recursive');
  if (recursive === undefined) return bad('not an xsd:boolean');
  const wanted = child(root, LOST_SLB_NS, 'serviceListBoundaryRequest');
  const type = wanted && (attribute(wanted, 'type')?.trim() ?? 'reference');
  if (type !== undefined && type !== 'value' && type !== 'reference')
    return bad('unknown kind of serviceListBoundary');
  return ok({
    type: 'listServicesByLocation',
    locations: locations.value,
    ...(service.value ? { service: service.value } : {}),
    recursive,
    path: path.value,
    ...(type ? { serviceListBoundary: type } : {}),
  });
}

/** RFC 5222 section 8.3.2. `undefined`: no such element. */
function readService(root: XmlElement): Result<string | undefined, LostError> {
  const elements = childrenOf(root, LOST_NS, 'service');
  const first = elements[0];
  if (!first) return ok(undefined);
  if (elements.length > 1) return bad('more than one service');
  const service = first.text.trim();
  return isAbsoluteUri(service) ? ok(service) : bad('service is not a URI');
}

/** RFC 5222 section 6: the sources in the order of the visits. */
function readPath(root: XmlElement): Result<string[], LostError> {
  const path = child(root, LOST_NS, 'path');
  if (!path) return ok([]);
  const vias = childrenOf(path, LOST_NS, 'via');
  if (vias.length > MAX_PATH) return err(new LostError('loop', 'path too long'));
  const sources: string[] = [];
  for (const via of vias) {
    const source = attribute(via, 'source')?.trim();
    if (!source || source.length > MAX_TOKEN) return bad('via without a usable source');
    sources.push(source);
  }
  return ok(sources);
}

/** xsd:boolean; absent is false, `undefined` is neither. */
function readBoolean(root: XmlElement, name: string): boolean | undefined {
  const text = attribute(root, name);
  return text === undefined ? false : booleanOf(text);
}

function booleanOf(text: string): boolean | undefined {
  switch (text.trim()) {
    case 'false':
    case '0':
      return false;
    case 'true':
    case '1':
      return true;
    default:
      return undefined;
  }
}

function bad(message: string): { readonly ok: false; readonly error: LostError } {
  return err(new LostError('badRequest', message));
}
