import type { MessageRecord } from './message-record.js';
import type { DataBlock } from './reading/additional-data.js';

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
  readonly data?: readonly Omit<DataBlock, 'document'>[];
  readonly problems?: readonly string[];
  readonly marks?: readonly string[];
  readonly imported?: string;
  readonly reasons?: readonly string[];
  readonly history?: readonly string[];
  readonly delivery?: string;
}

/** A location goes out by its shapes; the document and the request as received stay in the records. */
export function shownMessage(record: MessageRecord): ShownMessage {
  const { sequence, direction, messageId, messageType, kind, text, at, sender, by } = record;
  const { marks, imported, delivery } = record;
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
    ...shownParts(record),
    ...(marks && { marks }),
    ...(imported !== undefined && { imported }),
    ...(delivery !== undefined && { delivery }),
  };
}

/** What it carried, and why it came. */
export function shownParts(
  record: Pick<MessageRecord, 'locations' | 'otherParts' | 'data' | 'problems' | 'reasons' | 'history'>,
): Pick<ShownMessage, 'locations' | 'otherParts' | 'data' | 'problems' | 'reasons' | 'history'> {
  const { locations, otherParts, data, problems, reasons, history } = record;
  return {
    ...(locations && {
      locations: locations.map(({ source, shapes, civics, timestamp }) => ({
        source,
        shapes,
        civics,
        ...(timestamp !== undefined && { timestamp }),
      })),
    }),
    ...(otherParts && { otherParts }),
    ...(data && { data: data.map(({ document: _, ...block }) => block) }),
    ...(problems && { problems }),
    ...(reasons && { reasons }),
    ...(history && { history }),
  };
}
