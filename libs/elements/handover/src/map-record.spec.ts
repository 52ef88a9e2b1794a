import { createHash } from 'node:crypto';
import {
  SchemaValidator,
  batchesOf,
  profileDefaults,
  readMessage,
  unspecified,
  writeDeliverMessage,
} from '@esinet/handover';
import { describe, expect, it } from 'vitest';
import { png, rawMessage } from './handover-fixture.js';
import { mapMessage } from './map-record.js';
import { messageParts } from './message-parts.js';
import type { Category } from './model.js';
import type { StoredChat, StoredMessage } from './stored-chats.js';

const chat: StoredChat = {
  ...{ version: 1, chat: 'c1', callId: 'urn:emergency:uid:callid:a1:app.lab', centre: 'madrid', test: false },
  ...{
    caller: 'tel:+34600000001',
    sender: 'sip:caller1@provider.lab',
    startedAt: '2026-03-04T08:15:30.000Z',
  },
  did: 'did:example:123',
};

function message(text: string, change: Partial<StoredMessage> = {}): StoredMessage {
  return {
    ...{ version: 1, chat: 'c1', callId: chat.callId, centre: 'madrid', sequence: 1, kind: 'start' },
    ...{ at: '2026-03-04T08:15:30.120Z', direction: 'in', sender: chat.sender, to: 'urn:service:sos' },
    ...{ messageId: 1, messageType: 257, text, raw: rawMessage(text), replyTo: 'sip:caller1@provider.lab' },
    locations: [
      {
        source: 'value',
        document: '<presence/>',
        shapes: [{ type: 'circle', center: [-3.70379, 40.416775], radius: 12.5 }],
        timestamp: '2026-03-04T08:15:29.500Z',
      },
    ],
    ...change,
  };
}

function mapped(
  m: StoredMessage,
  categories: readonly Category[],
  scope: Parameters<typeof mapMessage>[2] = 'in-scope',
) {
  return mapMessage(m, chat, scope, {
    authorisation: { categories },
    selector: { kind: 'uri', value: 'tel:+34600000001' },
    ...{ levelId: 1, sequenceNumber: 0, parts: messageParts(m.raw) },
    objectUrl: (identifier) => ({
      url: `https://archive.esinet.lab/objects/${identifier.replaceAll('/', '-')}`,
      expiry: '2026-04-05T10:00:00Z',
    }),
  });
}

const everything: Category[] = ['subscriber', 'traffic', 'content', 'location'];

describe('a message with everything', () => {
  const { item, objects } = mapped(message('Fuego'), everything);
  const record = item.metadata[0]?.record;

  it('tells its text, place, parties and parts', () => {
    expect(item).toMatchObject({
      correlation: { levelId: 1, sequenceNumber: 0 },
      sender: { identifiers: ['tel:+34600000001', 'sip:caller1@provider.lab'], isTargetedParty: true },
      receivers: [{ identifiers: ['urn:service:sos'] }],
      timestamp: '2026-03-04T08:15:30Z',
    });
    expect(record).toMatchObject({
      messageId: '1',
      messageType: { number: 257, label: 'start' },
      direction: 'fromCaller',
      recordedTime: '2026-03-04T08:15:30.120000Z',
      texts: [{ part: 0, text: 'Fuego' }],
      location: {
        conveyed: 'value',
        point: { latitude: 'N40.416775', longitude: 'W003.703790' },
        uncertainty: 12.5,
        time: '2026-03-04T08:15:29Z',
        object: '1/0/2',
      },
      withheld: [],
    });
    expect(record?.identities.map(({ provenance }) => provenance)).toEqual(['asserted', 'from', 'device']);
  });

  it('has the octets of its parts as they came', () => {
    expect(item.objects.map(({ contentType }) => contentType)).toEqual([
      'image/png',
      'application/pidf+xml',
      'application/emergencycalldata.subscriberinfo+xml',
    ]);
    const [image] = item.objects;
    expect(image).toMatchObject({ originalFilename: 'stairs.png', contentLength: png.length });
    expect(objects.get('1/0/1')?.octets.equals(png)).toBe(true);
    expect(image?.checksum).toBe(createHash('sha256').update(png).digest('hex'));
  });
});

