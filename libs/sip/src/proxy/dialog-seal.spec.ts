import { expect, it } from 'vitest';
import { DialogSeal } from './dialog-seal.js';
import { parsed, requestBytes } from './proxy-harness.js';

const seal = new DialogSeal(Buffer.from('a secret of the element, at least'));
const from = (tag: string, to: string, callId = 'call-1') =>
  parsed(
    Buffer.from(
      `BYE sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:a@a.example>;tag=${tag}\r\n` +
        `To: <sip:b@b.example>;tag=${to}\r\nCall-ID: ${callId}\r\nCSeq: 2 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`,
    ),
  );
const first = parsed(
  Buffer.concat([
    Buffer.from('INVITE urn:service:sos SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n'),
    requestBytes({ method: 'INVITE' }).subarray('INVITE urn:service:sos SIP/2.0\r\n'.length),
  ]),
);
const way = { transport: 'tcp', address: '192.0.2.1', port: 40_000, flowId: 'tcp-7' } as const;

it(
  'knows a dialog again from either end, and who began it',
  { meta: { clause: ['RFC 3261 12', 'RFC 5626 5.2'] } },
  () => {
    const user = seal.seal(first, way);
    expect(user).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(seal.open(user, from('alice', 'bob'))).toEqual({ begun: 'near', way });
    expect(seal.open(user, from('bob', 'alice'))).toEqual({ begun: 'far', way });
    const other = new DialogSeal(Buffer.from('a secret of the element, at least'));
    expect(other.open(user, from('alice', 'bob'))).toEqual({ begun: 'near', way });
    expect(seal.open(seal.seal(first), from('alice', 'bob'))).toEqual({ begun: 'near' });
  },
);

it('takes nothing made up, and nothing of another dialog', { meta: { clause: 'RFC 5626 5.2' } }, () => {
  const user = seal.seal(first, way);
  expect(seal.open(user, from('carol', 'bob'))).toBeUndefined();
  expect(seal.open(user, from('alice', 'bob', 'call-2'))).toBeUndefined();
  const elsewhere = user.slice(0, 16) + Buffer.from('udp 203.0.113.9 5060').toString('base64url');
  expect(seal.open(elsewhere, from('alice', 'bob'))).toBeUndefined();
  expect(new DialogSeal(Buffer.from('another')).open(user, from('alice', 'bob'))).toBeUndefined();
  for (const text of [undefined, '', 'x', 'x'.repeat(16), 'x'.repeat(100_000)]) {
    expect(seal.open(text, from('alice', 'bob'))).toBeUndefined();
  }
});
