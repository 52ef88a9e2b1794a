/** Bounds of a body that came in; what is beyond them is not looked at. */
export const maxIncomingParts = 100;
export const maxIncomingDepth = 5;

export interface IncomingBody {
  /** Its text/plain parts. */
  readonly texts: readonly string[];
  /** Tells the rest, the location apart, from another such rest. */
  readonly content?: string;
}

interface Collected {
  left: number;
  readonly texts: string[];
  readonly others: string[];
}

/**
 * Reads a body (RFC 2046 5.1): a text itself, or the parts of a multipart, nested ones too. Without a Content-Type a
 * body is text. Never throws.
 */
export function readBody(contentType: string | undefined, body: string): IncomingBody {
  const found: Collected = { left: maxIncomingParts, texts: [], others: [] };
  collect({ contentType, encoding: undefined, content: body }, 0, found);
  const { texts, others } = found;
  return { texts, ...(others.length > 0 && { content: others.map(fingerprint).join(' ') }) };
}

interface Entity {
  readonly contentType: string | undefined;
  readonly encoding: string | undefined;
  readonly content: string;
}

function collect(entity: Entity, depth: number, found: Collected): void {
  if (entity.content === '' || found.left-- <= 0) return;
  const type = mediaType(entity.contentType);
  if (type.startsWith('multipart/')) {
    const boundary = boundaryOf(entity.contentType ?? '');
    if (boundary === undefined || depth >= maxIncomingDepth) return;
    for (const part of split(entity.content, boundary, found.left)) {
      collect(readPart(part), depth + 1, found);
    }
  } else if (type === 'text/plain' || type === '') {
    found.texts.push(entity.encoding === 'base64' ? fromBase64(entity.content) : entity.content);
  } else if (type !== 'application/pidf+xml') found.others.push(entity.content);
}

/** Length and a 32-bit hash (FNV-1a): enough to tell two attachments of one chat apart. */
function fingerprint(content: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < content.length; i++) {
    hash = Math.imul(hash ^ content.charCodeAt(i), 0x01000193);
  }
  return `${content.length}-${(hash >>> 0).toString(16)}`;
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Parameters with quotes, and a semicolon within them, as RFC 2045 5.1 has them. */
function boundaryOf(contentType: string): string | undefined {
  let at = contentType.indexOf(';');
  while (at >= 0) {
    const equals = contentType.indexOf('=', at);
    if (equals < 0) return undefined;
    const name = contentType
      .slice(at + 1, equals)
      .trim()
      .toLowerCase();
    let start = equals + 1;
    while (contentType[start] === ' ') start++;
    const quoted = contentType[start] === '"';
    let end = contentType.indexOf(quoted ? '"' : ';', start + 1);
    if (end < 0) end = contentType.length;
    if (name === 'boundary') {
      const value = quoted ? contentType.slice(start + 1, end) : contentType.slice(start, end).trim();
      return value === '' ? undefined : value;
    }
    at = contentType.indexOf(';', end);
  }
  return undefined;
}

/** What stands between the delimiter lines. Liberal: bare LF as line end, the close delimiter may be missing. */
function split(body: string, boundary: string, most: number): string[] {
  const delimiter = `--${boundary}`;
  const parts: string[] = [];
  let start = -1;
  for (let at = body.indexOf(delimiter); at >= 0 && parts.length < most;) {
    const next = at + delimiter.length;
    if (at > 0 && body[at - 1] !== '\n') {
      at = body.indexOf(delimiter, next);
      continue;
    }
    if (start >= 0) parts.push(withoutLineEnd(body.slice(start, at)));
    if (body.startsWith('--', next)) return parts;
    const line = body.indexOf('\n', next);
    if (line < 0) return parts;
    start = line + 1;
    at = body.indexOf(delimiter, start);
  }
  if (start >= 0 && parts.length < most) parts.push(body.slice(start));
  return parts;
}

function withoutLineEnd(text: string): string {
  if (text.endsWith('\r\n')) return text.slice(0, -2);
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

function readPart(part: string): Entity {
  let contentType: string | undefined;
  let encoding: string | undefined;
  let at = 0;
  let last = '';
  while (at < part.length) {
    const lf = part.indexOf('\n', at);
    const end = lf < 0 ? part.length : lf;
    const line = part.slice(at, end).trimEnd();
    at = end + 1;
    if (line === '') break;
    const colon = line.indexOf(':');
    const folded = line.startsWith(' ') || line.startsWith('\t');
    if (!folded) last = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = folded ? ` ${line.trim()}` : line.slice(colon + 1).trim();
    if (last === 'content-type') contentType = folded ? (contentType ?? '') + value : value;
    if (last === 'content-transfer-encoding') encoding = value.toLowerCase();
  }
  return { contentType, encoding, content: part.slice(at) };
}

function fromBase64(text: string): string {
  try {
    const octets = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new TextDecoder().decode(octets);
  } catch {
    return text;
  }
}
