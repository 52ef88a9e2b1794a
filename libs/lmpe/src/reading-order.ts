import { repeatsNumber } from './message-count.js';
import type { MessageKind } from './message-type.js';
import { gapMs } from './session-effect.js';

/** What is needed of a recorded message to put it in its place. */
export interface ReadableMessage {
  readonly direction: 'in' | 'out';
  readonly sender: string;
  readonly messageId?: number;
  readonly kind: MessageKind;
  /** When it was taken in or sent: RFC 3339, or milliseconds. */
  readonly at: string | number;
}

/**
 * The order in which a person reads messages that are given in the order of their records. One that was overtaken by the
 * next goes to its place if it came within `withinMs` of it; later ones stay where they came, as they were shown.
 */
export function inReadingOrder<T extends ReadableMessage>(messages: readonly T[], withinMs = gapMs): T[] {
  const ordered: T[] = [];
  for (const message of messages) ordered.splice(placeOf(ordered, message, withinMs), 0, message);
  return ordered;
}

/** Before the first that overtook it, as far back as the time reaches. */
function placeOf(before: readonly ReadableMessage[], message: ReadableMessage, withinMs: number): number {
  const { messageId } = message;
  let place = before.length;
  if (messageId === undefined || repeatsNumber(message.kind)) return place;
  const since = timeOf(message.at) - withinMs;
  for (let i = before.length - 1; i >= 0; i--) {
    const other = before[i];
    if (!other || timeOf(other.at) < since) break;
    if (other.sender !== message.sender || other.direction !== message.direction) continue;
    if (other.messageId === undefined) continue;
    if (other.messageId < messageId) break;
    if (other.messageId > messageId || repeatsNumber(other.kind)) place = i;
  }
  return place;
}

function timeOf(at: string | number): number {
  return typeof at === 'number' ? at : Date.parse(at);
}
