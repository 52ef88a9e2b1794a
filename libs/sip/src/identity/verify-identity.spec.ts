import { ManualClock, err, ok } from '@esinet/kernel';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildRequest } from '../codec/build.js';
import { parseDatagram } from '../codec/datagram.js';
import type { SipMessage } from '../codec/sip-message.js';
import { certificatesIn } from '../transport/certificate-path.js';
import { CertificateCache } from './certificate-cache.js';
import { type Authority, type Signer, authority, identityValue, wallNow, x5u } from './identity-harness.js';
import { type IdentityLabel, verifyIdentity } from './verify-identity.js';

let trusted: Authority;
let stranger: Authority;
let signer: Signer;
let pem: string;
let asked: string[];
let clock: ManualClock;
let cache: CertificateCache;

beforeAll(async () => {
  [trusted, stranger] = await Promise.all([authority('trusted'), authority('stranger')]);
  signer = await trusted.signer();
});
beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  pem = signer.pem;
  cache = new CertificateCache({
    clock,
    allowedHosts: new Set(['cert.example']),
    trust: certificatesIn(trusted.pem),
    fetch: (url) => {
      asked.push(url);
      return Promise.resolve(pem === '' ? err('unreachable') : ok(Buffer.from(pem)));
    },
    keepMs: 3_600_000,
    retryMs: 60_000,
    max: 2,
    maxFetches: 2,
  });
});

function request(
  identity: readonly string[],
  o: { from?: string; to?: string; uri?: string; headers?: readonly (readonly [string, string])[] } = {},
): SipMessage {
  const bytes = buildRequest({
    method: 'MESSAGE',
    uri: o.uri ?? 'urn:service:sos',
    headers: [
      ['Via', 'SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa'],
      ['From', `${o.from ?? '<sip:anna@app.example>'};tag=1`],
      ['To', o.to ?? '<urn:service:sos>'],
      ['Call-ID', 'a'],
      ['CSeq', '1 MESSAGE'],
      ['Date', 'Sat, 28 Nov 2026 12:00:00 GMT'],
      ...identity.map((value) => ['Identity', value] as const),
      ...(o.headers ?? []),
    ],
    body: '',
  });
  const parsed = parseDatagram(bytes);
  if (parsed.kind !== 'message') throw new Error(parsed.kind);
  return parsed.message;
}

function now(message: SipMessage, at = wallNow): IdentityLabel | undefined {
  return verifyIdentity(message, { now: at, freshMs: 60_000, certificate: (url) => cache.get(url) });
}

/** Once the certificate is there. */
async function label(message: SipMessage, at = wallNow): Promise<IdentityLabel | undefined> {
  now(message, at);
  await cache.idle();
  return now(message, at);
}

const failed = (reason: string) => ({ outcome: 'failed', reason });

it('says nothing of what nobody signed', { meta: { clause: 'RFC 8224 6.2' } }, () => {
  expect(now(request([]))).toBeUndefined();
});

it(
  'is unknown until the certificate is there, and nothing waits',
  { meta: { clause: 'RFC 8224 6.2' } },
  async () => {
    const message = request([identityValue(signer)]);
    expect(now(message)).toEqual({ outcome: 'unknown', reason: 'not-fetched' });
    await cache.idle();
    expect(now(message)).toEqual({ outcome: 'passed' });
    expect(now(message)).toEqual({ outcome: 'passed' });
    expect(asked).toEqual([x5u]);
  },
);

describe('the compact form', () => {
  it('stands for what the request says', { meta: { clause: 'RFC 8225 7' } }, async () => {
    const value = identityValue(signer, { compact: true });
    expect(await label(request([value]))).toEqual({ outcome: 'passed' });
    expect(await label(request([value], { from: '<sip:eve@app.example>' }))).toEqual(failed('signature'));
  });

  it('of telephone numbers', { meta: { clause: 'RFC 8224 8.3' } }, async () => {
    const payload = { dest: { tn: ['112'] }, orig: { tn: '34600111222' } };
    const value = identityValue(signer, { compact: true, payload });
    const from = '<sip:+34-600-111-222@operator.example;user=phone>';
    const o = { from, to: '<sip:112@operator.example>', uri: 'sip:112@operator.example' };
    expect(await label(request([value], o))).toEqual({ outcome: 'passed' });
  });
});

describe('what is bad is said to be, and costs no call', () => {
  const cases: readonly [string, string, () => string, Parameters<typeof request>[1]?][] = [
    ['algorithm', 'RFC 8225 4.2', () => identityValue(signer, { header: { alg: 'none' } })],
    ['algorithm', 'RFC 8225 4.2', () => identityValue(signer, { header: { alg: 'HS256' } })],
    ['stale', 'RFC 8224 6.2', () => identityValue(signer, { payload: { iat: wallNow / 1_000 - 61 } })],
    ['stale', 'RFC 8224 6.2', () => identityValue(signer, { payload: { iat: wallNow / 1_000 + 61 } })],
    ['orig', 'RFC 8224 6.2.4', () => identityValue(signer), { from: '<sip:eve@app.example>' }],
    ['dest', 'RFC 8224 6.2.4', () => identityValue(signer, { payload: { dest: { tn: ['15551212'] } } })],
    ['malformed', 'RFC 8224 4', () => 'a.b'],
    ['malformed', 'RFC 8224 4', () => '..;info=<https://cert.example/a>'],
    ['malformed', 'RFC 8225 4.1', () => identityValue(signer, { header: { typ: 'JWT' } })],
    ['malformed', 'RFC 8225 5.1.1', () => identityValue(signer, { payload: { iat: 'soon' } })],
    ['malformed', 'RFC 8225 5.2.1', () => identityValue(signer, { payload: { dest: null } })],
    ...[
      'https://169.254.169.254/latest',
      'https://127.0.0.1/a',
      'https://localhost/a',
      'https://[::1]/a',
      'https://cert.example.evil.example/a',
      'https://cert.example:8443/a',
    ].map((url): [string, string, () => string] => [
      'not-allowed',
      'RFC 8224 7.2',
      () => identityValue(signer, { header: { x5u: url } }),
    ]),
    ...['http://cert.example/a', 'file:///etc/passwd', 'https://a:b@cert.example/', 'x', ''].map(
      (url): [string, string, () => string] => [
        'x5u',
        'RFC 8225 4.3',
        () => identityValue(signer, { header: { x5u: url } }),
      ],
    ),
  ];
  it.each(cases)('%s (%s)', { meta: { clause: 'RFC 8224 6.2' } }, async (reason, _clause, value, o) => {
    const outcome = reason === 'not-allowed' ? 'unknown' : 'failed';
    expect(await label(request([value()], o))).toEqual({ outcome, reason });
    expect(asked).toEqual([]);
  });
});