describe('what was not granted', () => {
  it.each([
    ['content', ['Fuego', 'stairs.png'], ['tel:+34600000001@'], ['N40.416775', 'did:example', '<s/>']],
    ['traffic', [], [], ['Fuego', 'stairs.png', 'N40.416775', 'did:example']],
    ['location', ['N40.416775'], [], ['Fuego', 'stairs.png', 'did:example']],
    ['subscriber', ['did:example'], [], ['Fuego', 'stairs.png', 'N40.416775']],
  ] as const)('only %s', (category, told, _, hidden) => {
    const { item, objects } = mapped(message('Fuego'), [category]);
    const text = JSON.stringify(item);
    for (const word of told) expect(text).toContain(word);
    for (const word of hidden) expect(text).not.toContain(word);
    expect(item.metadata[0]?.record?.withheld.length).toBeGreaterThan(0);
    expect([...objects.keys()].sort()).toEqual(item.objects.map((o) => o.cspDefinedIdentifier).sort());
  });

  it.each(['other-holder', 'third-party'] as const)('%s: only that it is there', (scope) => {
    const { item, objects } = mapped(message('Fuego', { sender: 'sip:stranger@x.lab' }), everything, scope);
    expect(JSON.stringify(item)).not.toMatch(/Fuego|stranger|N40|tel:/);
    expect(item.metadata[0]?.record?.withheld).toEqual([{ what: 'message', reason: scope }]);
    expect(objects.size).toBe(0);
  });
});

it('an answer of the centre names no call taker', () => {
  const m = message('¿Dónde?', {
    direction: 'out',
    sender: 'sip:madrid@psap.esinet.internal',
    by: 'ana',
    to: chat.caller,
  });
  const text = JSON.stringify(mapped(m, everything).item);
  expect(text).not.toMatch(/ana"|esinet\.internal/);
});

it('words that XML cannot carry go along as octets too', () => {
  const { item, objects } = mapped(message('a\u0000b'), ['content']);
  expect(item.metadata[0]?.record?.texts).toEqual([{ part: 0, text: 'a\ufffdb', repaired: true }]);
  expect(objects.get('1/0/0')?.octets.toString()).toBe('a\u0000b');
});

it('whatever is recorded makes a valid document', () => {
  const validator = new SchemaValidator();
  const profile = {
    ...profileDefaults['1.5.1'],
    specification: '1.5.1' as const,
    sender: { countryCode: 'XX', uniqueIdentifier: 'archive' },
  };
  const odd = ['', '\u0000\ud800', '<a>&]]>', 'x'.repeat(70_000), '\u202e', '🔥\r\n'];
  const items = odd.flatMap((text) =>
    everything.map(
      (category) =>
        mapped(
          message(text, {
            sender: text,
            to: text,
            callId: text || '-',
            replyTo: text,
            messageId: -1,
            messageType: 70_000,
          }),
          [category, 'traffic'],
        ).item,
    ),
  );
  let n = 0;
  const uuid = () => `00000000-0000-4000-8000-${String(++n).padStart(12, '0')}`;
  const reference = { kind: 'LDID', value: 'ES-PJ-42' } as const;
  for (const { objects } of batchesOf(items, {
    ...{ profile, reference, objectId: uuid, deliveryId: uuid(), firstSequence: 1, isLast: true },
  })) {
    const header = {
      ...{ sender: profile.sender, receiver: profile.receiver, transactionId: uuid() },
      timestamp: '2026-03-06T10:00:00.000000Z',
      version: {
        etsi: profile.etsiVersion,
        nationalProfileOwner: unspecified.profile,
        nationalProfileVersion: unspecified.profile,
      },
    };
    const bytes = Buffer.from(writeDeliverMessage({ kind: 'deliver', header, objects }, profile));
    expect(validator.validate(bytes)).toEqual({ ok: true, value: undefined });
    expect(readMessage(bytes).ok).toBe(true);
  }
});
