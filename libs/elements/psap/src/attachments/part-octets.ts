import type { Limits } from '@esinet/platform';
import { parseDatagram, unlimited } from '@esinet/sip';
import type { OtherPart } from '../incoming-message.js';
import type { MessageRecord } from '../message-record.js';
import { messageParts } from '../reading/body-parts.js';
import { typeOf } from '../reading/chat-text.js';

/** A body part as it was sent, its transfer encoding undone. */
export interface PartOctets {
  /** `type/subtype` as the sender said. */
  readonly contentType: string;
  readonly filename?: string;
  readonly body: Buffer;
}

/** Part `n` of the message as received, by the number it has in `otherParts`. */
export function partOctets(
  record: Pick<MessageRecord, 'raw' | 'otherParts' | 'bodies'>,
  n: number,
  limits?: Pick<Limits, 'body'>,
): PartOctets | undefined {
  const listed = record.otherParts?.find(({ part }) => part === n);
  const imported = record.bodies?.[String(n)];
  if (listed && imported !== undefined) {
    return { ...named(listed), contentType: listed.contentType, body: Buffer.from(imported, 'base64') };
  }
  if (record.raw === undefined) return undefined;
  const parsed = parseDatagram(Buffer.from(record.raw, 'base64'), unlimited);
  if (parsed.kind !== 'message') return undefined;
  const part = messageParts(parsed.message, limits).parts[n];
  if (!part) return undefined;
  return {
    ...named(listed),
    contentType: typeOf(part),
    body: part.body,
  };
}

function named(part: OtherPart | undefined): { filename?: string } {
  return part?.filename === undefined ? {} : { filename: part.filename };
}

/** Types a browser runs or renders as a page; they go out as octets only. */
const active = [
  'html',
  'xhtml',
  'svg',
  'xml',
  'javascript',
  'ecmascript',
  'multipart',
  'rfc822',
  'x-mixed-replace',
];

/**
 * Header fields under which a stranger's octets do no harm in a browser: nothing is guessed, nothing runs, nothing is
 * kept, and it is saved rather than opened.
 */
export function partHeaders(part: PartOctets, name: string): Readonly<Record<string, string>> {
  const harmless = isToken(part.contentType) && !active.some((word) => part.contentType.includes(word));
  return {
    'content-type': harmless ? part.contentType : 'application/octet-stream',
    'content-length': String(part.body.length),
    'content-disposition': disposition(part.filename ?? name),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-site',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}

/** RFC 6266 4.3, RFC 8187: a plain name for old programs, the true one for others; no paths, no quotes. */
function disposition(filename: string): string {
  const base = filename.split(/[/\\]/).at(-1) ?? '';
  const name =
    [...base]
      .filter((char) => char >= ' ' && char !== '\u007f')
      .join('')
      .slice(0, 120) || 'part';
  const plain = [...name].map((char) => (/^[A-Za-z0-9._-]$/.test(char) ? char : '_')).join('');
  const encoded = encodeURIComponent(Buffer.from(name).toString()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function isToken(contentType: string): boolean {
  return /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(contentType);
}
