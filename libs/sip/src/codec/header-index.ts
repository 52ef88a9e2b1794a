import { headerIdAt, CONTENT_LENGTH, VIA } from './header-names.js';
import { BACKSLASH, COLON, COMMA, CR, LF, SP, TAB, TOKEN } from './lexical.js';
import type { SipLimits } from './limits.js';

/** Numbers a header line takes in `HeaderIndex.lines`: header id, start, start of value, end (before its CRLF). */
export const STRIDE = 4;

/** A flaw found while indexing: the answer it deserves (RFC 3261 21.4, 21.5). */
export interface HeaderProblem {
  readonly status: number;
  readonly reason: string;
}

/** Where the header lines of a message are. Made in one pass; nothing is copied. */
export interface HeaderIndex {
  readonly startLineStart: number;
  readonly startLineEnd: number;
  readonly lines: readonly number[];
  /** Offset of the first octet after the empty line; -1 where there is no empty line. */
  readonly bodyStart: number;
  readonly nonAscii: boolean;
  readonly folded: boolean;
  /** -1 where absent. Meaningless where `problem` is about it. */
  readonly contentLength: number;
  readonly problem: HeaderProblem | undefined;
  /** Where lines and the message end is beyond doubt, whatever else is wrong: a stream can go on after it. */
  readonly framed: boolean;
}

/** Where a message is indexed, one at a time: the index that is kept has its exact size. */
const scratch: number[] = [];
/** Numbers the scratch may keep after a message of very many lines. */
const keptScratch = 1_024;

/** Least octets a Via value takes: `SIP/2.0/UDP a`. Shorter lines cannot hold too many of them. */
const SHORTEST_VIA = 13;

/**
 * RFC 3261 7.3.1, 25.1. Line ends are CRLF and nothing else: a bare CR or a bare LF is refused, since two elements
 * that disagree on where a line ends disagree on which headers there are. A NUL is refused but in a quoted pair.
 */
export function indexHeaders(bytes: Uint8Array, from: number, limits: SipLimits): HeaderIndex {
  const end = bytes.length;
  let count = 0;
  let problem: HeaderProblem | undefined;
  let framed = true;
  let seen = 0;
  let folded = false;
  let at = from;

  // start line
  while (at < end) {
    const c = bytes[at]!;
    if (c > 31) seen |= c;
    else if (c === CR && bytes[at + 1] === LF) break;
    else if (c === LF) {
      problem ??= bad('Bare LF');
      framed = false;
      break;
    } else if (c === CR) {
      problem ??= bad('Bare CR');
      framed = false;
    } else if (c !== TAB) problem ??= bad('Control Character in Start-Line');
    at++;
  }
  const startLineEnd = at;
  at += bytes[at] === CR ? 2 : 1;

  let bodyStart = -1;
  let contentLength = -1;
  let viaOctets = 0;
  while (at < end) {
    const start = at;
    if (bytes[at] === CR && bytes[at + 1] === LF) {
      bodyStart = at + 2;
      break;
    }
    while (at < end && TOKEN[bytes[at]!] === 1) at++;
    const nameEnd = at;
    while (at < end && (bytes[at] === SP || bytes[at] === TAB)) at++;
    const named = nameEnd > start && at < end && bytes[at] === COLON;
    if (named) {
      at++;
      while (at < end && (bytes[at] === SP || bytes[at] === TAB)) at++;
    } else if (at < end) problem ??= bad('Malformed Header Line');
    const valueStart = at;
    let closed = false;
    while (at < end) {
      const c = bytes[at]!;
      if (c > 31) {
        seen |= c;
        at++;
        continue;
      }
      if (c === CR && bytes[at + 1] === LF) {
        const next = bytes[at + 2];
        if (next === SP || next === TAB) {
          folded = true;
          at += 3;
          continue;
        }
        closed = true;
        break;
      }
      if (c === LF) {
        problem ??= bad('Bare LF');
        framed = false;
        break;
      }
      if (c === CR) {
        problem ??= bad('Bare CR');
        framed = false;
      } else if (c !== TAB && bytes[at - 1] !== BACKSLASH) problem ??= bad('Control Character in Header');
      at++;
    }
    if (named) {
      const id = headerIdAt(bytes, start, nameEnd);
      scratch[count] = id;
      scratch[count + 1] = start;
      scratch[count + 2] = valueStart;
      scratch[count + 3] = at;
      count += STRIDE;
      if (id === VIA) viaOctets += at - valueStart + 1;
      else if (id === CONTENT_LENGTH) {
        const length = contentLengthAt(bytes, valueStart, at);
        if (length < 0) {
          problem ??= bad('Malformed Content-Length');
          framed = false;
        } else if (contentLength >= 0 && contentLength !== length) {
          problem ??= bad('Conflicting Content-Length');
          framed = false;
        } else contentLength = length;
      }
    }
    if (at - start > limits.maxHeaderLine) problem ??= { status: 513, reason: 'Header Line Too Long' };
    if (count > limits.maxHeaderLines * STRIDE) {
      problem ??= { status: 513, reason: 'Too Many Header Lines' };
      break;
    }
    at += closed ? 2 : 1;
  }
  if (bodyStart < 0) problem ??= bad('Header Section Not Terminated');
  else if (bodyStart - from > limits.maxHeaderSection) {
    problem ??= { status: 513, reason: 'Header Section Too Large' };
    framed = false;
  }
  const lines = scratch.slice(0, count);
  if (scratch.length > keptScratch) scratch.length = keptScratch;
  if (viaOctets > limits.maxVias * SHORTEST_VIA && countVias(bytes, lines) > limits.maxVias)
    problem ??= { status: 513, reason: 'Too Many Via Values' };
  return {
    startLineStart: from,
    startLineEnd,
    lines,
    bodyStart,
    nonAscii: seen > 127,
    folded,
    contentLength,
    problem,
    framed: framed && bodyStart >= 0,
  };
}

function bad(reason: string): HeaderProblem {
  return { status: 400, reason };
}

/** RFC 3261 20.14: 1*DIGIT. Returns -1 where it is anything else, a sign and a list included. */
function contentLengthAt(bytes: Uint8Array, start: number, end: number): number {
  let stop = end;
  while (stop > start && isLinearBlank(bytes[stop - 1]!)) stop--;
  let at = start;
  while (at < stop && isLinearBlank(bytes[at]!)) at++;
  if (at === stop || stop - at > 15) return -1;
  let value = 0;
  for (; at < stop; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isLinearBlank(c: number): boolean {
  return c === SP || c === TAB || c === CR || c === LF;
}

function countVias(bytes: Uint8Array, lines: readonly number[]): number {
  let count = 0;
  for (let l = 0; l < lines.length; l += STRIDE) {
    if (lines[l] !== VIA) continue;
    count++;
    for (let at = lines[l + 2]!; at < lines[l + 3]!; at++) if (bytes[at] === COMMA) count++;
  }
  return count;
}
