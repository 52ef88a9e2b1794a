import type { Limits } from '@esinet/platform';
import { type BodyPart, type SipMessage, readBodyParts } from '@esinet/sip';

/** The parts of a message's body, and what had to be put up with to find them. */
export interface MessageParts {
  readonly parts: readonly BodyPart[];
  readonly problem?: string;
}

/**
 * As RFC 2046 5.1 has it; and where a multipart does not keep to the boundary of its Content-Type, or has none, the
 * boundary is that of its first line. Nobody's words are lost for a parameter.
 */
export function messageParts(message: SipMessage, limits?: Pick<Limits, 'body'>): MessageParts {
  const parts = readBodyParts(message, limits?.body);
  const { contentType, body } = message;
  const whole = parts.length === 1 && parts[0]?.contentType?.type === 'multipart' ? parts[0] : undefined;
  if (contentType?.type !== 'multipart' || body.length === 0 || (parts.length > 0 && !whole))
    return { parts };
  const problem = contentType.params.has('boundary')
    ? 'body: multipart of another boundary'
    : 'body: multipart without its boundary';
  const boundary = firstBoundary(body);
  if (boundary !== undefined) {
    const params = new Map(contentType.params).set('boundary', boundary);
    const found = readBodyParts({ contentType: { ...contentType, params }, body }, limits?.body);
    if (found.length > 0 && found[0]?.contentType?.type !== 'multipart') return { parts: found, problem };
  }
  // Not even that: the body is taken for what it may well be, a text.
  return { parts: [{ contentType: undefined, headers: new Map(), body }], problem };
}

/** RFC 2046 5.1.1: 1 to 70 characters; a line that begins with two hyphens. */
const longestBoundary = 200;

function firstBoundary(body: Buffer): string | undefined {
  for (let at = 0; at < body.length;) {
    const lf = body.indexOf(0x0a, at);
    const end = lf < 0 ? body.length : lf;
    const line = body.toString('latin1', at, Math.min(end, at + longestBoundary + 3)).trimEnd();
    if (line.startsWith('--') && line.length > 2 && line.length <= longestBoundary + 2) return line.slice(2);
    if (line !== '') return undefined;
    at = end + 1;
  }
  return undefined;
}
