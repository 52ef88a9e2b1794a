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
import { HeldError, type HeldErrorCode } from './held-error.js';
import {
  DEVICE_IDENTITY_KINDS,
  type DeviceIdentity,
  type DeviceIdentityKind,
  HELD_ID_NS,
  HELD_NS,
  type HeldAnswer,
  type HeldRequest,
  type LocationRequest,
  type LocationType,
} from './messages.js';

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
  return ok({
    type: 'locationRequest',
    ...(responseTime.value === undefined ? {} : { responseTime: responseTime.value }),
    ...types.value,
    device: identities.value,
  });
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
  return ok({
    type: 'locationResponse',
    ...(presence ? { pidfLo: `<?xml version="1.0" encoding="UTF-8"?>\n${serialize(presence)}` } : {}),
    ...(uris.length > 0 ? { locationUris: uris } : {}),
    ...(expires ? { expires } : {}),
    ...(identities?.ok ? { device: identities.value } : {}),
  });
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
