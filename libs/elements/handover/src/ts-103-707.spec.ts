import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type PeerProfile,
  SchemaValidator,
  lmpeRecordSchema,
  lmpeRecordSchemaText,
  namespaces,
  ownSchema,
  profileDefaults,
  readMessage,
} from '@esinet/handover';
import { MemoryRecords } from '@esinet/platform';
import { type XmlElement, attribute, child, childrenOf, readXml } from '@esinet/xml';
import { describe, expect, it } from 'vitest';
import { onboardingProblems } from './authorities.js';
import { now, order, png, police, recordChat } from './handover-fixture.js';
import { type IntakeRequest, takeIn } from './intake.js';
import { type Levels, noLevels, sealed } from './sealing.js';
import { snapshotOf } from './snapshot.js';

/**
 * What TS 103 707 says of documents, row by row of tools/conformance/ts-103-707.json, looked up in the octets that are sealed.
 * Where they travel is in test/src/handover.
 */

const validator = new SchemaValidator();
const { core, common, delivery, handover, schemaInstance } = namespaces;
let uuids = 0;

interface Change {
  readonly profile?: Partial<PeerProfile>;
  readonly request?: Partial<IntakeRequest>;
  readonly knowsSchema?: boolean;
  readonly levels?: Levels;
}

async function sealedFor(specification: '1.5.1' | '1.1.1', change: Change = {}) {
  const records = new MemoryRecords();
  const chats = { one: ['Hilfe', 'Rauch', 'danke'], two: ['again'] };
  for (const [chat, texts] of Object.entries(chats)) {
    const startedAt = `2026-03-04T08:${chat === 'one' ? '15' : '45'}:30.250Z`;
    await recordChat(records, { chat, caller: 'tel:+34600000001', startedAt, texts });
  }
  const sender = { countryCode: 'XX', uniqueIdentifier: 'psap-archive' };
  const profile = { specification, ...profileDefaults[specification], sender, ...change.profile };
  const authority = { ...police, profile };
  const reference = { kind: profile.reference, value: profile.reference === 'LDID' ? 'ES-PJ-42' : 'pj-42' };
  const taken = takeIn({ ...order, reference, ...change.request }, authority, now);
  if (!taken.ok) throw new Error(JSON.stringify(taken.error));
  const { authorisation } = taken.value;
  const { messages } = await snapshotOf(authorisation, records, { longestChatMs: 86_400_000 });
  const { knowsSchema = false, levels = noLevels } = change;
  const made = sealed(messages, [], {
    ...{ authorisation, authority, levels, validator, wallMs: now, expiry: '2026-04-05T10:00:00Z' },
    uuid: () => `00000000-0000-4000-8000-${String(++uuids).padStart(12, '0')}`,
    ...{ objectsUrl: 'https://archive.lab/objects/', knowsSchema, isLast: true },
  });
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  const [document] = made.value.documents;
  if (!document) throw new Error('there is no document');
  const root = readXml(document.bytes, { maxBytes: 1e7, maxElements: 1e5 });
  if (!root.ok) throw new Error(root.error.message);
  return { document, root: root.value, levels: made.value.levels };
}

/** The elements below that have this name, at any depth. */
function all(e: XmlElement, local: string): XmlElement[] {
  return e.children.flatMap((each) => [...(each.local === local ? [each] : []), ...all(each, local)]);
}

function one(e: XmlElement, local: string): XmlElement {
  const [found, ...more] = all(e, local);
  if (!found || more.length > 0)
    throw new Error(`${e.local} has ${more.length + (found ? 1 : 0)} of ${local}`);
  return found;
}

const texts = (e: XmlElement, local: string): string[] => all(e, local).map(({ text }) => text);
const namesIn = (e: XmlElement): string[] => e.children.map(({ local }) => local);
const rows = (clause: string, numbers: readonly number[]): string[] =>
  numbers.map((n) => `707:${clause}-${n}`);

