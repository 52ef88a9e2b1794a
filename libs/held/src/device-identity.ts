import { isIPv4, isIPv6 } from 'node:net';
import { type Result, err, ok } from '@esinet/kernel';
import { type XmlElement, attribute } from '@esinet/xml';
import { HeldError } from './held-error.js';
import {
  DEVICE_IDENTITY_KINDS,
  type DeviceIdentity,
  type DeviceIdentityKind,
  HELD_ID_NS,
} from './messages.js';

/** Identifiers of one device in one request. */
const MAX_IDENTITIES = 16;
/** Characters of an identifier. */
const MAX_IDENTIFIER = 512;

const KINDS: ReadonlySet<string> = new Set(DEVICE_IDENTITY_KINDS);

/** RFC 6155 section 3, with the forms its schema gives. */
const FORMS: Readonly<Record<Exclude<DeviceIdentityKind, 'ip'>, (value: string) => boolean>> = {
  mac: (v) => /^[\dA-Fa-f]{2}(-[\dA-Fa-f]{2}){5}(-[\dA-Fa-f]{2}-[\dA-Fa-f]{2})?$/.test(v),
  udpport: isPort,
  tcpport: isPort,
  sctpport: isPort,
  dccpport: isPort,
  nai: (v) => v !== '',
  uri: (v) => /^[A-Za-z][A-Za-z0-9+.-]{0,63}:\S+$/.test(v),
  fqdn: (v) => v !== '' && !/\s/.test(v),
  duid: (v) => v.length % 2 === 0 && /^[\dA-Fa-f]+$/.test(v),
  msisdn: (v) => /^\d{6,15}$/.test(v),
  imsi: (v) => /^\d{6,15}$/.test(v),
  imei: (v) => /^\d{1,15}$/.test(v),
  min: (v) => /^\d{10}$/.test(v),
  mdn: (v) => /^\d{6,15}$/.test(v),
};

/** Reads a `<device>`. A badly formed identifier is `badIdentifier` (RFC 6155 section 2.2). */
export function readDevice(device: XmlElement): Result<DeviceIdentity[], HeldError> {
  if (device.children.length > MAX_IDENTITIES) return bad('too many identifiers');
  const identities: DeviceIdentity[] = [];
  for (const e of device.children) {
    if (e.uri !== HELD_ID_NS || !KINDS.has(e.local)) {
      identities.push({ kind: 'other', value: e.local.slice(0, MAX_IDENTIFIER) });
      continue;
    }
    const kind = e.local as DeviceIdentityKind;
    const value = e.text.trim();
    if (value.length > MAX_IDENTIFIER) return bad('identifier too long');
    if (kind === 'ip') {
      const version = attribute(e, 'v')?.trim() ?? (isIPv6(value) ? '6' : '4');
      if (version === '4' ? !isIPv4(value) : version !== '6' || !isIPv6(value))
        return bad('not an IP address');
      identities.push({ kind, value, version });
    } else {
      if (!FORMS[kind](value)) return bad(`badly formed ${kind}`);
      identities.push({ kind, value });
    }
  }
  return ok(identities);
}

/**
 * One spelling for each identifier, so that they can be compared: `ip:192.0.2.5`, `mac:a0-12-34-56-78-90`,
 * `uri:sip:user@example.net`. Undefined for what is not among the kinds of RFC 6155.
 */
export function identityKey(identity: DeviceIdentity): string | undefined {
  const { kind, value } = identity;
  switch (kind) {
    case 'other':
      return undefined;
    case 'ip':
      return `ip:${canonicalAddress(value)}`;
    case 'mac':
      return `mac:${value.toLowerCase().replaceAll(':', '-')}`;
    case 'fqdn':
    case 'duid':
      return `${kind}:${value.toLowerCase()}`;
    case 'uri':
      return `uri:${canonicalUri(value)}`;
    default:
      return `${kind}:${value}`;
  }
}

/** An IPv4 address, also where it comes mapped into IPv6 (RFC 4291 2.5.5.2), or an IPv6 address by RFC 5952. */
export function canonicalAddress(address: string): string {
  const text = address.split('%', 1)[0] ?? '';
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return address;
  const compressed = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(compressed);
  if (!mapped) return compressed;
  const high = parseInt(mapped[1] ?? '0', 16);
  const low = parseInt(mapped[2] ?? '0', 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Scheme and host compare without case, the user part with it (RFC 3261 section 19.1.4). */
function canonicalUri(uri: string): string {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, colon).toLowerCase();
  const rest = uri.slice(colon + 1);
  const at = rest.lastIndexOf('@');
  return at < 0 ? `${scheme}:${rest}` : `${scheme}:${rest.slice(0, at)}@${rest.slice(at + 1).toLowerCase()}`;
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535;
}

function bad(message: string): { readonly ok: false; readonly error: HeldError } {
  return err(new HeldError('badIdentifier', message));
}
