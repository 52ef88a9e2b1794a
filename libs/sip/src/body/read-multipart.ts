import { parseMediaType, type MediaType } from '../codec/media-type.js';
import { CR, LF, SP, TAB, tokenEnd } from '../codec/lexical.js';
import { SipMessage } from '../codec/sip-message.js';
import { type BodyLimits, type BodyPart, defaultBodyLimits } from './body-part.js';
import { decodeTransfer } from './transfer-encoding.js';

/** Longest boundary heeded; RFC 2046 5.1.1 allows 70. */
const LONGEST_BOUNDARY = 200;

/**
 * The parts of a body, those of nested multiparts in line with the rest (RFC 2046 5.1, RFC 5621 3). What is no multipart is
 * one part, an empty body none. Liberal: line ends of delimiters may be bare LF, the close delimiter may miss, and a
 * multipart without boundary is handed out whole.
 */
export function readBodyParts(
  source: SipMessage | { readonly contentType: MediaType | undefined; readonly body: Buffer },
  limits?: Partial<BodyLimits>,
): BodyPart[] {
  const bounds = { ...defaultBodyLimits, ...limits };
  if (source.body.length === 0) return [];
  const parts: BodyPart[] = [];
  const headers = source instanceof SipMessage ? contentHeaders(source) : new Map<string, string>();
  collect(part(headers, source.body, source.contentType), 0, bounds, parts);
  return parts;
}

/** The part a `cid:` URI names (RFC 2392 2). */
export function bodyPartOf(parts: readonly BodyPart[], cidUri: string): BodyPart | undefined {
  if (cidUri.slice(0, 4).toLowerCase() !== 'cid:') return undefined;
  let contentId = cidUri.slice(4);
  try {
    contentId = decodeURIComponent(contentId);
  } catch {
    // a stray percent sign: compare as it is
  }
  return parts.find((candidate) => candidate.contentId === contentId);
}

const CONTENT_HEADERS = [
  'content-type',
  'content-id',
  'content-disposition',
  'content-language',
  'content-encoding',
];

function contentHeaders(message: SipMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (const name of [...CONTENT_HEADERS, 'content-transfer-encoding']) {
    const value = message.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  return headers;
}

function part(
  headers: ReadonlyMap<string, string>,
  raw: Buffer,
  contentType: MediaType | undefined,
): BodyPart {
  const id = headers.get('content-id')?.trim();
  const contentId = id?.startsWith('<') === true && id.endsWith('>') ? id.slice(1, -1) : id;
  // RFC 2045 6.4: a multipart has no encoding of its own but identity.
  const encoding = contentType?.type === 'multipart' ? undefined : headers.get('content-transfer-encoding');
  const { body, problem } = decodeTransfer(raw, encoding);
  return {
    contentType,
    ...(contentId === undefined ? undefined : { contentId }),
    headers,
    body,
    ...(problem && { encodingProblem: problem }),
  };
}

function collect(candidate: BodyPart, depth: number, limits: BodyLimits, into: BodyPart[]): void {
  if (into.length >= limits.maxParts) return;
  const { contentType, body } = candidate;
  const boundary = contentType?.type === 'multipart' ? contentType.params.get('boundary') : undefined;
  if (
    boundary === undefined ||
    boundary.length === 0 ||
    boundary.length > LONGEST_BOUNDARY ||
    depth >= limits.maxDepth
  ) {
    into.push(candidate);
    return;
  }
  const delimiter = Buffer.from(`--${boundary}`, 'utf8');
  let start = -1;
  let at = 0;
  while (into.length < limits.maxParts) {
    const found = nextDelimiter(body, delimiter, at);
    const end = found === undefined ? body.length : found.start;
    if (start >= 0)
      collect(readPart(body.subarray(start, Math.max(start, end)), limits), depth + 1, limits, into);
    if (found === undefined || found.closes) return;
    start = found.next;
    at = found.next;
  }
}

interface Delimiter {
  /** where the content before it ends: its line end belongs to the delimiter */
  readonly start: number;
  readonly next: number;
  readonly closes: boolean;
}

function nextDelimiter(body: Buffer, delimiter: Buffer, from: number): Delimiter | undefined {
  for (let at = body.indexOf(delimiter, from); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== LF) continue;
    let next = at + delimiter.length;
    const closes = body[next] === 0x2d && body[next + 1] === 0x2d;
    if (closes) next += 2;
    while (body[next] === SP || body[next] === TAB) next++;
    if (body[next] === CR) next++;
    if (body[next] === LF) next++;
    else if (next < body.length && !closes) continue;
    let start = at;
    if (start > from && body[start - 1] === LF) start--;
    if (start > from && body[start - 1] === CR) start--;
    return { start, next, closes };
  }
  return undefined;
}

/** Headers up to an empty line, then content (RFC 2046 5.1). */
function readPart(bytes: Buffer, limits: BodyLimits): BodyPart {
  const headers = new Map<string, string>();
  let at = 0;
  let last = '';
  for (let lines = 0; at < bytes.length && lines <= limits.maxPartHeaders; lines++) {
    const lf = bytes.indexOf(LF, at);
    const end = lf < 0 ? bytes.length : lf;
    const line = bytes.toString('utf8', at, end > at && bytes[end - 1] === CR ? end - 1 : end);
    if (line.length === 0) {
      at = end + 1;
      break;
    }
    const folded = line.startsWith(' ') || line.startsWith('\t');
    const nameEnd = tokenEnd(line, 0);
    const colon = line.indexOf(':', nameEnd);
    const named = nameEnd > 0 && colon >= 0 && line.slice(nameEnd, colon).trim() === '';
    if (folded && last !== '') headers.set(last, `${headers.get(last)} ${line.trim()}`);
    else if (named) {
      last = line.slice(0, nameEnd).toLowerCase();
      if (!headers.has(last)) headers.set(last, line.slice(colon + 1).trim());
      else last = '';
    } else break; // no header: the empty line was left out, and this is content
    at = end + 1;
  }
  const type = headers.get('content-type');
  return part(
    headers,
    bytes.subarray(Math.min(at, bytes.length)),
    type === undefined ? undefined : parseMediaType(type),
  );
}
