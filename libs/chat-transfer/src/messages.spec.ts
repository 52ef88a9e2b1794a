import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import {
  parseJson,
  readExecutionRequest,
  readExecutionResponse,
  readNegotiationRequest,
  readNegotiationResponse,
} from './messages.js';
import { transferSchemas } from './schemas.js';

const negotiation = {
  CallId: 'urn:emergency:uid:callid:a1b2c3d4e5:app.lab',
  TransferFrom: 'sip:madrid@esinet.lab',
  TransferTo: 'sip:toledo@esinet.lab',
};

describe('the four documents', () => {
  it('are read with the members of their schema alone', { meta: { clause: 'TS 103 698 A.1' } }, () => {
    expect(
      readNegotiationRequest({ ...negotiation, ReasonText: 'river', More: 1, __proto__: { x: 1 } }),
    ).toEqual({
      ok: true,
      value: { ...negotiation, ReasonText: 'river' },
    });
    const polluted = parseJson(Buffer.from('{"__proto__":{"CallId":"x"},"StatusCode":200}'));
    expect(readExecutionResponse(polluted?.value)).toEqual({ ok: false, error: ['/CallId: is missing'] });
  });

  it.each<[string, (value: unknown) => unknown, unknown, string[]]>([
    ['nothing', readNegotiationRequest, undefined, ['/: is not an object']],
    ['a list', readNegotiationRequest, [], ['/: is not an object']],
    [
      'an empty object',
      readNegotiationRequest,
      {},
      ['/CallId: is missing', '/TransferFrom: is missing', '/TransferTo: is missing'],
    ],
    [
      'wrong types',
      readNegotiationRequest,
      { CallId: 1, TransferFrom: null, TransferTo: {}, ReasonText: [] },
      [
        '/CallId: is not a string',
        '/TransferFrom: is not a string',
        '/TransferTo: is not a string',
        '/ReasonText: is not a string',
      ],
    ],
    [
      'an endless Call Identifier',
      readNegotiationRequest,
      { ...negotiation, CallId: 'x'.repeat(513) },
      ['/CallId: has more than 512 characters'],
    ],
    [
      'an expiry that is too short and a status that is none',
      readNegotiationResponse,
      { CallId: 'a', ExpiryTime: 9, StatusCode: 200 },
      ['/ExpiryTime: is less than 10', '/StatusCode: is none of 202, 406'],
    ],
    [
      'numbers as texts',
      readExecutionRequest,
      { CallId: 'a', MessageId: '1', ExpiryTime: '10' },
      ['/MessageId: is not an integer', '/ExpiryTime: is not an integer'],
    ],
    [
      'a fraction, a zero and a list for an object',
      readExecutionRequest,
      { CallId: 'a', MessageId: 0, ExpiryTime: 10.5, Data: [] },
      ['/MessageId: is less than 1', '/ExpiryTime: is not an integer', '/Data: is not an object'],
    ],
    [
      'an identifier that is no number any more',
      readExecutionRequest,
      { CallId: 'a', MessageId: 1e300, ExpiryTime: 10 },
      ['/MessageId: is too large'],
    ],
    [
      'a status of the other document',
      readExecutionResponse,
      { CallId: 'a', StatusCode: 202 },
      ['/StatusCode: is none of 200, 503'],
    ],
  ])(
    'says all that is wrong with %s, and nothing of it',
    { meta: { clause: 'TS 103 698 Annex A' } },
    (_n, read, value, problems) => {
      expect(read(value)).toEqual({ ok: false, error: problems });
    },
  );

  it('takes the shortest and the longest expiry', { meta: { clause: 'TS 103 698 6.3.2' } }, () => {
    expect(readNegotiationResponse({ CallId: 'a', ExpiryTime: 10, StatusCode: 406 })).toMatchObject({
      ok: true,
    });
    expect(readExecutionRequest({ CallId: 'a', MessageId: 1, ExpiryTime: 1e15 })).toMatchObject({
      ok: true,
      value: { ExpiryTime: 604_800 },
    });
  });
});

it('octets that are no JSON are a value', () => {
  expect(parseJson(Buffer.from('{"a":'))).toBeUndefined();
  expect(parseJson(Buffer.from([0x22, 0xff, 0x22]))).toBeUndefined();
  expect(parseJson(Buffer.alloc(0))).toBeUndefined();
  expect(parseJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ value: { a: 1 } });
  const deep = parseJson(
    Buffer.from(
      `{"CallId":"a","MessageId":1,"ExpiryTime":10,"Data":{"x":${'['.repeat(400_000)}${']'.repeat(400_000)}}}`,
    ),
  );
  expect(readExecutionRequest(deep?.value).ok).toBe(true);
});

/** Not part of the repository: it is ETSI's. */
const annex = join(import.meta.dirname, '../../../../shared/specs/etsi/ts-103-698-v1.1.1-lmpe.txt');

if (!existsSync(annex)) process.stdout.write('skipped: no text of TS 103 698 beside the repository\n');

describe.skipIf(!existsSync(annex))('Annex A, where it lies beside the repository', () => {
  const text = existsSync(annex) ? readFileSync(annex, 'utf8') : '';
  const theirs = [...text.matchAll(/```\s*(\{[^`]*\})\s*```/g)].map(
    ([, json = '']) => JSON.parse(json) as object,
  );
  const values = [null, 0, 9, 10, 1.5, 200, 202, 406, 503, '', 'a', true, [], {}, { a: 1 }];
  const names = [
    'CallId',
    'TransferFrom',
    'TransferTo',
    'ReasonText',
    'ExpiryTime',
    'StatusCode',
    'MessageId',
    'Data',
  ];

  it.each(Object.entries(transferSchemas).map(([name, schema], i) => [name, schema, i] as const))(
    '%s accepts and refuses the same',
    { meta: { clause: 'TS 103 698 Annex A' } },
    (_name, schema, index) => {
      const ajv = new Ajv({ strict: false });
      const [a, b] = [ajv.compile(schema), ajv.compile(theirs[index] ?? {})];
      let seed = 1;
      const pick = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
      let accepted = 0;
      for (let i = 0; i < 20_000; i++) {
        const value: Record<string, unknown> = {};
        for (const name of names) if (pick(10) > 0) value[name] = values[pick(values.length)];
        expect(a(value), JSON.stringify(value)).toBe(b(value));
        if (a(value)) accepted++;
      }
      expect(accepted).toBeGreaterThan(3);
    },
  );
});
