import { carried } from '@esinet/handover';
import { parseDatagram, readBodyParts, unlimited } from '@esinet/sip';

/** One body part of a message as it was received, its transfer encoding undone. */
export interface MessagePart {
  /** Its number in the message, from 0. */
  readonly index: number;
  /** `type/subtype` */
  readonly contentType: string;
  readonly contentId?: string;
  readonly filename?: string;
  readonly octets: Buffer;
  /** What it is to those who grant: the chat's own words, a location, data of a subscriber, anything else. */
  readonly kind: 'text' | 'location' | 'subscriber' | 'other';
  /** Of a text: whether XML cannot carry all of it. */
  readonly repaired: boolean;
}

/** The parts of a request that is kept in base64; none where it cannot be read any more. */
export function messageParts(raw: string | undefined): MessagePart[] {
  if (raw === undefined) return [];
  const parsed = parseDatagram(Buffer.from(raw, 'base64'), unlimited);
  if (parsed.kind !== 'message') return [];
  const parts = readBodyParts(parsed.message);
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
      repaired: kind === 'text' && (carried(body.toString('utf8')).repaired || body.includes('\ufffd')),
    };
  });
}

function isPlain({ type, subtype }: { readonly type: string; readonly subtype: string }): boolean {
  return type.toLowerCase() === 'text' && subtype.toLowerCase() === 'plain';
}

function kindOf(type: string): MessagePart['kind'] {
  if (type === 'application/pidf+xml') return 'location';
  if (type.includes('subscriberinfo') || type === 'text/vcard' || type.endsWith('vcard+xml'))
    return 'subscriber';
  return 'other';
}