describe.each(['1.5.1', '1.1.1'] as const)('a document for a peer of V%s', (specification) => {
  it(
    'has the header of TS 103 120',
    {
      meta: {
        clause: 'TS 103 707 5.2.2',
        shall: rows('5.2.2', [1, 2, 3, 4, 6, 9, 11, 12, 13, 14]).concat(rows('5.2.1', [5])),
      },
    },
    async () => {
      const { root } = await sealedFor(specification);
      const header = one(root, 'Header');
      expect(namesIn(header)).toEqual([
        'SenderIdentifier',
        'ReceiverIdentifier',
        'TransactionIdentifier',
        'Timestamp',
        'Version',
      ]);
      expect(one(header, 'SenderIdentifier').children.map(({ text }) => text)).toEqual([
        'XX',
        'psap-archive',
      ]);
      expect(one(header, 'ReceiverIdentifier').children.map(({ text }) => text)).toEqual([
        'XX',
        'Not specified',
      ]);
      expect(one(header, 'Timestamp').text).toBe('2026-03-06T10:00:00.000000Z');
      const version = specification === '1.5.1' ? 'V1.23.1' : 'V1.4.1';
      expect(one(header, 'Version').children.map(({ text }) => text)).toEqual([version, 'N/A', 'N/A']);
      expect(JSON.stringify(root.children)).not.toContain(police.name);
    },
  );

  it(
    'uses the names that the authority supplied',
    {
      meta: {
        clause: 'TS 103 707 5.2.2',
        shall: [...rows('5.2.2', [5, 7, 8, 10]), ...rows('5.2.3', [3, 4, 8, 12]), '707:4.1-1'],
      },
    },
    async () => {
      const { root } = await sealedFor(specification, {
        profile: {
          sender: { countryCode: 'ES', uniqueIdentifier: 'csp-7' },
          receiver: { countryCode: 'FR', uniqueIdentifier: 'lea-3' },
        },
      });
      expect(one(root, 'SenderIdentifier').children.map(({ text }) => text)).toEqual(['ES', 'csp-7']);
      expect(one(root, 'ReceiverIdentifier').children.map(({ text }) => text)).toEqual(['FR', 'lea-3']);
      for (const object of all(root, 'HI1Object')) {
        expect(child(object, core, 'CountryCode')?.text).toBe('FR');
        expect(child(object, core, 'OwnerIdentifier')?.text).toBe('lea-3');
        expect(one(object, 'Reference').children.map(({ text }) => text)).toEqual([
          specification === '1.5.1' ? 'ES-PJ-42' : 'pj-42',
        ]);
      }
    },
  );

  it(
    'is a request that delivers DeliveryObjects',
    {
      meta: {
        clause: 'TS 103 707 5.2.3',
        shall: [
          ...rows('5.1', [1, 2]),
          ...rows('5.2.1', [1, 4]),
          ...rows('5.2.3', [1, 2, 5, 11]),
          '707:5.5-1',
          '707:5.6.1-1',
          '707:4.2-4',
        ],
      },
    },
    async () => {
      const { root } = await sealedFor(specification);
      expect([root.uri, root.local, namesIn(root)]).toEqual([core, 'HI1Message', ['Header', 'Payload']]);
      expect(namesIn(one(root, 'Payload'))).toEqual(['RequestPayload']);
      const actions = all(root, 'ActionRequest');
      expect(actions.map((action) => one(action, 'ActionIdentifier').text)).toEqual(
        actions.map((_, i) => String(i)),
      );
      for (const action of actions) {
        const object = one(one(action, 'DELIVER'), 'HI1Object');
        expect(attribute(object, `{${schemaInstance}}type`)).toBe('delivery:DeliveryObject');
        expect(child(object, core, 'ObjectIdentifier')?.text).toBe(
          child(one(action, 'DELIVER'), core, 'Identifier')?.text,
        );
        expect(all(object, 'NationalHandlingParameters')).toEqual([]);
        const [item] = one(one(object, 'Delivery'), 'XMLData').children;
        expect(item?.uri).toBe(handover);
      }
      expect(all(root, 'AuthorisationObject').concat(all(root, 'LDTaskObject'))).toEqual([]);
      for (const item of all(root, 'handoverItem')) {
        expect(namesIn(item)).toEqual(['header', 'payload']);
        // Core parameters and those of our own; nothing of a glossary.
        expect(namesIn(one(item, 'payload'))).toEqual(['coreParameters', 'cspDefinedParameters']);
      }
    },
  );

  it(
    'numbers the messages of each chat from zero',
    {
      meta: {
        clause: 'TS 103 707 5.3.2',
        shall: [
          ...rows('5.3.1', [1, 2]),
          ...rows('5.3.2', [1, 2, specification === '1.5.1' ? 3 : 4, 5, 6, 7]),
        ],
      },
    },
    async () => {
      const first = await sealedFor(specification);
      const numbers = (root: XmlElement): string[] =>
        all(root, 'applicationCorrelation').map((e) => e.children.map(({ text }) => text).join('/'));
      expect(numbers(first.root)).toEqual(['1/0', '1/1', '1/2', '2/0']);
      expect(all(first.root, 'handoverItem')).toHaveLength(4);
      // What follows under the same reference goes on.
      const second = await sealedFor(specification, { levels: first.levels });
      expect(numbers(second.root)).toEqual(['1/3', '1/4', '1/5', '2/1']);
    },
  );

  it(
    'says who, to whom and when',
    {
      meta: {
        clause: ['TS 103 707 5.4.1', 'TS 103 707 5.4.2'],
        shall: [...rows('5.4.1', [1, 2, specification === '1.5.1' ? 3 : 4]), ...rows('5.4.2', [1, 2, 3, 4])],
      },
    },
    async () => {
      const { root } = await sealedFor(specification);
      const [item] = all(root, 'coreParameters');
      if (!item) throw new Error('there is an item');
      expect(namesIn(item)).toEqual([
        'messageSender',
        'messageReceivers',
        'timestamp',
        'associatedBinaryData',
      ]);
      expect(texts(one(item, 'messageSender'), 'identifier')).toEqual([
        'tel:+34600000001',
        'sip:caller1@provider.lab',
      ]);
      expect(texts(one(item, 'messageSender'), 'isTargetedParty')).toEqual(['true']);
      expect(texts(one(one(item, 'messageReceivers'), 'recipient'), 'identifier')).toEqual([
        'urn:service:sos',
      ]);
      expect(all(one(item, 'messageReceivers'), 'isTargetedParty')).toEqual([]);
      expect(one(item, 'timestamp').text).toBe('2026-03-04T08:15:30Z');
      expect(texts(root, 'isTargetedParty')).not.toContain('false');
    },
  );

  it(
    'describes each binary object, and has its octets beside it',
    {
      meta: {
        clause: 'TS 103 707 5.4.3',
        shall: [...rows('5.4.3', [1, 2, 3, 4, 5, 6, 7, 8, 9]), '707:5.4.1-5', '707:C.2-1'],
      },
    },
    async () => {
      const { root, document } = await sealedFor(specification);
      const binaries = all(root, 'binaryObject');
      const [first] = binaries.filter((each) => one(each, 'contentType').text === 'image/png');
      if (!first) throw new Error('there is a picture');
      expect(first.children.map(({ local, text }) => [local, text])).toEqual([
        ['url', expect.stringMatching(/^https:\/\/archive\.lab\/objects\/[0-9a-f-]{36}$/)],
        ['contentLength', String(png.length)],
        ['contentType', 'image/png'],
        ['expiry', '2026-04-05T10:00:00Z'],
        ['checksum', createHash('sha256').update(png).digest('hex')],
        ['originalFilename', 'stairs.png'],
        ['cspDefinedIdentifier', '1/0/1'],
      ]);
      expect(all(root, 'part').filter((part) => attribute(part, 'object') === '1/0/1')).toHaveLength(1);
      expect(document.bytes.includes(png.toString('base64'))).toBe(false);
      const again = all((await sealedFor(specification)).root, 'url');
      const urls = [...all(root, 'url'), ...again].map(({ text }) => text);
      expect(new Set(urls).size).toBe(urls.length);
      expect(document.objects.size).toBe(binaries.length);
    },
  );

  it(
    'names the URL of the authority where it wants objects sent',
    { meta: { clause: 'TS 103 707 C.3', shall: ['707:C.1-2', ...rows('C.3', [1, 2, 3])] } },
    async () => {
      const { root } = await sealedFor(specification, { profile: { binary: 'B' } });
      const urls = texts(root, 'url');
      expect(urls).toHaveLength(12);
      for (const url of urls)
        expect(url).toMatch(/^https:\/\/authority\.lab:16443\/binaryData\/[0-9a-f-]{36}\/$/);
      const { profile, ...rest } = police;
      const modelB = { ...rest, profile: { ...profile, binary: 'B' as const } };
      expect(onboardingProblems(modelB)).toEqual([]);
      for (const objectsUrl of ['https://authority.lab/binaryData', 'http://authority.lab/', 'x']) {
        expect(onboardingProblems({ ...modelB, objectsUrl }).join(), objectsUrl).toContain('objectsUrl');
      }
    },
  );

  it(
    'describes the schema of our own parameters, once',
    { meta: { clause: 'TS 103 707 5.6.2', shall: rows('5.6.2', [1, 2, 3, 6, 7]) } },
    async () => {
      const { root } = await sealedFor(specification);
      const first = all(root, 'schemaDetails');
      expect(first.map(namesIn)[0]).toEqual(['schemaIdentifier', 'schemaContent']);
      expect(first.slice(1).every((details) => namesIn(details).join() === 'schemaIdentifier')).toBe(true);
      expect(namesIn(one(root, 'schemaContent'))).toEqual(['schema']);
      const later = all((await sealedFor(specification, { knowsSchema: true })).root, 'schemaDetails');
      expect(later.map((details) => details.children.map(({ text }) => text))).toEqual(
        later.map(() => [lmpeRecordSchema]),
      );
    },
  );
});

