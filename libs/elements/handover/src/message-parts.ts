import { carried } from '@esinet/handover';
import { parseDatagram, readBodyParts, unlimited } from '@esinet/sip';

/**
 * What a part is to those who grant: the chat's own words, a location, data of a subscriber, several parts that could not
 * be told apart (and may be any of these), anything else.
 */
export type PartKind = 'text' | 'location' | 'subscriber' | 'mixed' | 'other';

/** Every part counts: one that was left in another unread could be a location that was not granted. */
const allParts = { maxParts: 10_000, maxDepth: 1_000, maxPartHeaders: 1_000 };

/** One body part of a message as it was received, its transfer encoding undone. */
export interface MessagePart {
  /** Its number in the message, from 0. */
  readonly index: number;
  /** `type/subtype` */
  readonly contentType: string;
  readonly contentId?: string;
  readonly filename?: string;
  readonly octets: Buffer;
  readonly kind: PartKind;
  /** Of a text: whether XML cannot carry all of it. */
  readonly repaired: boolean;
}

/** The parts of a request that is kept in base64; none where it cannot be read any more. */
export function messageParts(raw: string | undefined): MessagePart[] {
  if (raw === undefined) return [];
  const parsed = parseDatagram(Buffer.from(raw, 'base64'), unlimited);
  if (parsed.kind !== 'message') return [];
  const parts = readBodyParts(parsed.message, allParts);
  // The first plain text is what the person wrote.
  const text = parts.findIndex(({ contentType }) => contentType === undefined || isPlain(contentType));
  return parts.map(({ contentType, contentId, headers, body }, index) => {
    const type = contentType ? `${contentType.type}/${contentType.subtype}`.toLowerCase() : 'text/plain';
    const kind = index === text ? 'text' : kindOf(type);
    const filename = /filename="?([^";]+)"?/i.exec(headers.get('content-disposition') ?? '')?.[1];
    return {
      index,
      contentType: type,
      ...(contentId !== undefined && { contentId }),
      ...(filename !== undefined && { filename }),
      octets: Buffer.from(body),
      kind,
      repaired: kind === 'text' && !isCarried(body),
    };
  });
}

function isPlain({ type, subtype }: { readonly type: string; readonly subtype: string }): boolean {
  return type.toLowerCase() === 'text' && subtype.toLowerCase() === 'plain';
}

/** Whether these octets are UTF-8 that XML can carry as it is. */
function isCarried(octets: Buffer): boolean {
  const text = octets.toString('utf8');
  return !carried(text).repaired && Buffer.from(text).equals(octets);
}

const locationTypes = new Set([
  'application/pidf+xml',
  'application/pidf-diff+xml',
  'application/held+xml',
  'application/geo+json',
  'application/vnd.geo+json',
]);

/** By its type alone, `type/subtype` in small letters. */
export function kindOf(type: string): Exclude<PartKind, 'text'> {
  if (locationTypes.has(type)) return 'location';
  if (type.startsWith('multipart/')) return 'mixed';
  if (type.includes('subscriberinfo') || type === 'text/vcard' || type.endsWith('vcard+xml'))
    return 'subscriber';
  return 'other';
}
