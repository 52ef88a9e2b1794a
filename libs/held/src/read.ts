import { type Result, err, ok } from '@esinet/kernel';
import { PIDF_NS } from '@esinet/location';
import {
  type XmlElement,
  type XmlLimits,
  attribute,
  child,
  childrenOf,
  readXml,
  serialize,
} from '@esinet/xml';
import { readDevice } from './device-identity.js';
import { readFlow } from './flow-identity.js';
import { HeldError, type HeldErrorCode } from './held-error.js';
import {
  DEVICE_IDENTITY_KINDS,
  type DeviceIdentity,
  type DeviceIdentityKind,
  HELD_FLOW_NS,
  HELD_ID_NS,
  HELD_NS,
  HELD_POLICY_NS,
  HELD_ROUTING_NS,
  type HeldAnswer,
  type HeldRequest,
  type LocationRequest,
  type LocationType,
  type RoutingInformation,
} from './messages.js';
import { readReferenceWishes } from './reference-wishes.js';

/** RFC 7840 section 4: asked for where the request names no service. */
const DEFAULT_SERVICE = 'urn:service:sos';
/** Characters of a service URN, and of a destination. */
const MAX_SERVICE = 256;
const MAX_DESTINATIONS = 32;

/** A day: longer than any one waits, short enough for a number to be a number. */
const MAX_RESPONSE_TIME_MS = 86_400_000;

/**
 * Reads a request. What is not XML, or not valid, is `xmlError`; another document element is `unsupportedMessage`;
 * parts that are not understood are ignored (RFC 5985 section 5.1).
 */
