import { isUtf8 } from 'node:buffer';
import type { BodyPart } from '@esinet/sip';

/** The text of a message for a person to read, and the parts it was taken from. */
export interface ChatText {
  readonly text: string | undefined;
  readonly bytes: number;
  readonly parts: readonly BodyPart[];
  readonly problems: readonly string[];
}

/**
 * A chat text is `text/plain` in UTF-8 (TS 103 698 6.1.2.8); a body without a type is taken for one (RFC 2046 5.2), and
 * where there is no such part, whatever else a person can read: nobody's cry for help depends on a Content-Type.
 * Several texts are given a line each, in their order.
 */
export function readChatText(parts: readonly BodyPart[]): ChatText {
  const problems: string[] = [];
  let chosen = parts.filter((part) => isPlain(part) && !isAttached(part));
  if (chosen.length === 0) chosen = parts.filter(isPlain);
  if (chosen.length === 0) {
    chosen = parts.filter(isReadable).slice(0, 1);
    for (const part of chosen) problems.push(`text: sent as ${typeOf(part)}`);
  }
  const texts = chosen.map((part) => {
    const read = decodeText(part.body, part.contentType?.params.get('charset'));
    for (const problem of read.problems) if (!problems.includes(problem)) problems.push(problem);
    if (part.encodingProblem) problems.push(`text: transfer encoding ${part.encodingProblem}`);
    return read.text;
  });
  return {
    text: chosen.length === 0 ? undefined : texts.join('\n'),
    bytes: chosen.reduce((sum, part) => sum + part.body.length, 0),
    parts: chosen,
    problems,
  };
}

/** Octets as text: well-formed Unicode whatever they are. Nothing is taken out of it; what is odd is a problem. */
export function decodeText(
  octets: Buffer,
  charset: string | undefined,
): { readonly text: string; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const text = decoded(octets, charset?.trim().toLowerCase() ?? 'utf-8', problems);
  if (hasControls(text)) problems.push('text: control characters');
  return { text, problems };
}

function decoded(octets: Buffer, charset: string, problems: string[]): string {
  if (western.has(charset)) return westernText(octets);
  if (!['utf-8', 'utf8', 'us-ascii', 'ascii', ''].includes(charset)) {
    try {
      const text = new TextDecoder(charset).decode(octets);
      if (text.includes('\uFFFD')) problems.push('text: not in its charset');
      return text;
    } catch {
      problems.push('text: unknown charset');
    }
  }
  if (isUtf8(octets)) return withoutMark(octets.toString('utf8'));
  problems.push('text: not UTF-8');
  // Nothing in it is built like UTF-8: a sender that says UTF-8 and writes a Western character set.
  return hasSequence(octets) ? withoutMark(octets.toString('utf8')) : westernText(octets);
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** A first octet of a character of several, with one that can only be a further one behind it (RFC 3629 3). */
function hasSequence(octets: Buffer): boolean {
  return octets.some((octet, i) => octet >= 0xc2 && ((octets[i + 1] ?? 0) & 0xc0) === 0x80);
}

/** Names of ISO 8859-1 and of its superset in use. */
const western = new Set(['iso-8859-1', 'iso8859-1', 'latin1', 'windows-1252', 'cp1252', 'x-cp1252']);

/** What Windows-1252 has at 0x80 to 0x9f, where ISO 8859-1 has control characters nobody means. */
const windows = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

function westernText(octets: Buffer): string {
  const text = octets.toString('latin1');
  let found = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    found += code >= 0x80 && code < 0xa0 ? (windows[code - 0x80] ?? '') : (text[i] ?? '');
  }
  return found;
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0x7f) return true;
  }
  return false;
}

function isPlain(part: BodyPart): boolean {
  if (isEncoded(part)) return false;
  if (part.contentType === undefined) return part.body.length > 0;
  return part.contentType.type === 'text' && part.contentType.subtype === 'plain';
}

function isAttached(part: BodyPart): boolean {
  return part.headers.get('content-disposition')?.trim().toLowerCase().startsWith('attachment') ?? false;
}

/** RFC 2045 has no Content-Encoding, RFC 3261 20.12 does: what is packed is kept and not read. */
function isEncoded(part: BodyPart): boolean {
  const encoding = part.headers.get('content-encoding')?.trim().toLowerCase();
  return encoding !== undefined && encoding !== '' && encoding !== 'identity';
}

/** What was sent as something else and is a text all the same. */
function isReadable(part: BodyPart): boolean {
  const type = part.contentType;
  if (!type || isEncoded(part) || part.body.length === 0) return false;
  const name = `${type.type}/${type.subtype}`;
  if (name === 'message/cpim') return true;
  if (type.type === 'text') return !notForReading.has(type.subtype);
  if (type.type === 'multipart' || readableByNobody.has(type.type)) return false;
  if (type.type === 'application' && !anonymous.has(type.subtype)) return false;
  return isUtf8(part.body) && !hasControls(part.body.toString('utf8'));
}

const notForReading = new Set(['vcard', 'x-vcard', 'directory', 'calendar', 'css', 'javascript']);
const readableByNobody = new Set(['image', 'audio', 'video', 'font', 'model']);
const anonymous = new Set(['octet-stream', 'text', 'x-text', 'json', 'unknown']);

export function typeOf(part: BodyPart): string {
  return part.contentType ? `${part.contentType.type}/${part.contentType.subtype}` : 'unknown';
}
