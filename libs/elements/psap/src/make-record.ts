import { isoTime } from '@esinet/kernel';
import { type OutgoingMessage, type PsapEvent, isKeepAlive } from '@esinet/lmpe';
import type { Chat } from './chat.js';
import type { IncomingMessage } from './incoming-message.js';
import { type MessageRecord, ids, kindOf } from './message-record.js';
import { carried } from './reading/carried.js';

/** A message of ours, before it is sent. */
export function outRecord(
  chat: Chat,
  wallMs: number,
  m: Pick<Partial<OutgoingMessage>, 'messageType' | 'messageId' | 'text' | 'replyTo' | 'callBack'>,
  by?: string,
): MessageRecord {
  return {
    version: 1,
    chat: chat.id,
    callId: chat.callId,
    centre: chat.centre.id,
    sequence: ++chat.sequence,
    at: isoTime(wallMs),
    direction: 'out',
    sender: chat.centre.uri,
    to: chat.origin.caller,
    ...ids(m),
    kind: kindOf(m.messageType),
    ...(m.text !== undefined && { text: m.text }),
    ...(m.replyTo !== undefined && { replyTo: m.replyTo }),
    ...(m.callBack !== undefined && { callBack: m.callBack }),
    reference: '',
    delivery: 'pending',
    ...(by !== undefined && { by }),
  };
}

/** A message of the caller. */
export function inRecord(
  chat: Chat,
  wallMs: number,
  m: IncomingMessage,
  marks: readonly string[] = [],
): MessageRecord {
  return {
    version: 1,
    chat: chat.id,
    callId: chat.callId,
    centre: chat.centre.id,
    sequence: ++chat.sequence,
    at: isoTime(wallMs),
    direction: 'in',
    sender: m.sender,
    to: m.requestUri,
    ...ids(m.identifiers),
    kind: kindOf(m.identifiers.messageType),
    ...(m.text !== undefined && { text: m.text }),
    ...(m.replyTo !== undefined && { replyTo: m.replyTo }),
    reference: m.reference,
    ...carried(m),
    ...(m.reasons.length > 0 && { reasons: m.reasons }),
    ...(m.history.length > 0 && { history: m.history }),
    ...(marks.length > 0 && { marks }),
    raw: m.raw.toString('base64'),
  };
}

/** What a record tells a session that is brought back. */
export function replayOf(record: MessageRecord): PsapEvent | undefined {
  if (record.direction === 'out') {
    // What another centre said is none of ours.
    if (record.imported !== undefined) return undefined;
    const status = record.status ?? statusOf(record.delivery);
    return {
      type: 'restored',
      messageType: record.messageType ?? 0,
      ...(record.messageId !== undefined && { messageId: record.messageId }),
      ...(record.text !== undefined && { text: record.text }),
      ...(record.replyTo !== undefined && { replyTo: record.replyTo }),
      ...(status !== undefined && { status }),
    };
  }
  return {
    type: 'received',
    sender: record.sender,
    ...ids(record),
    ...(record.text !== undefined && { text: record.text }),
    ...(record.content !== undefined && { content: record.content }),
    ...(record.replyTo !== undefined && { replyTo: record.replyTo }),
    reference: record.reference,
    ...(record.imported !== undefined && { imported: true }),
  };
}

/** Of a record that does not say it. */
function statusOf(delivery: MessageRecord['delivery']): number | undefined {
  if (delivery === undefined || delivery === 'pending') return undefined;
  return delivery === 'delivered' ? 200 : 0;
}

/** A keep-alive that only repeats a known location is not worth a record; anything else is. */
export function tellsSomething(chat: Chat, m: IncomingMessage): boolean {
  if (!isKeepAlive(kindOf(m.identifiers.messageType))) return true;
  if ((m.text !== undefined && m.text !== '') || m.others.length > 0 || !chat.recorded) return true;
  const location = locationKey(m);
  return location !== '' && location !== chat.lastLocation;
}

/** Tells places apart. */
export function locationKey(m: IncomingMessage): string {
  const { pidfLo, document } = m.location;
  return pidfLo ? JSON.stringify([pidfLo.shapes, pidfLo.civics]) : (document ?? '');
}
