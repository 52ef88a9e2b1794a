import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { origination, problemsOf, read, rule, to } from './policy-fixture.js';

const policy = origination(rule(1, [], to('a')));
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(key: KeyObject, header: object, hash: string | null, payload: unknown = policy) {
  const start = { protected: base64url(header), payload: base64url(payload) };
  const octets = Buffer.from(`${start.protected}.${start.payload}`);
  return {
    ...start,
    signature: sign(hash, octets, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
  };
}

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const jws = signed(ec.privateKey, { alg: 'ES256' }, 'sha256');

it(
  'reads the payload without a key, and says that nobody verified it',
  { meta: { clause: 'RFC 7515 7.2.2' } },
  () => {
    expect(read(jws)).toMatchObject({ signature: 'not-verified', policyQueueName: 'sip:sos@esrp.example' });
    expect(read(policy).signature).toBe('none');
  },
);

it('verifies with a key', { meta: { clause: ['RFC 7515 5.2', 'RFC 7515 7.2.2'] } }, () => {
  expect(read(jws, { key: ec.publicKey }).signature).toBe('verified');
  const byEd = signed(ed.privateKey, { alg: 'EdDSA' }, null);
  expect(read(byEd, { key: ed.publicKey }).signature).toBe('verified');
});

it.each([
  ['none of it', policy, 'is not signed'],
  [
    'another key',
    signed(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, { alg: 'ES256' }, 'sha256'),
    'does not fit the configured key',
  ],
  [
    'another payload',
    { ...jws, payload: base64url({ ...policy, policyOwner: 'x.example' }) },
    'does not fit the configured key',
  ],
  ['alg none', { ...jws, protected: base64url({ alg: 'none' }) }, 'algorithm that is not taken: none'],
  [
    'a symmetric algorithm',
    { ...jws, protected: base64url({ alg: 'HS256' }) },
    'algorithm that is not taken: HS256',
  ],
  [
    'an algorithm of another kind of key',
    { ...jws, protected: base64url({ alg: 'RS256' }) },
    'not of the kind',
  ],
  [
    'critical parameters',
    { ...jws, protected: base64url({ alg: 'ES256', crit: ['exp'] }) },
    'critical header parameters',
  ],
  ['no signature', { payload: jws.payload }, 'is not signed'],
  ['several signatures', { payload: jws.payload, signatures: [] }, 'several signatures'],
  ['a payload that is no JSON', { ...jws, payload: 'AAAA' }, 'payload: is no JSON'],
])(
  'refuses, with a key, %s',
  { meta: { clause: ['RFC 7515 5.2', 'RFC 7515 4.1.11'] } },
  (_, json, message) => {
    expect(problemsOf(json, { key: ec.publicKey }).join('\n')).toContain(message);
  },
);

it('names the path in the payload', () => {
  const bad = signed(ec.privateKey, { alg: 'ES256' }, 'sha256', { ...policy, policyType: 'x' });
  expect(problemsOf(bad, { file: 'f.json' })[0]).toMatch(/^f\.json: payload\.policyType: is not known/);
});
