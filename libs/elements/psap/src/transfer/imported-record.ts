import type { HistoryMessage } from '@esinet/chat-transfer';
import { isoTime } from '@esinet/kernel';
import type { ReceivedMessage } from '@esinet/lmpe';
import { readPidfLo } from '@esinet/location';
import type { Limits } from '@esinet/platform';
import type { Chat } from '../chat.js';
import { type MessageRecord, type RecordedLocation, ids, kindOf } from '../message-record.js';

/** A message that another centre took in or sent, for our records. `from` is who handed it over. */
export function importedRecord(
  chat: Chat,
  m: HistoryMessage,
  o: {
    readonly from: string;
    readonly wallMs: number;
    readonly marks?: readonly string[];
    readonly limits?: Pick<Limits, 'xml'>;
  },
): MessageRecord {
  const numbers = ids({ messageId: m.MessageId, messageType: m.MessageType });
  const parts = m.Parts ?? [];
  const bodies = parts.flatMap(({ Body }, part) => (Body === undefined ? [] : [[part, Body] as const]));
  return {
    version: 1,
    chat: chat.id,
    callId: chat.callId,
    centre: chat.centre.id,
    sequence: ++chat.sequence,
    at: Number.isNaN(Date.parse(m.At)) ? isoTime(o.wallMs) : isoTime(Date.parse(m.At)),
    direction: m.Direction,
    sender: m.Sender,
    to: m.Direction === 'in' ? (m.Centre ?? o.from) : chat.origin.caller,
    ...numbers,
    kind: kindOf(m.MessageType),
    ...(m.Text !== undefined && { text: m.Text }),
    reference: m.Reference,
    ...(m.Locations && m.Locations.length > 0 && { locations: m.Locations.map((d) => located(d, o.limits)) }),
    ...(m.LocationUris && m.LocationUris.length > 0 && { locationReferences: m.LocationUris }),
    ...(parts.length > 0 && {
      otherParts: parts.map(({ ContentType, ContentId, Bytes }, part) => ({
        part,
        contentType: ContentType,
        ...(ContentId !== undefined && { contentId: ContentId }),
        bytes: Bytes,
      })),
    }),
    ...(bodies.length > 0 && { bodies: Object.fromEntries(bodies) }),
    ...(m.Content !== undefined && { content: m.Content }),
    ...(m.Problems && m.Problems.length > 0 && { problems: m.Problems }),
    ...(o.marks && o.marks.length > 0 && { marks: o.marks }),
    imported: m.Centre ?? o.from,
  };
}

/** The same for the session, which is to know it if it comes again by SIP. */
export function importedEvent(m: HistoryMessage): ReceivedMessage {
  return {
    type: 'received',
    sender: m.Sender,
    ...ids({ messageId: m.MessageId, messageType: m.MessageType }),
    ...(m.Text !== undefined && { text: m.Text }),
    ...(m.Content !== undefined && { content: m.Content }),
    reference: m.Reference,
    imported: true,
  };
}

/** What cannot be read is kept as it is. */
function located(document: string, limits: Pick<Limits, 'xml'> | undefined): RecordedLocation {
  const read = readPidfLo(Buffer.from(document, 'utf8'), limits?.xml);
  return {
    source: 'value',
    document,
    shapes: read.ok ? read.value.shapes : [],
    civics: read.ok ? read.value.civics : [],
    ...(read.ok && read.value.timestamp !== undefined && { timestamp: read.value.timestamp }),
  };
}