export function readHeldRequest(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<HeldRequest, HeldError> {
  const document = readXml(bytes, limits);
  if (!document.ok) return bad('xmlError', `XML: ${document.error.code}`);
  const root = document.value;
  if (root.uri !== HELD_NS || root.local !== 'locationRequest') {
    return bad('unsupportedMessage', 'document element is not a HELD locationRequest');
  }
  const responseTime = readResponseTime(attribute(root, 'responseTime')?.trim());
  if (!responseTime.ok) return responseTime;
  const types = readLocationTypes(root);
  if (!types.ok) return types;
  const devices = childrenOf(root, HELD_ID_NS, 'device');
  if (devices.length > 1) return bad('badIdentifier', 'more than one device');
  const identities: Result<DeviceIdentity[], HeldError> = devices[0] ? readDevice(devices[0]) : ok([]);
  if (!identities.ok) return identities;
  const flows = childrenOf(root, HELD_FLOW_NS, 'flow');
  if (flows.length > 1) return bad('badIdentifier', 'more than one flow');
  const flow = flows[0] ? readFlow(flows[0]) : ok(undefined);
  if (!flow.ok) return flow;
  const reference = readReferenceWishes(root);
  const routing = readRoutingRequest(root);
  return ok({
    type: 'locationRequest',
    ...(responseTime.value === undefined ? {} : { responseTime: responseTime.value }),
    ...types.value,
    device: identities.value,
    ...(flow.value ? { flow: flow.value } : {}),
    ...(child(root, HELD_POLICY_NS, 'requestPolicyUri') ? { policyUri: true as const } : {}),
    ...(routing === undefined ? {} : { routing }),
    ...(reference ? { reference } : {}),
  });
}

/** RFC 7840 section 4: a service that is none of the registry is answered as `urn:service:sos`. */
function readRoutingRequest(root: XmlElement): string | undefined {
  const element = child(root, HELD_ROUTING_NS, 'requestRoutingInformation');
  if (!element) return undefined;
  const service = attribute(element, 'service')?.trim().toLowerCase() ?? DEFAULT_SERVICE;
  const named = service.length <= MAX_SERVICE && /^urn:service:[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(service);
  return named ? service : DEFAULT_SERVICE;
}

/** RFC 5985 section 6.1. */
function readResponseTime(text: string | undefined): Result<LocationRequest['responseTime'], HeldError> {
  if (text === undefined || text === 'emergencyRouting' || text === 'emergencyDispatch') return ok(text);
  if (!/^\d{1,12}$/.test(text)) return bad('xmlError', 'responseTime is neither milliseconds nor a purpose');
  return ok(Math.min(Number(text), MAX_RESPONSE_TIME_MS));
}

/** RFC 5985 sections 6.2 and 6.2.1. */
function readLocationTypes(
  root: XmlElement,
): Result<{ locationTypes: readonly LocationType[]; exact: boolean }, HeldError> {
  const element = child(root, HELD_NS, 'locationType');
  if (!element) return ok({ locationTypes: ['any'], exact: false });
  const exactText = attribute(element, 'exact')?.trim() ?? 'false';
  if (!['true', 'false', '1', '0'].includes(exactText)) return bad('xmlError', 'exact is not an xsd:boolean');
  const types: LocationType[] = [];
  for (const token of element.text.split(/\s+/)) {
    if (token === '') continue;
    if (token !== 'any' && token !== 'civic' && token !== 'geodetic' && token !== 'locationURI') {
      return bad('xmlError', 'unknown locationType');
    }
    if (!types.includes(token)) types.push(token);
  }
  if (types.length === 0) return bad('xmlError', 'empty locationType');
  if (types.includes('any')) return ok({ locationTypes: ['any'], exact: false });
  return ok({ locationTypes: types, exact: exactText === 'true' || exactText === '1' });
}

/** Reads an answer, a HELD error included. Not HELD at all is `generalLisError`. */
export function readHeldAnswer(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<HeldAnswer, HeldError> {
  const document = readXml(bytes, limits);
  if (!document.ok) return bad('xmlError', `XML: ${document.error.code}`);
  return heldAnswerOf(document.value);
}

/** As `readHeldAnswer`, of a document that is read already. */
export function heldAnswerOf(root: XmlElement): Result<HeldAnswer, HeldError> {
  if (root.uri !== HELD_NS) return bad('generalLisError', 'document element is not in the HELD namespace');
  if (root.local === 'error') return ok(readError(root));
  if (root.local !== 'locationResponse')
    return bad('generalLisError', 'document element is not a HELD answer');
  const presence = child(root, PIDF_NS, 'presence');
  const set = child(root, HELD_NS, 'locationUriSet');
  // RFC 5985 section 10.2 itself shows white space around the URIs.
  const uris = set
    ? childrenOf(set, HELD_NS, 'locationURI')
        .map((e) => e.text.trim())
        .filter((u) => u !== '')
    : [];
  if (!presence && uris.length === 0) return bad('generalLisError', 'answer without a location');
  const expires = set && attribute(set, 'expires')?.trim();
  const device = child(root, HELD_ID_NS, 'device');
  const identities = device && readDevice(device);
  const policyUri = child(root, HELD_POLICY_NS, 'policyUri')?.text.trim() ?? '';
  const routing = readRouting(root);
  return ok({
    type: 'locationResponse',
    ...(presence ? { pidfLo: `<?xml version="1.0" encoding="UTF-8"?>\n${serialize(presence)}` } : {}),
    ...(uris.length > 0 ? { locationUris: uris } : {}),
    ...(expires ? { expires } : {}),
    ...(identities?.ok ? { device: identities.value } : {}),
    // RFC 7199 section 4.2: one of another scheme is as if there were none.
    ...(/^https?:\S+$/i.test(policyUri) && uris.length > 0 ? { policyUri } : {}),
    ...(routing ? { routing } : {}),
  });
}

/** RFC 7840 section 6. Without a service or a destination it is none. */
function readRouting(root: XmlElement): RoutingInformation | undefined {
  const information = child(root, HELD_ROUTING_NS, 'routingInformation');
  const element = information && child(information, HELD_ROUTING_NS, 'service');
  const service = element && attribute(element, 'serviceUri')?.trim();
  if (!element || !service) return undefined;
  const destinations = childrenOf(element, HELD_ROUTING_NS, 'dest')
    .slice(0, MAX_DESTINATIONS)
    .map((dest) => dest.text.trim())
    .filter((uri) => uri !== '');
  if (destinations.length === 0) return undefined;
  const isDefault = attribute(element, 'defaultRoute')?.trim();
  return { service, destinations, defaultRoute: isDefault === 'true' || isDefault === '1' };
}

function readError(root: XmlElement): HeldAnswer {
  const names = child(root, HELD_ID_NS, 'requiredIdentifiers')?.text.split(/\s+/) ?? [];
  const required = DEVICE_IDENTITY_KINDS.filter((kind) =>
    names.some((name) => name.slice(name.indexOf(':') + 1) === kind),
  ) satisfies DeviceIdentityKind[];
  return {
    type: 'error',
    code: attribute(root, 'code')?.trim() || 'generalLisError',
    message: child(root, HELD_NS, 'message')?.text.trim() ?? attribute(root, 'message') ?? '',
    ...(required.length > 0 ? { requiredIdentifiers: required } : {}),
  };
}

function bad(code: HeldErrorCode, message: string): { readonly ok: false; readonly error: HeldError } {
  return err(new HeldError(code, message));
}
