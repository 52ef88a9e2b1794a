import { describe, expect, it } from 'vitest';
import { now, order, police } from './handover-fixture.js';
import { type IntakeRequest, takeIn } from './intake.js';
import { selectorDigest } from './selectors.js';

const salt = 'ab'.repeat(16);
const digest = selectorDigest(
  { value: 'tel:+34600000001' },
  { algorithm: 'sha-256', construct: 'salt-prefix', salt },
);

describe('an order', () => {
  it('is taken in with its selectors in one form, and a digest of them', () => {
    const taken = takeIn(
      { ...order, selectors: [{ kind: 'uri', value: 'tel:+34-600-000-001' }] },
      police,
      now,
    );
    expect(taken).toMatchObject({
      ok: true,
      value: {
        authorisation: { selectors: [{ kind: 'uri', value: 'tel:+34600000001' }], includeTests: false },
        hash: { algorithm: 'sha-256', construct: 'salt-prefix' },
      },
    });
  });

  it('may prove its selector', { meta: { clause: 'TS 103 707 D.4.2', shall: ['707:D.4-3'] } }, () => {
    expect(takeIn({ ...order, hash: { salt, digest } }, police, now)).toMatchObject({
      ok: true,
      value: { hash: { digest } },
    });
    for (const hash of [
      { salt, digest: digest.replace(/^./, 'x') },
      { salt: 'cd'.repeat(16), digest },
      { salt: 'ab', digest },
      { salt, digest, construct: 'hmac' as const },
    ]) {
      expect(takeIn({ ...order, hash }, police, now)).toEqual({
        ok: false,
        error: [{ member: 'hash', message: 'does not fit the selector' }],
      });
    }
  });

  it.each<[member: string, change: Partial<IntakeRequest>]>([
    ['deliveryUrl', { deliveryUrl: 'https://evil.example/hi1' }],
    ['reference', { reference: { kind: 'LIID', value: 'a-42' } }],
    ['reference', { reference: { kind: 'LDID', value: 'nonsense' } }],
    ['legalReference', { legalReference: ' ' }],
    ['categories', { categories: [] }],
    ['selectors', { selectors: [] }],
    ['selectors.0', { selectors: [{ kind: 'uri', value: 'sip:*@provider.lab' }] }],
    [
      'selectors',
      { selectors: Array.from({ length: 17 }, () => ({ kind: 'uri', value: 'tel:+34600000001' })) },
    ],
    ['range', { range: { from: '2026-03-04T09:00:00Z', until: '2026-03-04T08:00:00Z' } }],
    ['range', { range: { from: '2026-03-04', until: '2026-03-05' } }],
    ['range', { range: { from: '2026-03-04T08:00:00Z', until: '2026-03-07T00:00:00Z' } }],
    ['range', { range: { from: '2020-03-04T08:00:00Z', until: '2026-03-04T08:00:00Z' } }],
    ['validity', { validity: { from: '2026-03-01T00:00:00Z', until: '2026-03-06T10:00:00Z' } }],
  ])('%s is refused: %j', (member, change) => {
    const taken = takeIn({ ...order, ...change }, police, now);
    expect(taken.ok ? [] : taken.error.map((problem) => problem.member)).toContain(member);
  });

  it('of an authority that nobody knows is refused', () => {
    expect(takeIn(order, undefined, now)).toMatchObject({ ok: false, error: [{ member: 'authority' }] });
  });
});
