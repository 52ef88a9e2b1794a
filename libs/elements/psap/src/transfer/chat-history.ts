import type { ChatHistory, HistoryMessage, HistoryPart } from '@esinet/chat-transfer';
import type { Limits } from '@esinet/platform';
import { partOctets } from '../attachments/part-octets.js';
import type { ChatRecord, MessageRecord } from '../message-record.js';

/** A chat as it is handed over: everything that was said, and where the APP is reached. */
export function historyOf(
  chat: ChatRecord,
  messages: readonly MessageRecord[],
  o: {
    /** URI of the transferor, as others know it. */
    readonly centre: string;
    readonly limits?: Pick<Limits, 'body'>;
  },
): ChatHistory {
  const before = messages.flatMap(({ imported }) => (imported === undefined ? [] : [imported]));
  return {
    Version: 1,
    AppUri: chat.caller,
    Sender: chat.sender,
    ...(chat.service !== undefined && { Service: chat.service }),
    StartedAt: messages[0]?.at ?? chat.startedAt,
    ...(chat.incident !== undefined && { IncidentId: chat.incident }),
    Centres: [...new Set(before.filter((uri) => uri !== o.centre)), o.centre],
    ...(chat.languages && { Languages: chat.languages }),
    Messages: messages.map((message) => historyMessage(message, o.centre, o.limits)),
  };
}

function historyMessage(
  record: MessageRecord,
  centre: string,
  limits: Pick<Limits, 'body'> | undefined,
): HistoryMessage {
  const { direction, at, messageId, messageType, text, locations, locationReferences } = record;
  const own = direction === 'out' && record.imported === undefined;
  return {
    Direction: direction,
    Sender: own ? centre : record.sender,
    Reference: record.reference === '' ? `${messageType ?? ''}.${messageId ?? ''}` : record.reference,
    At: at,
    ...(messageId !== undefined && { MessageId: messageId }),
    ...(messageType !== undefined && { MessageType: messageType }),
    ...(text !== undefined && { Text: text }),
    Centre: record.imported ?? centre,
    ...(locations && locations.length > 0 && { Locations: locations.map(({ document }) => document) }),
    ...(locationReferences && { LocationUris: locationReferences }),
    ...(record.otherParts && record.otherParts.length > 0 && { Parts: partsOf(record, limits) }),
    ...(record.content !== undefined && { Content: record.content }),
    ...(record.problems && { Problems: record.problems }),
  };
}

function partsOf(record: MessageRecord, limits: Pick<Limits, 'body'> | undefined): HistoryPart[] {
  return (record.otherParts ?? []).map(({ part, contentType, contentId, bytes }) => {
    const body = record.bodies?.[part] ?? partOctets(record, part, limits)?.body.toString('base64');
    return {
      ContentType: contentType,
      ...(contentId !== undefined && { ContentId: contentId }),
      Bytes: bytes,
      ...(body !== undefined && { Body: body }),
    };
  });
}
