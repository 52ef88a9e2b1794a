import { SchemaValidator, readMessage } from '@esinet/handover';
import { MemoryRecords } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import { now, order, png, police, recordChat } from './handover-fixture.js';
import { takeIn } from './intake.js';
import type { Authorisation } from './model.js';
import { type Levels, type ReviewDecision, noLevels, sealed, secondLook } from './sealing.js';
import { snapshotOf } from './snapshot.js';

const validator = new SchemaValidator();

function authorisationOf(change: Partial<typeof order> = {}): Authorisation {
  const taken = takeIn({ ...order, ...change }, police, now);
  if (!taken.ok) throw new Error(JSON.stringify(taken.error));
  return taken.value.authorisation;
}

async function recorded() {
  const records = new MemoryRecords();
  const at = (time: string) => `2026-03-04T${time}.000Z`;
  await recordChat(records, {
    chat: 'before',
    caller: 'tel:+34600000001',
    startedAt: at('07:00:00'),
    texts: ['early'],
  });
  await recordChat(records, {
    chat: 'a',
    caller: 'tel:+34600000001',
    startedAt: at('07:59:00'),
    texts: ['no', 'one', 'two'],
  });
  await recordChat(records, {
    chat: 'other',
    caller: 'tel:+34600000002',
    startedAt: at('08:10:00'),
    texts: ['secret'],
  });
  await recordChat(records, {
    chat: 'b',
    caller: 'tel:+34600000001',
    startedAt: at('08:59:00'),
    texts: ['three', 'late'],
  });
  await records.put('chats-by-time', `${at('08:30:00')}/broken`, 'broken');
  return records;
}

async function sealedOf(
  authorisation: Authorisation,
  decisions: ReviewDecision[] = [],
  levels: Levels = noLevels,
) {
  const { messages } = await snapshotOf(authorisation, await recorded(), { longestChatMs: 86_400_000 });
  let n = 0;
  const made = sealed(messages, decisions, {
    ...{ authorisation, authority: police, levels, validator, wallMs: now, expiry: '2026-04-05T10:00:00Z' },
    uuid: () => `00000000-0000-4000-8000-${String(++n).padStart(12, '0')}`,
    ...{ objectsUrl: 'https://archive.lab/objects/', knowsSchema: false, isLast: true },
  });
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return made.value;
}

describe('a snapshot', () => {
  it('has what the order names and nothing else, and says what could not be read', async () => {
    const snapshot = await snapshotOf(authorisationOf(), await recorded(), { longestChatMs: 86_400_000 });
    expect(snapshot.messages.map(({ message }) => message.text)).toEqual(['one', 'two', 'three']);
    expect(snapshot.unreadable).toBe(1);
  });
});

describe('sealed documents', () => {
  it('tell each message with its octets, numbered by chat', async () => {
    const { documents, levels } = await sealedOf(authorisationOf());
    expect(documents).toHaveLength(1);
    const [document] = documents;
    const read = document && readMessage(document.bytes);
    if (!read?.ok || read.value.kind !== 'deliver') throw new Error('not read');
    const items = read.value.objects.flatMap((object) => object.items);
    expect(items.map(({ correlation }) => correlation)).toEqual([
      { levelId: 1, sequenceNumber: 0 },
      { levelId: 1, sequenceNumber: 1 },
      { levelId: 2, sequenceNumber: 0 },
    ]);
    expect(items.map(({ metadata }) => metadata[0]?.record?.texts[0]?.text)).toEqual(['one', 'two', 'three']);
    for (const { url, checksum, contentLength } of items.flatMap(({ objects }) => objects)) {
      const object = document?.objects.get(url.split('/').at(-1) ?? '');
      expect(object?.octets.length).toBe(contentLength);
      expect(document?.seal.objects.find(({ digest }) => digest === checksum)).toBeDefined();
    }
    expect([...(document?.objects.values() ?? [])].filter(({ octets }) => octets.equals(png))).toHaveLength(
      3,
    );
    expect(document?.bytes.toString()).not.toMatch(/secret|early|late/);
    expect(levels).toMatchObject({ nextSequence: 2 });
  });

  it('go on numbering where earlier ones ended', async () => {
    const before = await sealedOf(authorisationOf());
    const { levels, documents } = await sealedOf(authorisationOf(), [], before.levels);
    expect(Object.values(levels.byCallId)).toEqual([
      { id: 1, next: 4 },
      { id: 2, next: 2 },
    ]);
    const read = documents[0] && readMessage(documents[0].bytes);
    expect(read).toMatchObject({ ok: true, value: { objects: [{ sequenceNumber: 2 }] } });
  });

  it(
    'leave out what a reviewer withheld, and say so',
    { meta: { clause: 'TS 103 707 4.2', shall: ['707:4.2-3'] } },
    async () => {
      const decisions: ReviewDecision[] = [
        { index: 0, withhold: 'message', reason: 'third-party' },
        { index: 1, withhold: 'text', reason: 'privileged' },
        { index: 1, withhold: 'parts', reason: 'reviewer' },
        { index: 2, withhold: 'location', reason: 'third-party' },
      ];
      const { documents } = await sealedOf(authorisationOf(), decisions);
      const text = documents[0]?.bytes.toString() ?? '';
      expect(text).not.toContain('>one<');
      expect(text).not.toContain('>two<');
      expect(text).toContain('>three<');
      expect(text.match(/<withheld /g)).toHaveLength(4);
      expect(text.match(/<point>/g)).toHaveLength(1);
      expect(
        [...(documents[0]?.objects.values() ?? [])].map(({ contentType }) => contentType).sort(),
      ).toEqual(['application/emergencycalldata.subscriberinfo+xml', 'application/pidf+xml', 'image/png']);
    },
  );

  it('are looked at a second time', async () => {
    const authorisation = authorisationOf({ categories: ['traffic'] });
    const item = {
      correlation: { levelId: 1, sequenceNumber: 0 },
      ...{ receivers: [], objects: [], timestamp: '2026-03-04T08:30:00Z' },
      metadata: [
        {
          schema: { identifier: 'x' },
          record: {
            ...{ callId: 'c', messageType: { number: 1, label: 'x' }, direction: 'fromCaller' as const },
            ...{
              recordedTime: '2026-03-04T08:30:00.000000Z',
              identities: [],
              texts: [],
              parts: [],
              withheld: [],
            },
          },
        },
      ],
    };
    const change = (record: object, more: object = {}) => [
      {
        item: {
          ...item,
          ...more,
          metadata: [{ ...item.metadata[0], record: { ...item.metadata[0]?.record, ...record } }],
        },
        objects: new Map(),
      },
    ];
    expect(secondLook(change({}) as never, authorisation)).toBeUndefined();
    for (const [selected, message] of [
      [change({ texts: [{ part: 0, text: 'x' }] }), 'text'],
      [change({ location: { conveyed: 'value' } }), 'location'],
      [change({ recordedTime: '2026-03-04T09:00:00.000000Z' }), 'range'],
      [change({}, { sender: { identifiers: ['tel:+34600000002'] } }), 'selector'],
    ] as const) {
      expect(secondLook(selected as never, authorisation)).toContain(message);
    }
  });
});
