import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { batchesOf } from './batches.js';
import { countingUuids, deliverMessage, header, items, profile111, profile151 } from './handover-fixture.js';
import type { ResponseMessage } from './model.js';
import type { PeerProfile } from './peer-profile.js';
import { readMessage } from './read-message.js';
import { SchemaValidator, lmpeRecordSchemaText } from './validator.js';
import { writeDeliverMessage, writeResponseMessage } from './write-message.js';

const validator = new SchemaValidator();

function objectsFor(profile: PeerProfile) {
  const reference =
    profile.reference === 'LDID'
      ? ({ kind: 'LDID', value: 'ES-PJ-42' } as const)
      : ({ kind: 'LIID', value: 'a-42' } as const);
  const [batch] = batchesOf(items, {
    ...{ profile, reference, objectId: countingUuids(), firstSequence: 1, isLast: true },
    deliveryId: '99999999-2222-4333-8444-555555555555',
  });
  return batch?.objects ?? [];
}

describe.each([
  ['V1.5.1', profile151],
  ['V1.1.1', profile111],
])('a message to a peer of %s', (_, profile) => {
  const message = deliverMessage(objectsFor(profile));
  const text = writeDeliverMessage(message, profile);

  it('fits the schema', () => {
    expect(validator.validate(Buffer.from(text))).toEqual({ ok: true, value: undefined });
  });

  it('says the same when it is read again', () => {
    expect(readMessage(Buffer.from(text))).toEqual({ ok: true, value: message });
  });
});

it('has one collection for a peer of V1.5.1, and an object for each item of V1.1.1', () => {
  expect(objectsFor(profile151)).toMatchObject([
    { asCollection: true, sequenceNumber: 1, lastSequence: true },
  ]);
  expect(objectsFor(profile111)).toMatchObject([
    { asCollection: false, manifest: false, sequenceNumber: 1, lastSequence: false },
    { asCollection: false, manifest: false, sequenceNumber: 2, lastSequence: true },
  ]);
});

it('carries the schema of our parameters where it is asked for', () => {
  const [first] = items;
  const [metadata] = first?.metadata ?? [];
  if (!first || !metadata) throw new Error('the fixture has metadata');
  const schema = { ...metadata.schema, content: lmpeRecordSchemaText() };
  const object = objectsFor(profile151)[0];
  if (!object) throw new Error('there is an object');
  const text = writeDeliverMessage(
    deliverMessage([{ ...object, items: [{ ...first, metadata: [{ ...metadata, schema }] }] }]),
    profile151,
  );
  expect(validator.validate(Buffer.from(text)).ok).toBe(true);
  expect(text).toContain('<schemaContent><!--');
});

describe('answers', () => {
  const answers: ResponseMessage['outcome'][] = [
    { kind: 'actions', actions: [{ action: 0, kind: 'delivered', objectId: countingUuids()() }] },
    {
      kind: 'actions',
      actions: [
        { action: 0, kind: 'delivered', objectId: countingUuids()() },
        { action: 1, kind: 'failed', error: { code: 3003, description: 'later <please>' } },
      ],
    },
    { kind: 'refused', error: { code: 3022, description: 'too large' } },
  ];
  it.each(answers)('%# is written and read', (outcome) => {
    const message: ResponseMessage = { kind: 'response', header, outcome };
    const text = writeResponseMessage(message);
    expect(validator.validate(Buffer.from(text)).ok).toBe(true);
    expect(readMessage(Buffer.from(text))).toEqual({ ok: true, value: message });
  });
});

