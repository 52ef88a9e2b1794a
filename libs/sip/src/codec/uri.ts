import { parseHostPort } from './host.js';
import {
  EQUAL,
  PASSWORD,
  QUESTION,
  SCHEME,
  SEMI,
  URI_HEADERS,
  URI_PARAMETER,
  USER,
  consistsOf,
} from './lexical.js';
import type { Mutable } from './mutable.js';
import { type Params, noParams } from './params.js';

/** A URI of any scheme. `sip` and `sips` are taken apart (RFC 3261 19.1); of others only the scheme, and what `tel` puts after semicolons. */
export interface Uri {
  /** lower case */
  readonly scheme: string;
  /** raw: percent escapes stand as sent */
  readonly user?: string;
  readonly password?: string;
  /** lower case; IPv6 in brackets; '' where the scheme has no host */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  /** what follows `?`, raw */
  readonly headers?: string;
  /** as given */
  readonly text: string;
  /** everything after the scheme's colon, for schemes other than sip and sips */
  readonly opaque?: string;
}

/** Undefined for what is no URI, and for a sip or sips URI that breaks RFC 3261 25.1. */
export function parseUri(text: string): Uri | undefined {
  const colon = text.indexOf(':');
  if (colon < 1 || !isScheme(text, colon)) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  return scheme === 'sip' || scheme === 'sips'
    ? parseSipUri(text, scheme, colon + 1)
    : parseOpaqueUri(text, scheme, colon + 1);
}

function isScheme(text: string, colon: number): boolean {
  const first = text.charCodeAt(0) | 0x20;
  return first >= 0x61 && first <= 0x7a && consistsOf(text.slice(0, colon), SCHEME, false);
}

function parseOpaqueUri(text: string, scheme: string, from: number): Uri | undefined {
  if (from === text.length) return undefined;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // RFC 3986 appendix C: delimiters and blanks that no URI holds
    if (code <= 0x20 || code === 0x22 || code === 0x3c || code === 0x3e || code >= 0x7f) return undefined;
  }
  const opaque = text.slice(from);
  const semi = scheme === 'tel' ? opaque.indexOf(';') : -1;
  const params = semi < 0 ? noParams : uriParams(opaque.slice(semi + 1));
  return params === undefined ? undefined : { scheme, host: '', params, text, opaque };
}

function parseSipUri(text: string, scheme: string, from: number): Uri | undefined {
  const at = text.indexOf('@', from);
  let user: string | undefined;
  let password: string | undefined;
  let rest = from;
  if (at >= 0) {
    const colon = text.indexOf(':', from);
    const userEnd = colon >= 0 && colon < at ? colon : at;
    user = text.slice(from, userEnd);
    if (user.length === 0 || !consistsOf(user, USER, true)) return undefined;
    if (userEnd < at) {
      password = text.slice(userEnd + 1, at);
      if (!consistsOf(password, PASSWORD, true)) return undefined;
    }
    rest = at + 1;
  }
  let hostEnd = rest;
  while (hostEnd < text.length) {
    const code = text.charCodeAt(hostEnd);
    if (code === SEMI || code === QUESTION) break;
    hostEnd++;
  }
  const hostPort = parseHostPort(text.slice(rest, hostEnd));
  if (hostPort === undefined) return undefined;
  const question = text.indexOf('?', hostEnd);
  const paramsEnd = question < 0 ? text.length : question;
  const params = hostEnd < paramsEnd ? uriParams(text.slice(hostEnd + 1, paramsEnd)) : noParams;
  if (params === undefined) return undefined;
  const headers = question < 0 ? undefined : text.slice(question + 1);
  if (headers !== undefined && (headers.length === 0 || !consistsOf(headers, URI_HEADERS, true)))
    return undefined;
  const uri: Mutable<Uri> = { scheme, host: hostPort.host, params, text };
  if (user !== undefined) uri.user = user;
  if (password !== undefined) uri.password = password;
  if (hostPort.port !== undefined) uri.port = hostPort.port;
  if (headers !== undefined) uri.headers = headers;
  return uri;
}

/** uri-parameters without the leading semicolon; RFC 3261 19.1.1: none may come twice, the first counts here. */
function uriParams(text: string): Params | undefined {
  const params = new Map<string, string | undefined>();
  let start = 0;
  while (start <= text.length) {
    let equal = -1;
    let end = start;
    for (; end < text.length && text.charCodeAt(end) !== SEMI; end++)
      if (equal < 0 && text.charCodeAt(end) === EQUAL) equal = end;
    if (equal < 0) equal = end;
    const name = text.slice(start, equal);
    const value = equal < end ? text.slice(equal + 1, end) : undefined;
    if (name.length === 0 || !consistsOf(name, URI_PARAMETER, true)) return undefined;
    if (value !== undefined && !consistsOf(value, URI_PARAMETER, true)) return undefined;
    const key = name.toLowerCase();
    if (!params.has(key)) params.set(key, value);
    start = end + 1;
  }
  return params;
}

/** Parameters that make two URIs differ when only one has them (RFC 3261 19.1.4). */
const TELLING_PARAMETERS = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** RFC 3261 19.1.4 for sip and sips; RFC 8141 3 and RFC 5031 for urn (case-insensitive); octet-equal otherwise. */
export function sameUri(a: string | Uri, b: string | Uri): boolean {
  const left = typeof a === 'string' ? parseUri(a) : a;
  const right = typeof b === 'string' ? parseUri(b) : b;
  if (left === undefined || right === undefined || left.scheme !== right.scheme) return false;
  if (left.opaque !== undefined || right.opaque !== undefined) {
    if (left.scheme === 'urn') return left.opaque?.toLowerCase() === right.opaque?.toLowerCase();
    return left.opaque === right.opaque;
  }
  if (unescape(left.user) !== unescape(right.user) || unescape(left.password) !== unescape(right.password))
    return false;
  if (left.host !== right.host || left.port !== right.port) return false;
  for (const [name, value] of left.params) {
    if (!right.params.has(name)) {
      if (TELLING_PARAMETERS.includes(name)) return false;
    } else if (!sameIgnoringCase(value, right.params.get(name))) return false;
  }
  for (const name of right.params.keys())
    if (!left.params.has(name) && TELLING_PARAMETERS.includes(name)) return false;
  return sameHeaders(left.headers, right.headers);
}

function sameIgnoringCase(a: string | undefined, b: string | undefined): boolean {
  return unescape(a)?.toLowerCase() === unescape(b)?.toLowerCase();
}

function sameHeaders(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const canonical = (text: string): string =>
    text
      .split('&')
      .map((header) => {
        const equal = header.indexOf('=');
        const name = equal < 0 ? header : header.slice(0, equal);
        return `${unescape(name)!.toLowerCase()}=${equal < 0 ? '' : unescape(header.slice(equal + 1))}`;
      })
      .sort()
      .join('&');
  return canonical(a) === canonical(b);
}

/** Percent escapes to characters, octet by octet; comparison only, so the charset does not matter. */
function unescape(text: string | undefined): string | undefined {
  if (text === undefined || !text.includes('%')) return text;
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const octet = text[i] === '%' ? Number.parseInt(text.slice(i + 1, i + 3), 16) : Number.NaN;
    if (Number.isNaN(octet)) result += text[i];
    else {
      result += String.fromCharCode(octet);
      i += 2;
    }
  }
  return result;
}