it(
  'delivers a collection, or an item an object, each with the one reference',
  { meta: { clause: 'TS 103 707 5.2.1', shall: [...rows('5.2.1', [2, 3]), ...rows('5.2.3', [6, 7, 10])] } },
  async () => {
    const { root } = await sealedFor('1.5.1');
    expect(childrenOf(one(root, 'XMLData'), handover, 'handoverItemCollection')).toHaveLength(1);
    expect(one(root, 'Reference').children.map(({ local, text }) => [local, text])).toEqual([
      ['LDID', 'ES-PJ-42'],
    ]);
    const entry = one(one(root, 'Manifest'), 'Specification');
    expect(['Owner', 'Name', 'Value'].map((name) => child(entry, common, name)?.text)).toEqual([
      'ETSI',
      'ManifestSpecification',
      'TS103707',
    ]);
    const live = (
      await sealedFor('1.5.1', {
        profile: { reference: 'LIID' },
        request: { reference: { kind: 'LIID', value: 'pj-42' } },
      })
    ).root;
    expect(one(live, 'Reference').children.map(({ local }) => local)).toEqual(['LIID']);
    const older = (await sealedFor('1.1.1')).root;
    const data = all(older, 'XMLData');
    expect(data.map(namesIn)).toEqual(data.map(() => ['handoverItem']));
    expect(data).toHaveLength(4);
    expect(all(older, 'Reference').map(namesIn)).toEqual(data.map(() => ['LIID']));
    expect(all(older, 'Manifest')).toEqual([]);
    expect(all(older, 'HI1Object').map((object) => child(object, delivery, 'SequenceNumber')?.text)).toEqual([
      '1',
      '2',
      '3',
      '4',
    ]);
  },
);

