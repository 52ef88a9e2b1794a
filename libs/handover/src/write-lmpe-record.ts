import { escapeAttribute } from '@esinet/xml';
import type { LmpeRecord, RecordLocation } from './lmpe-record.js';
import { lmpeRecordSchema, namespaces } from './names.js';
import { element, optional, textElement } from './xml-writing.js';

/** The element `lmpeRecord` of our schema. */
export function writeLmpeRecord(r: LmpeRecord): string {
  const content = [
    textElement('callId', r.callId),
    optional('messageId', r.messageId),
    textElement('messageType', r.messageType.number, attributes({ label: r.messageType.label })),
    textElement('direction', r.direction),
    textElement('recordedTime', r.recordedTime),
    optional('sipCallId', r.sipCallId),
    ...r.identities.map(({ provenance, value }) =>
      textElement('identity', value, attributes({ provenance })),
    ),
    optional('replyTo', r.replyTo),
    optional('testCall', r.testCall),
    ...r.texts.map(({ part, language, repaired, text }) =>
      textElement('text', text, attributes({ part, language, repaired })),
    ),
    r.location ? writeLocation(r.location) : '',
    ...r.parts.map(({ index, contentType, contentId, object }) =>
      element('part', '', attributes({ index, contentType, contentId, object })),
    ),
    ...r.withheld.map(({ what, reason, part }) =>
      element('withheld', '', attributes({ what, reason, part })),
    ),
  ];
  return element(
    'lmpeRecord',
    content.join(''),
    ` xmlns="${lmpeRecordSchema}" xmlns:t="${namespaces.types}"`,
  );
}

function writeLocation(l: RecordLocation): string {
  const { point } = l;
  const content = [
    point
      ? element(
          'point',
          textElement('t:latitude', point.latitude) + textElement('t:longitude', point.longitude),
        )
      : '',
    optional('uncertaintyMetres', l.uncertainty === undefined ? undefined : decimal(l.uncertainty)),
    optional('method', l.method),
    optional('time', l.time),
    optional('uri', l.uri),
    optional('object', l.object),
  ];
  return element('location', content.join(''), attributes({ conveyed: l.conveyed }));
}

/** xs:decimal has no exponent. */
function decimal(metres: number): string {
  return Number(metres.toFixed(2)).toString();
}

function attributes(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${escapeAttribute(String(value))}"`))
    .join('');
}
