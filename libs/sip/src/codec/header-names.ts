import { LOWER } from './lexical.js';

/**
 * Header fields known by number, so that finding one in a message compares numbers and not names.
 * RFC 3261 20 and the extensions this suite meets; a name that is not here is found by its octets.
 */
const CANONICAL = [
  'Via', 'From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Route', 'Record-Route', 'Contact', 'Content-Length',
  'Content-Type', 'Call-Info', 'Geolocation', 'Geolocation-Routing', 'Geolocation-Error', 'Resource-Priority',
  'Accept-Resource-Priority', 'Reply-To', 'P-Asserted-Identity', 'P-Preferred-Identity', 'History-Info', 'Accept',
  'Accept-Encoding', 'Accept-Language', 'Alert-Info', 'Allow', 'Authentication-Info', 'Authorization',
  'Content-Disposition', 'Content-Encoding', 'Content-Language', 'Content-ID', 'Date', 'Error-Info', 'Expires',
  'In-Reply-To', 'MIME-Version', 'Min-Expires', 'Organization', 'Priority', 'Proxy-Authenticate',
  'Proxy-Authorization', 'Proxy-Require', 'Require', 'Retry-After', 'Server', 'Subject', 'Supported', 'Timestamp',
  'Unsupported', 'User-Agent', 'Warning', 'WWW-Authenticate', 'Event', 'Allow-Events', 'Subscription-State',
  'Refer-To', 'Referred-By', 'Path', 'Service-Route', 'Flow-Timer', 'Privacy', 'Reason', 'Identity', 'RSeq', 'RAck',
  'Session-Expires', 'Min-SE', 'Replaces', 'SIP-ETag', 'SIP-If-Match', 'Security-Client', 'Security-Server',
  'Security-Verify', 'P-Access-Network-Info', 'P-Charging-Vector',
  'P-Charging-Function-Addresses', 'P-Associated-URI', 'P-Called-Party-ID', 'P-Profile-Key', 'P-Served-User',
  'P-User-Database', 'P-Visited-Network-ID', 'Accept-Contact', 'Reject-Contact',
  'Request-Disposition', 'Feature-Caps', 'Max-Breadth', 'Target-Dialog', 'Join', 'Answer-Mode', 'User-to-User',
] as const; // prettier-ignore

/** RFC 3261 7.3.3 and the registry of compact forms. */
const COMPACT: Readonly<Record<string, (typeof CANONICAL)[number]>> = {
  a: 'Accept-Contact', b: 'Referred-By', c: 'Content-Type', d: 'Request-Disposition', e: 'Content-Encoding',
  f: 'From', i: 'Call-ID', j: 'Reject-Contact', k: 'Supported', l: 'Content-Length', m: 'Contact', o: 'Event',
  r: 'Refer-To', s: 'Subject', t: 'To', u: 'Allow-Events', v: 'Via', x: 'Session-Expires', y: 'Identity',
}; // prettier-ignore

/** 0 stands for a name that has no number. */
export type HeaderId = number;
export const UNKNOWN_HEADER: HeaderId = 0;

const ids = new Map<string, HeaderId>();
const compactIds = new Uint8Array(256);
const buckets: { readonly id: HeaderId; readonly name: Uint8Array }[][] = Array.from(
  { length: 2048 },
  () => [],
);

CANONICAL.forEach((name, i) => {
  const lower = name.toLowerCase();
  ids.set(name, i + 1).set(lower, i + 1);
  buckets[(lower.length << 5) | (lower.charCodeAt(0) & 31)]!.push({
    id: i + 1,
    name: Buffer.from(lower, 'latin1'),
  });
});
for (const [form, name] of Object.entries(COMPACT)) {
  const id = ids.get(name)!;
  ids.set(form, id).set(form.toUpperCase(), id);
  compactIds[form.charCodeAt(0)] = id;
  compactIds[form.toUpperCase().charCodeAt(0)] = id;
}

/** Spellings asked for that are remembered beside the registered ones: as many as code and configuration may use. */
const maxSpellings = 2_000;

/** Number of a header name in long or compact form, any case; 0 where it has none. */
export function headerId(name: string): HeaderId {
  const known = ids.get(name);
  if (known !== undefined) return known;
  const id = ids.get(name.toLowerCase()) ?? UNKNOWN_HEADER;
  if (ids.size < maxSpellings && name.length < 64) ids.set(name, id);
  return id;
}

/** As `headerId`, for the name at `bytes[start, end)`. */
export function headerIdAt(bytes: Uint8Array, start: number, end: number): HeaderId {
  const length = end - start;
  if (length === 1) return compactIds[bytes[start]!]!;
  if (length > 63) return UNKNOWN_HEADER;
  const bucket = buckets[(length << 5) | (bytes[start]! & 31)]!;
  next: for (let b = 0; b < bucket.length; b++) {
    const { id, name } = bucket[b]!;
    for (let i = 0; i < length; i++) if (LOWER[bytes[start + i]!] !== name[i]) continue next;
    return id;
  }
  return UNKNOWN_HEADER;
}

/** The long form in its usual spelling, or the name as given. */
export function canonicalHeaderName(name: string): string {
  const id = headerId(name);
  return id === UNKNOWN_HEADER ? name : CANONICAL[id - 1]!;
}

export const VIA = headerId('Via');
export const FROM = headerId('From');
export const TO = headerId('To');
export const CALL_ID = headerId('Call-ID');
export const CSEQ = headerId('CSeq');
export const MAX_FORWARDS = headerId('Max-Forwards');
export const CONTENT_LENGTH = headerId('Content-Length');
export const CONTENT_TYPE = headerId('Content-Type');
