import { tokenEnd } from '../codec/lexical.js';
import { type Params, parseParams } from '../codec/params.js';
import type { SipMessage } from '../codec/sip-message.js';

/** RFC 6665 8.2.1 */
export interface EventHeader {
  /** event-type: package and templates, compared octet by octet. */
  readonly type: string;
  /** Deprecated, kept for subscribers that still send it. */
  readonly id?: string;
  readonly params: Params;
}

/** Characters of an event-type or id: registered ones have at most some twenty. */
const maxToken = 128;

/** Undefined where the value breaks the grammar of RFC 6665 8.4. */
export function parseEvent(text: string): EventHeader | undefined {
  const end = tokenEnd(text, 0);
  if (end === 0 || end > maxToken) return undefined;
  const params = parseParams(text, end);
  if (params === undefined) return undefined;
  const id = params.get('id');
  if (id !== undefined && (id.length > maxToken || tokenEnd(id, 0) !== id.length)) return undefined;
  if (id === undefined && params.has('id')) return undefined;
  const type = detached(text.slice(0, end));
  return id === undefined ? { type, params } : { type, id: detached(id), params };
}

/** The one Event of a message; undefined where there is none, several (RFC 6665 8.2.1) or a broken one. */
export function eventOf(message: SipMessage): EventHeader | undefined {
  const lines = message.headerLines('Event');
  return lines.length === 1 ? parseEvent(lines[0]!) : undefined;
}

/** RFC 6665 8.2.1: type and id decide, other parameters do not. */
export function sameEvent(a: Pick<EventHeader, 'type' | 'id'>, b: Pick<EventHeader, 'type' | 'id'>): boolean {
  return a.type === b.type && a.id === b.id;
}

/** A copy of its own: a part of a string keeps the whole header in memory. */
export function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
