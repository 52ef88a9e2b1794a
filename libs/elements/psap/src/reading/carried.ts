import type { IncomingMessage } from '../incoming-message.js';
import type { MessageRecord, RecordedLocation } from '../message-record.js';
import type { ValueLocation } from './locations.js';

/** What a message carried besides its text, as its record keeps it. */
export function carried(
  m: IncomingMessage,
): Pick<
  MessageRecord,
  'locations' | 'locationReferences' | 'otherParts' | 'content' | 'data' | 'dataReferences' | 'problems'
> {
  return {
    ...(m.locations.length > 0 && { locations: m.locations.map(recordedLocation) }),
    ...(m.location.references.length > 0 && { locationReferences: m.location.references }),
    ...(m.others.length > 0 && { otherParts: m.others }),
    ...(m.content !== undefined && { content: m.content }),
    ...(m.data.length > 0 && { data: m.data }),
    ...(m.dataReferences.length > 0 && { dataReferences: m.dataReferences }),
    ...(m.problems.length > 0 && { problems: m.problems }),
  };
}

function recordedLocation({ document, pidfLo }: ValueLocation): RecordedLocation {
  return {
    source: 'value',
    document,
    shapes: pidfLo?.shapes ?? [],
    civics: pidfLo?.civics ?? [],
    ...(pidfLo?.timestamp !== undefined && { timestamp: pidfLo.timestamp }),
  };
}