it('a signature that is not of that key', { meta: { clause: 'RFC 8224 6.2' } }, async () => {
  const other = await trusted.signer();
  expect(await label(request([identityValue(other)]))).toEqual(failed('signature'));
  const value = identityValue(signer);
  const [header = '', payload = '', rest = ''] = value.split('.');
  expect(await label(request([`${header}.${payload}.AAAA${rest.slice(4)}`]))).toEqual(failed('signature'));
});

it('a certificate that nobody we know has made', { meta: { clause: 'RFC 8224 6.2' } }, async () => {
  const other = await stranger.signer();
  pem = other.pem;
  expect(await label(request([identityValue(other)]))).toEqual({ outcome: 'unknown', reason: 'not-trusted' });
});

it(
  'a certificate past its time, another curve, another domain',
  { meta: { clause: 'RFC 8224 8.4' } },
  async () => {
    const old = await trusted.signer({ to: wallNow - 1_000 });
    const other = await trusted.signer({ domain: 'other.example' });
    const curve = await trusted.signer({ curve: 'P-384' });
    const reasons: unknown[] = [];
    for (const [i, each] of [old, other, curve].entries()) {
      pem = each.pem;
      const header = { x5u: `${x5u}?${i}` };
      reasons.push((await label(request([identityValue(signer, { header })])))?.reason);
    }
    expect(reasons).toEqual(['certificate-expired', 'authority', 'key']);
  },
);

it(
  'one good value is enough, and a PASSporT of an unknown kind counts for nothing',
  { meta: { clause: 'RFC 8224 6.2.1' } },
  async () => {
    const bad = identityValue(signer, { payload: { iat: 1 } });
    const unknown = identityValue(signer, { header: { ppt: 'div' } });
    expect(await label(request([bad, identityValue(signer)]))).toEqual({ outcome: 'passed' });
    expect(await label(request([bad, unknown]))).toEqual({ outcome: 'unknown', reason: 'ppt' });
  },
);

describe('assertions of priority', () => {
  const rph = (payload: object) =>
    identityValue(signer, { header: { ppt: 'rph' }, payload: { ...payload }, parameters: ';ppt="rph"' });
  const priority = ['Resource-Priority', 'esnet.1'] as const;

  it('of a call for help', { meta: { clause: 'RFC 9027 3' } }, async () => {
    const good = rph({ rph: { auth: ['esnet.1'] } });
    expect(await label(request([good], { headers: [priority] }))).toEqual({ outcome: 'passed' });
    for (const payload of [{}, { rph: { auth: [] } }, { rph: { auth: ['esnet.0'] } }]) {
      expect(await label(request([rph(payload)], { headers: [priority] }))).toEqual(failed('priority'));
    }
  });

  it('of a call-back', { meta: { clause: 'RFC 9027 4' } }, async () => {
    const headers = [
      ['Resource-Priority', 'esnet.0'],
      ['Priority', 'psap-callback'],
    ] as const;
    const claims = { rph: { auth: ['esnet.0'] } };
    expect(await label(request([rph({ ...claims, sph: 'psap-callback' })], { headers }))).toEqual({
      outcome: 'passed',
    });
    for (const sph of ['emergency', 7]) {
      expect(await label(request([rph({ ...claims, sph })], { headers }))).toEqual(failed('priority'));
    }
    const without = { headers: headers.slice(0, 1) };
    expect(await label(request([rph({ ...claims, sph: 'psap-callback' })], without))).toEqual(
      failed('priority'),
    );
  });
});

describe('certificates', () => {
  it(
    'are asked for once, again after a while, and few are kept',
    { meta: { clause: 'RFC 8224 7.2' } },
    async () => {
      pem = '';
      for (let i = 0; i < 3; i++) cache.get(x5u);
      await cache.idle();
      expect(cache.get(x5u)).toEqual({ kind: 'unknown', why: 'unreachable' });
      expect(asked).toHaveLength(1);
      clock.advance(60_001);
      cache.get(x5u);
      expect(asked).toHaveLength(2);
      await cache.idle();
      for (let i = 0; i < 20; i++) cache.get(`${x5u}?${i}`);
      expect(asked).toHaveLength(4);
      expect(cache.get(`${x5u}?20`)).toEqual({ kind: 'unknown', why: 'busy' });
      await cache.idle();
      expect(cache.size).toBe(2);
    },
  );

  it('what is no certificate is none', { meta: { clause: 'RFC 8224 7.2' } }, async () => {
    const message = request([identityValue(signer)]);
    pem = '<html>not found</html>';
    expect(await label(message)).toEqual(failed('key'));
  });
});
