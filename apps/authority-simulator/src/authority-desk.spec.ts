import { randomUUID } from 'node:crypto';
import { SchemaValidator, errorCodes, readMessage, writeResponseMessage } from '@esinet/handover';
import { systemClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import type { Agreement } from './agreement.js';
import { AuthorityDesk } from './authority-desk.js';
import { chat, documents, pictureAt, profiles } from './simulator-fixture.js';

const validator = new SchemaValidator();
const objectsUrl = 'https://127.0.0.1:16443/objects/';

function desk(agreement: Partial<Agreement> = {}): AuthorityDesk {
  return new AuthorityDesk({
    agreement: { specification: '1.5.1', model: 'A', objectsUrl, maxBytes: 1_048_576, ...agreement },
    name: { countryCode: 'XX', uniqueIdentifier: 'Not specified' },
    validate: (bytes) => validator.validate(bytes),
    clock: systemClock,
  });
}

it(
  'takes a document once: what is here already is answered 3010, in the transaction that asks',
  { meta: { clause: ['TS 103 707 5.2.1', 'TS 103 120 Annex D'] } },
  () => {
    const authority = desk();
    const [document] = documents(chat(3));
    const first = authority.receive(document?.bytes ?? Buffer.alloc(0));
    expect(first.objects).toMatchObject([{ code: 0, sequenceNumber: 1, last: true, items: 3 }]);
    expect(first.findings).toEqual([]);
    const answer = readMessage(Buffer.from(writeResponseMessage(first.answer)));
    expect(answer).toMatchObject({
      value: {
        kind: 'response',
        header: { transactionId: document?.transactionId },
        outcome: { actions: [{ action: 0, kind: 'delivered', objectId: document?.objectIds[0] }] },
      },
    });
    expect(validator.validate(Buffer.from(writeResponseMessage(first.answer))).ok).toBe(true);
    expect(authority.receive(document?.bytes ?? Buffer.alloc(0)).objects).toMatchObject([{ code: 3010 }]);
    expect(authority.sequences.report()).toMatchObject([
      { reference: 'LDID ES-LAB-42', objects: 1, missing: [], lastCame: true },
    ]);
  },
);

it(
  'sees what is missing from the numbers, but not what it refused itself',
  { meta: { clause: 'TS 103 707 5.3.2' } },
  () => {
    const authority = desk();
    const at = (first: number, firstSequence: number, isLast: boolean) =>
      documents(chat(2, { first }), { firstSequence, isLast })[0]?.bytes ?? Buffer.alloc(0);
    authority.receive(at(0, 1, false));
    expect(authority.receive(at(2, 2, false), { code: 3022, where: 'whole' }).refused?.code).toBe(3022);
    authority.receive(at(6, 5, true));
    expect(authority.sequences.report()).toMatchObject([
      { missing: [3, 4], refused: [2], chats: [{ levelId: 1, items: 4, missing: [2, 3, 4, 5] }] },
    ]);
    expect(authority.receive(at(2, 3, false)).findings).toMatchObject([{ kind: 'out-of-order' }]);
    expect(authority.receive(at(2, 3, false)).findings.map(({ kind }) => kind)).toEqual([
      'number-again',
      'item-again',
      'item-again',
    ]);
    expect(authority.receive(at(8, 9, false)).findings).toMatchObject([{ kind: 'after-last' }]);
  },
);

it(
  'refuses what its version of the text does not have',
  { meta: { clause: 'TS 103 707 V1.1.1 5.2' } },
  () => {
    const authority = desk({ specification: '1.1.1' });
    const code = (bytes: Buffer | undefined): number | undefined => {
      const { objects, refused } = authority.receive(bytes ?? Buffer.alloc(0));
      return refused?.code ?? objects[0]?.code;
    };
    expect(code(documents(chat(2))[0]?.bytes)).toBe(errorCodes.validation);
    const single = { ...profiles['1.5.1'], collections: false };
    expect(code(documents(chat(1), { profile: single })[0]?.bytes)).toBe(errorCodes.improperValue);
    const [four] = documents(chat(4), { profile: profiles['1.1.1'] });
    expect(authority.receive(four?.bytes ?? Buffer.alloc(0)).objects.map(({ code: each }) => each)).toEqual([
      0, 0, 0, 0,
    ]);
  },
);

it('gives the error that was ordered, to the whole, to each action or to the last', () => {
  const authority = desk({ specification: '1.1.1' });
  const [four] = documents(chat(4), { profile: profiles['1.1.1'] });
  const bytes = four?.bytes ?? Buffer.alloc(0);
  const codes = (where: 'whole' | 'each' | 'last', code: number): number[] =>
    authority.receive(bytes, { code, where }).objects.map((each) => each.code);
  expect(codes('each', 3003)).toEqual([3003, 3003, 3003, 3003]);
  expect(codes('whole', 3020)).toEqual([]);
  expect(codes('last', 3003)).toEqual([0, 0, 0, 3003]);
  expect(authority.receive(bytes).objects.map((each) => each.code)).toEqual([3010, 3010, 3010, 0]);
});

it('answers bad input with the code of the text, and keeps the transaction where it can be read', () => {
  const authority = desk({ maxBytes: 40_000 });
  const [good] = documents(chat(1));
  const text = good?.bytes.toString() ?? '';
  const code = (bytes: string): [number | undefined, boolean] => {
    const { refused, transactionId } = authority.receive(Buffer.from(bytes));
    return [refused?.code, transactionId === good?.transactionId];
  };
  expect(code('{}')).toEqual([3019, false]);
  expect(code(`<!DOCTYPE a>${text}`)).toEqual([3019, false]);
  expect(code('<a/>')).toEqual([3020, false]);
  expect(code(text.replace('<isTargetedParty>true', '<isTargetedParty>perhaps'))).toEqual([3020, true]);
  expect(code(text.replace('V1.23.1', 'V2.1.1'))).toEqual([3021, true]);
  expect(code(text.replace('</HI1Message>', `${' '.repeat(40_000)}</HI1Message>`))).toEqual([3022, true]);
  expect(authority.receive(good?.bytes ?? Buffer.alloc(0)).objects).toMatchObject([{ code: 0 }]);
});

it(
  'looks at URLs, checksums and the receiver of objects',
  { meta: { clause: ['TS 103 707 table 2', 'TS 103 707 C.3'] } },
  () => {
    const authority = desk({ model: 'B' });
    const codes = (urls: readonly string[], o: Parameters<typeof documents>[1] = {}): number[] =>
      documents(chat(urls.length, { pictures: new Map(urls.entries()) }), o).flatMap(({ bytes }) =>
        authority.receive(bytes).objects.map(({ code }) => code),
      );
    const url = `${objectsUrl}${randomUUID()}/`;
    expect(codes(['https://elsewhere.example/objects/1'])).toEqual([3007]);
    expect(codes([url, url])).toEqual([3007]);
    expect(codes([url])).toEqual([0]);
    expect(codes([url], { firstSequence: 2 })).toEqual([3007]);
    expect(codes([], {})).toEqual([]);
    const owner = documents(chat(1), { change: (object) => ({ ...object, owner: 'psap-archive' }) });
    expect(authority.receive(owner[0]?.bytes ?? Buffer.alloc(0)).objects).toMatchObject([{ code: 3007 }]);
    const [item] = chat(1);
    const bare = { ...pictureAt(`${objectsUrl}${randomUUID()}/`), checksum: 'AB'.repeat(32) };
    const [odd] = item ? documents([{ ...item, objects: [bare] }], { firstSequence: 2 }) : [];
    expect(authority.receive(odd?.bytes ?? Buffer.alloc(0)).findings.map(({ kind }) => kind)).toContain(
      'binary-object',
    );
  },
);
