import { type ResponseMessage, unspecified, writeResponseMessage } from '@esinet/handover';
import { describe, expect, it } from 'vitest';
import { type Exchange, backOff, verdictOf } from './attempt.js';

const transactionId = '11111111-2222-4333-8444-555555555555';
const [a, b] = ['aaaaaaaa-2222-4333-8444-555555555555', 'bbbbbbbb-2222-4333-8444-555555555555'] as const;

function answer(outcome: ResponseMessage['outcome'], transaction = transactionId): Exchange {
  const endpoint = { countryCode: 'XX', uniqueIdentifier: 'somebody' };
  const text = writeResponseMessage({
    kind: 'response',
    outcome,
    header: {
      ...{
        sender: endpoint,
        receiver: endpoint,
        transactionId: transaction,
        timestamp: '2026-03-06T10:00:00.000000Z',
      },
      version: {
        etsi: 'V1.23.1',
        nationalProfileOwner: unspecified.profile,
        nationalProfileVersion: unspecified.profile,
      },
    },
  });
  return { kind: 'answered', status: 200, body: Buffer.from(text) };
}

const delivered = (action: number, objectId: string) => ({ action, kind: 'delivered', objectId }) as const;
const failed = (action: number, code: number) =>
  ({ action, kind: 'failed', error: { code, description: 'words' } }) as const;
const actions = (...each: (ReturnType<typeof delivered> | ReturnType<typeof failed>)[]) =>
  answer({ kind: 'actions', actions: each });
const refused = (code: number) => answer({ kind: 'refused', error: { code, description: 'words' } });
const sent = { transactionId, objectIds: [a, b], mayHaveArrived: false };

describe('an answer', () => {
  it.each<[what: string, exchange: Exchange, verdict: object]>([
    ['all delivered', actions(delivered(0, a), delivered(1, b)), { kind: 'delivered' }],
    ['in another order', actions(delivered(1, b), delivered(0, a)), { kind: 'delivered' }],
    [
      'half of it',
      actions(delivered(0, a)),
      { kind: 'retry', reason: 'half-an-answer', mayHaveArrived: true },
    ],
    ['another object', actions(delivered(0, b), delivered(1, b)), { kind: 'retry', reason: 'other-object' }],
    [
      'of another transaction',
      answer({ kind: 'actions', actions: [] }, a),
      { kind: 'retry', reason: 'other-transaction' },
    ],
    [
      '500',
      { kind: 'answered', status: 500, body: Buffer.alloc(0) },
      { kind: 'retry', reason: 'status-500' },
    ],
    [
      'HTML',
      { kind: 'answered', status: 200, body: Buffer.from('<html/>') },
      { kind: 'retry', reason: 'unreadable-answer' },
    ],
    [
      'nothing',
      { kind: 'answered', status: 200, body: Buffer.alloc(0) },
      { kind: 'retry', reason: 'unreadable-answer' },
    ],
    [
      'a refused connection',
      { kind: 'failed', reason: 'refused', mayHaveArrived: false },
      { kind: 'retry', mayHaveArrived: false },
    ],
    [
      'a cut one',
      { kind: 'failed', reason: 'cut', mayHaveArrived: true },
      { kind: 'retry', mayHaveArrived: true },
    ],
    ['3003', refused(3003), { kind: 'retry', reason: 'error-3003', mayHaveArrived: false }],
    ['3003 of one', actions(delivered(0, a), failed(1, 3003)), { kind: 'retry', mayHaveArrived: true }],
    ['3000', refused(3000), { kind: 'pause', code: 3000 }],
    ['3022', refused(3022), { kind: 'split', code: 3022 }],
    ['3020', refused(3020), { kind: 'permanent', code: 3020 }],
    ['3021', refused(3021), { kind: 'permanent', code: 3021 }],
    ['a code nobody knows', refused(4711), { kind: 'permanent', code: 4711 }],
    [
      '3010 at the first attempt',
      actions(failed(0, 3010), failed(1, 3010)),
      { kind: 'permanent', code: 3010 },
    ],
    ['the gravest of several', actions(failed(0, 3003), failed(1, 3006)), { kind: 'permanent', code: 3006 }],
  ])(
    '%s',
    { meta: { clause: 'TS 103 707 6.2', shall: ['707:5.7-1', '707:6.1-2', '707:6.2-1'] } },
    (_, exchange, verdict) => {
      expect(verdictOf(exchange, sent)).toMatchObject(verdict);
    },
  );

  it('3010 after an attempt that may have arrived says that it did', () => {
    const later = { ...sent, mayHaveArrived: true };
    expect(verdictOf(actions(failed(0, 3010), delivered(1, b)), later)).toEqual({ kind: 'delivered' });
  });

  it('an attempt that may have arrived stays one', () => {
    const later = { ...sent, mayHaveArrived: true };
    expect(verdictOf({ kind: 'failed', reason: 'refused', mayHaveArrived: false }, later)).toMatchObject({
      mayHaveArrived: true,
    });
    expect(verdictOf(refused(3003), later)).toMatchObject({ mayHaveArrived: true });
  });
});

it('waits longer each time, to a limit', () => {
  const times = { firstMs: 1_000, mostMs: 60_000 };
  expect([1, 2, 3, 7, 100].map((attempt) => backOff(attempt, times, 0.5))).toEqual([
    1_000, 2_000, 4_000, 60_000, 60_000,
  ]);
  expect(backOff(1, times, 0)).toBe(750);
});
