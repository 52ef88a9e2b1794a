import { expect, it } from 'vitest';
import { answerDigest, digestResponse, parseDigest, strongestChallenge } from './digest.js';

const example = {
  user: 'Mufasa',
  password: 'Circle of Life',
  realm: 'http-auth@example.org',
  method: 'GET',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  nc: '00000001',
  qop: 'auth',
} as const;

it.each([
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
] as const)(
  'gives the known answer with %s',
  { meta: { clause: ['RFC 7616 3.9.1', 'RFC 8760 2.1'] } },
  (algorithm, known) => {
    expect(digestResponse({ ...example, algorithm })).toBe(known);
    const challenge = `Digest realm="${example.realm}", qop="auth, auth-int", algorithm=${algorithm}, nonce="${example.nonce}", opaque="o\\"p"`;
    const params = parseDigest(
      answerDigest(challenge, {
        user: example.user,
        password: example.password,
        method: 'GET',
        uri: example.uri,
        cnonce: example.cnonce,
      }),
    )!;
    expect(params.get('response')).toBe(known);
    expect(params.get('opaque')).toBe('o"p');
    expect(params.get('nc')).toBe('00000001');
  },
);

it('answers a challenge without qop the old way', { meta: { clause: 'RFC 3261 22.4' } }, () => {
  // RFC 2617 3.5's user without qop: MD5(HA1:nonce:HA2).
  const answer = answerDigest(
    'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
    {
      user: 'Mufasa',
      password: 'CircleOfLife',
      method: 'GET',
      uri: '/dir/index.html',
    },
  );
  const params = parseDigest(answer)!;
  expect(params.get('response')).toBe('1949323746fe6a43ef61f9606e7febea');
  expect(params.has('cnonce')).toBe(false);
});

it('does not answer what it cannot', { meta: { clause: 'RFC 8760 2.4' } }, () => {
  const o = { user: 'u', password: 'p', method: 'REGISTER', uri: 'sip:e' };
  expect(answerDigest('Digest realm="r", nonce="n", algorithm=SHA-512-256', o)).toBe('');
  expect(answerDigest('Basic realm="r"', o)).toBe('');
  expect(answerDigest('Digest realm="r"', o)).toBe('');
  expect(answerDigest('Digest realm="r", nonce="n", qop="other"', o)).toBe('');
});

it('takes the strongest challenge', { meta: { clause: 'RFC 8760 2.4' } }, () => {
  const md5 = 'Digest realm="r", nonce="n", algorithm=MD5';
  const sha = 'Digest realm="r", nonce="n", algorithm=SHA-256';
  expect(strongestChallenge([md5, sha])).toBe(sha);
  expect(strongestChallenge(['Digest realm="r", nonce="n", algorithm=X', 'Digest realm="r",nonce="n"'])).toBe(
    'Digest realm="r",nonce="n"',
  );
  expect(strongestChallenge(['Bearer x'])).toBeUndefined();
});

it.each([
  'Digest',
  'Digest x',
  'Digest a="b',
  'Digest a="b\\',
  'Digest a=1, a=2',
  'Digest ="x"',
  'Digest a="b"c',
  `Digest a="${'x'.repeat(5000)}"`,
])('reads no credentials from %j', { meta: { clause: 'RFC 3261 25.1' } }, (text) => {
  expect(parseDigest(text)).toBeUndefined();
});
