import { qualifiedDateTime, qualifiedMicroseconds } from './etsi-time.js';
import { carried, fileName, languageTag, longString, shortString } from './fitting.js';
import type { HandoverItem, MessagingParty } from './model.js';
import { lmpeRecordSchema } from './names.js';
import type { LmpeRecord } from './lmpe-record.js';
import { wgs84 } from './wgs84.js';

/** For specs: items made of whatever people and programs may send, the same for the same seed. */
export function seededItems(seed: number, count: number): HandoverItem[] {
  const random = mulberry(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const oneOf = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];
  const maybe = <T>(make: () => T): T | undefined => (random() < 0.5 ? make() : undefined);
  const text = (): string =>
    Array.from({ length: below(40) }, () => oneOf(fragments) + String.fromCodePoint(below(0x11_0000)))
      .join('')
      .repeat(random() < 0.01 ? 300 : 1);
  const party = (): MessagingParty => ({
    identifiers: Array.from({ length: 1 + below(3) }, () => longString(text() || '-')),
    ...(random() < 0.3 && { isTargetedParty: true }),
  });
  const record = (): LmpeRecord => {
    const body = carried(text());
    const language = languageTag(oneOf(['es', 'de-AT', 'x'.repeat(9), '<', 'en-GB-oed']));
    const point = wgs84(random() * 200 - 100, random() * 400 - 200);
    const messageId = maybe(() => shortString(text()));
    return {
      callId: longString(text()),
      ...(messageId !== undefined && { messageId }),
      messageType: {
        number: below(65_536),
        label: oneOf(['start', 'stop', 'in-chat', 'heartbeat', 'other']),
      },
      direction: oneOf(['fromCaller', 'fromPsap']),
      recordedTime: qualifiedMicroseconds(random() * 2e12),
      identities: Array.from({ length: below(3) }, () => ({
        provenance: oneOf(['asserted', 'from', 'device'] as const),
        value: longString(text()),
      })),
      texts: [
        {
          part: below(9),
          ...(language !== undefined && { language }),
          ...(body.repaired && { repaired: true }),
          text: body.text,
        },
      ],
      ...(random() < 0.5 && {
        location: {
          conveyed: oneOf(['value', 'reference'] as const),
          ...(point && { point }),
          uncertainty: 10 ** below(9) * random(),
          uri: longString(text()),
        },
      }),
      parts: Array.from({ length: below(4) }, (_, index) => ({
        index,
        contentType: text(),
        contentId: text(),
      })),
      withheld: random() < 0.3 ? [{ what: 'part', reason: 'not-in-scope', part: below(4) }] : [],
    };
  };
  return Array.from({ length: count }, (_, sequenceNumber) => {
    const originalFilename = fileName(text());
    return {
      correlation: { levelId: 1 + below(5), sequenceNumber },
      sender: party(),
      receivers: [party()],
      timestamp: qualifiedDateTime(random() * 2e12),
      objects: Array.from({ length: below(3) }, (_unused, i) => ({
        url: `https://archive.esinet.lab/objects/${seed}-${sequenceNumber}-${i}`,
        contentLength: below(1e9),
        contentType: shortString(text()),
        checksum: '0'.repeat(64),
        ...(originalFilename !== undefined && { originalFilename }),
      })),
      metadata: [{ schema: { identifier: lmpeRecordSchema }, record: record() }],
    };
  });
}

const fragments = [
  ...[
    'Hilfe ',
    ']]>',
    '<script>',
    '&amp;',
    '&#0;',
    '\u0000',
    '\ud800',
    '\udfff',
    '\u202e',
    '\r\n',
    '\t',
    '"',
    "'",
  ],
  ...[
    '\ufffe',
    '\uffff',
    '🔥',
    '<!DOCTYPE a [',
    '<!--',
    '-->',
    '<?xml ?>',
    'م',
    '</text></lmpeRecord>',
    '\u007f',
    '\u0085',
  ],
] as [string, ...string[]];

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