describe('what is none', () => {
  const good = writeDeliverMessage(deliverMessage(objectsFor(profile151)), profile151);
  const changes: [what: string, change: (text: string) => string, code: number][] = [
    ['a DOCTYPE', (t) => t.replace('<HI1Message', '<!DOCTYPE x [<!ENTITY y "z">]><HI1Message'), 3019],
    ['an entity', (t) => t.replace('GPS', '&xxe;'), 3019],
    ['half of it', (t) => t.slice(0, t.length / 2), 3019],
    ['HTML', () => '<html><body>502 Bad Gateway</body></html>', 3020],
    ['another namespace', (t) => t.replace('2019/10/Core', '2018/10/Core'), 3020],
    ['a UUID in capitals', (t) => t.replaceAll('11111111-2222-4333-8444', 'AAAAAAAA-2222-4333-8444'), 3020],
    ['three digits of a second', (t) => t.replace('10:00:00.000001Z', '10:00:00.000Z'), 3020],
    ['a fraction in a timestamp', (t) => t.replace('08:15:31Z', '08:15:31.5Z'), 3020],
    ['a version without its V', (t) => t.replace('V1.23.1', '1.23.1'), 3020],
    ['no reference', (t) => t.replace(/<delivery:Reference>.*?<\/delivery:Reference>/, ''), 3020],
    ['an LDID that is none', (t) => t.replace('ES-PJ-42', 'es/42'), 3020],
    ['actions that count from 1', (t) => t.replace('<ActionIdentifier>0<', '<ActionIdentifier>1<'), 3020],
    [
      'an identifier of another object',
      (t) => t.replace('000000000001</Identifier>', '000000000002</Identifier>'),
      3020,
    ],
    ['no payload type', (t) => t.replace(' xsi:type="hi707:MessagingPayload"', ''), 3020],
    ['another manifest', (t) => t.replace('TS103707', 'TS102657'), 3020],
    [
      'a sequence number below 0',
      (t) => t.replace(/<applicationSequenceNumber>0/, '<applicationSequenceNumber>-1'),
      3020,
    ],
  ];
  it.each(changes)('%s is refused', (_, change, code) => {
    const changed = change(good);
    expect(changed).not.toBe(good);
    expect(readMessage(Buffer.from(changed))).toMatchObject({ ok: false, error: { code } });
  });

  it('a message of 50 MB is refused by its size', () => {
    const started = readMessage(Buffer.alloc(50 * 1_048_576, 0x20));
    expect(started).toMatchObject({ ok: false, error: { code: 3022 } });
  });

  it('the header is there for the answer where it could be read', () => {
    const read = readMessage(
      Buffer.from(good.replace('<delivery:XMLData>', '<delivery:XMLData><!-- --><x xmlns=""/>')),
    );
    expect(read).toMatchObject({
      ok: false,
      error: { code: 3020, header: { transactionId: header.transactionId } },
    });
  });

  it('what the schema refuses is told without the values', () => {
    const wrong = good
      .replace('<direction>fromCaller<', '<direction>secret words<')
      .replace('<contentLength>74<', '<contentLength>secret<');
    const answer = validator.validate(Buffer.from(wrong));
    expect(answer.ok).toBe(false);
    expect(JSON.stringify(answer)).toContain('direction');
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('the schema validator loads nothing and expands nothing', () => {
    for (const document of [
      '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      '<!doctype a [<!ENTITY b "c">]><a>&b;</a>',
    ]) {
      expect(validator.validate(Buffer.from(document))).toMatchObject({ ok: false });
    }
  });
});

const samples = join(import.meta.dirname, '../../../../shared/specs/handover');

describe.skipIf(!existsSync(samples))('beside the samples', () => {
  const folder = join(samples, 'samples/positive');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('ldtask')) : [];
  it.each(names)('%s fits our schema and is read', (name) => {
    const bytes = readFileSync(join(folder, name));
    expect(validator.validate(bytes)).toEqual({ ok: true, value: undefined });
    expect(readMessage(bytes)).toMatchObject({ ok: true });
  });

  it('what we write fits the schemas of ETSI', () => {
    const theirs = new SchemaValidator(join(samples, 'reconstructed/validate.xsd'));
    for (const profile of [profile151, profile111]) {
      const text = writeDeliverMessage(deliverMessage(objectsFor(profile)), profile);
      expect(theirs.validate(Buffer.from(text))).toEqual({ ok: true, value: undefined });
    }
  });
});
