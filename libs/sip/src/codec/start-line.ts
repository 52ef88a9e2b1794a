import type { HeaderIndex, HeaderProblem } from './header-index.js';
import { SP, TAB, TOKEN } from './lexical.js';
import type { SipLimits } from './limits.js';

/** Offsets of the elements of a start line (RFC 3261 7.1, 7.2). */
export interface StartLine {
  readonly isRequest: boolean;
  /** request: end of the method; response: unused */
  readonly methodEnd: number;
  readonly uriStart: number;
  readonly uriEnd: number;
  readonly versionStart: number;
  readonly versionEnd: number;
  /** response: 100..699; request: 0 */
  readonly status: number;
  readonly reasonStart: number;
  readonly problem: HeaderProblem | undefined;
}

const S = 0x53;
const I = 0x49;
const P = 0x50;

/** Undefined where the line is neither a request's nor a response's: not SIP at all. */
export function parseStartLine(
  bytes: Uint8Array,
  index: HeaderIndex,
  limits: SipLimits,
): StartLine | undefined {
  const start = index.startLineStart;
  const end = index.startLineEnd;
  let at = start;
  while (at < end && TOKEN[bytes[at]!] === 1) at++;
  if (at === start || at === end) return undefined;
  return isSipSlash(bytes, start, end) ? statusLine(bytes, start, end) : requestLine(bytes, at, end, limits);
}

function requestLine(
  bytes: Uint8Array,
  methodEnd: number,
  end: number,
  limits: SipLimits,
): StartLine | undefined {
  if (bytes[methodEnd] !== SP && bytes[methodEnd] !== TAB) return undefined;
  let stop = end;
  while (stop > methodEnd && isSpace(bytes[stop - 1]!)) stop--;
  let versionStart = stop;
  while (versionStart > methodEnd && !isSpace(bytes[versionStart - 1]!)) versionStart--;
  if (versionStart <= methodEnd + 1) return undefined;
  let uriStart = methodEnd;
  while (uriStart < versionStart && isSpace(bytes[uriStart]!)) uriStart++;
  let uriEnd = versionStart;
  while (uriEnd > uriStart && isSpace(bytes[uriEnd - 1]!)) uriEnd--;
  if (uriEnd <= uriStart) return undefined;

  let problem: HeaderProblem | undefined;
  // RFC 4475 3.1.2.9, 3.1.2.10: exactly one SP between the elements and none after them
  if (stop !== end || uriStart !== methodEnd + 1 || versionStart !== uriEnd + 1 || bytes[uriEnd] !== SP)
    problem = { status: 400, reason: 'Malformed Request-Line' };
  if (bytes[methodEnd] !== SP || hasSpace(bytes, uriStart, uriEnd))
    problem = { status: 400, reason: 'Malformed Request-Line' };
  if (!isVersion(bytes, versionStart, stop)) problem ??= { status: 400, reason: 'Malformed SIP-Version' };
  if (uriEnd - uriStart > limits.maxUri) problem ??= { status: 414, reason: 'Request-URI Too Long' };
  return {
    isRequest: true,
    methodEnd,
    uriStart,
    uriEnd,
    versionStart,
    versionEnd: stop,
    status: 0,
    reasonStart: end,
    problem,
  };
}

function statusLine(bytes: Uint8Array, start: number, end: number): StartLine {
  let versionEnd = start;
  while (versionEnd < end && !isSpace(bytes[versionEnd]!)) versionEnd++;
  let status = 0;
  let at = versionEnd + 1;
  const digits = at;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39)
    status = Math.min(status * 10 + bytes[at++]! - 0x30, 9999);
  const well =
    isVersion(bytes, start, versionEnd) &&
    bytes[versionEnd] === SP &&
    at - digits === 3 &&
    status >= 100 &&
    status <= 699 &&
    (at === end || bytes[at] === SP);
  return {
    isRequest: false,
    methodEnd: start,
    uriStart: start,
    uriEnd: start,
    versionStart: start,
    versionEnd,
    status: well ? status : 0,
    reasonStart: Math.min(at + 1, end),
    problem: well ? undefined : { status: 400, reason: 'Malformed Status-Line' },
  };
}

function isSipSlash(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start > 4 &&
    (bytes[start]! & 0xdf) === S &&
    (bytes[start + 1]! & 0xdf) === I &&
    (bytes[start + 2]! & 0xdf) === P &&
    bytes[start + 3] === 0x2f
  );
}

/** SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT, any case */
function isVersion(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isSipSlash(bytes, start, end)) return false;
  let at = start + 4;
  const major = at;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  if (at === major || bytes[at] !== 0x2e) return false;
  const minor = ++at;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at === end && at > minor;
}

function isSpace(c: number): boolean {
  return c === SP || c === TAB;
}

function hasSpace(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isSpace(bytes[at]!)) return true;
  return false;
}