it(
  'a document of V1.1.1 is read without a timestamp too',
  { meta: { clause: 'TS 103 707 5.4.1', shall: '707:5.4.1-4' } },
  async () => {
    const { document } = await sealedFor('1.1.1');
    const text = document.bytes.toString().replace(/<timestamp>[^<]*<\/timestamp>/, '');
    const read = readMessage(Buffer.from(text));
    expect(read).toMatchObject({ ok: true, value: { kind: 'deliver' } });
    if (read.ok && read.value.kind === 'deliver')
      expect(read.value.objects[0]?.items[0]?.timestamp).toBeUndefined();
  },
);

it(
  'a schema URL is written where there is one',
  { meta: { clause: 'TS 103 707 5.6.2', shall: '707:5.6.2-5' } },
  async () => {
    const { document } = await sealedFor('1.5.1', { knowsSchema: true });
    const read = readMessage(
      Buffer.from(
        document.bytes
          .toString()
          .replaceAll(
            '</schemaIdentifier>',
            '</schemaIdentifier><schemaURL>https://archive.lab/1.xsd</schemaURL>',
          ),
      ),
    );
    if (!read.ok || read.value.kind !== 'deliver') throw new Error('it is read');
    expect(read.value.objects[0]?.items[0]?.metadata[0]?.schema).toEqual({
      identifier: lmpeRecordSchema,
      url: 'https://archive.lab/1.xsd',
    });
  },
);

