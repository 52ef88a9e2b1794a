import { type HeaderIndex, type HeaderProblem, indexHeaders } from './header-index.js';
import { CR, LF } from './lexical.js';
import { type SipLimits, sipLimits } from './limits.js';
import type { Parsed } from './parsed.js';
import { SipMessage } from './sip-message.js';
import { parseStartLine } from './start-line.js';

const PONG = Buffer.from('\r\n', 'latin1');

/**
 * One message in one datagram. RFC 3261 18.3: octets after Content-Length are dropped, a Content-Length that the
 * datagram does not hold is 400, without one the body reaches to the end. Line ends before the start line are
 * skipped (7.5).
 */
export function parseDatagram(buf: Buffer, limits?: Partial<SipLimits>): Parsed {
  return readDatagram(buf, sipLimits(limits));
}

/** As `parseDatagram`, with all limits given. */
export function readDatagram(buf: Buffer, bounds: SipLimits): Parsed {
  let from = 0;
  while (from < buf.length && (buf[from] === CR || buf[from] === LF)) from++;
  if (from === buf.length) return { kind: 'keepalive' };
  const index = indexHeaders(buf, from, bounds);
  const length = index.contentLength;
  const { bodyStart } = index;
  let problem: HeaderProblem | undefined;
  let end = buf.length;
  if (buf.length - from > bounds.maxMessage) problem = { status: 513, reason: 'Message Too Large' };
  if (length >= 0 && bodyStart >= 0) {
    if (bodyStart + length > buf.length)
      problem ??= { status: 400, reason: 'Content-Length Exceeds Datagram' };
    else end = bodyStart + length;
  }
  return interpret(end === buf.length ? buf : buf.subarray(0, end), index, bounds, problem);
}

/** One message in one WebSocket frame (RFC 7118 5): as a datagram, and a double CRLF is answered (RFC 5626 3.5.1). */
export function parseFrame(buf: Buffer, limits?: Partial<SipLimits>): Parsed {
  const parsed = parseDatagram(buf, limits);
  return parsed.kind === 'keepalive' && buf.length >= 4 ? { kind: 'keepalive', reply: PONG } : parsed;
}

/** What the indexed octets are: a message, or why not. `problem` is one the framing found. */
export function interpret(
  bytes: Buffer,
  index: HeaderIndex,
  limits: SipLimits,
  problem: HeaderProblem | undefined,
): Parsed {
  const startLine = parseStartLine(bytes, index, limits);
  if (startLine === undefined) return { kind: 'invalid', status: 0, reason: 'Not SIP' };
  const message = new SipMessage(bytes, index, startLine);
  const flaw = startLine.problem ?? index.problem ?? problem;
  if (flaw === undefined) return { kind: 'message', message };
  const answerable = message.isRequest && message.method !== 'ACK' && message.topVia !== undefined;
  return { kind: 'invalid', status: answerable ? flaw.status : 0, reason: flaw.reason, message };
}
