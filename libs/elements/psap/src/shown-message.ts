import type { MessageRecord } from './message-record.js';

/** A message as call takers get it. */
export interface ShownMessage {
  readonly sequence: number;
  readonly direction: 'in' | 'out';
  readonly messageId?: number;
  readonly messageType?: number;
  readonly kind: string;
  readonly text?: string;
  readonly at: string;
  readonly sender: string;
  readonly by?: string;
  readonly locations?: readonly Omit<NonNullable<MessageRecord['locations']>[number], 'document'>[];
  readonly otherParts?: MessageRecord['otherParts'];
  readonly data?: MessageRecord['data'];
  readonly problems?: readonly string[];
  readonly marks?: readonly string[];
  readonly imported?: string;
  readonly reasons?: readonly string[];
  readonly history?: readonly string[];
  readonly delivery?: string;
}

/** A location goes out by its shapes; the document and the request as received stay in the records. */
export function shownMessage(record: MessageRecord): ShownMessage {
  const { sequence, direction, messageId, messageType, kind, text, at, sender, by, locations } = record;
  const { otherParts, problems, marks, imported, reasons, history, delivery } = record;
  return {
    sequence,
    direction,
    ...(messageId !== undefined && { messageId }),
    ...(messageType !== undefined && { messageType }),
    kind,
    ...(text !== undefined && { text }),
    at,
    sender,
    ...(by !== undefined && { by }),
    ...(locations && {
      locations: locations.map(({ source, shapes, civics, timestamp }) => ({
        source,
        shapes,
        civics,
        ...(timestamp !== undefined && { timestamp }),
      })),
    }),
    ...(otherParts && { otherParts }),
    ...(record.data && { data: record.data }),
    ...(problems && { problems }),
    ...(marks && { marks }),
    ...(imported !== undefined && { imported }),
    ...(reasons && { reasons }),
    ...(history && { history }),
    ...(delivery !== undefined && { delivery }),
  };
}