it(
  'our schema uses the types of TS 103 280, and a change of it needs another name',
  { meta: { clause: ['TS 103 707 5.6.2', 'TS 103 707 5.6.3'], shall: ['707:5.6.2-4', '707:5.6.3-1'] } },
  () => {
    const schema = lmpeRecordSchemaText();
    for (const type of [
      'LongString',
      'ShortString',
      'QualifiedDateTime',
      'QualifiedMicrosecondDateTime',
      'WGS84CoordinateDecimal',
    ]) {
      expect(schema).toContain(`"t:${type}"`);
    }
    expect(schema).toContain(`targetNamespace="${lmpeRecordSchema}"`);
    // Whoever comes here with a schema that was published and changed: give it the next number, and this its digest.
    const elements = schema.replace(/<!--[^]*?-->/g, '').replace(/\s+/g, ' ');
    expect([lmpeRecordSchema, createHash('sha256').update(elements).digest('hex').slice(0, 16)]).toEqual([
      'urn:esinet:lmpe-record:1',
      schemaDigest,
    ]);
    expect(readFileSync(join(dirname(ownSchema), 'lmpe-record-1.xsd'), 'utf8')).toBe(schema);
  },
);
const schemaDigest = '2b0fb51eb9394e87';

it(
  'each order is handled for itself',
  { meta: { clause: 'TS 103 707 4.2', shall: ['707:4.2-1', '707:4.2-5', '707:6.1-1'] } },
  async () => {
    // The same chat under two orders: neither knows of the other, not by a number and not by an URL.
    const [a, b] = [
      await sealedFor('1.5.1'),
      await sealedFor('1.5.1', {
        request: { reference: { kind: 'LDID', value: 'ES-PJ-43' }, categories: ['traffic'] },
      }),
    ];
    expect(texts(a.root, 'applicationSequenceNumber')).toEqual(texts(b.root, 'applicationSequenceNumber'));
    expect(texts(b.root, 'text').concat(texts(b.root, 'url'))).toEqual([]);
    const taken = takeIn(
      { ...order, selectors: [{ kind: 'uri', value: 'tel:+346*' }], deliveryUrl: 'https://elsewhere.lab/' },
      police,
      now,
    );
    expect(taken.ok ? [] : taken.error.map(({ member }) => member)).toEqual(['deliveryUrl', 'selectors.0']);
  },
);
