import { describe, expect, it } from 'vitest';
import { checkForUserAgent, checkRequest, unknownExtensions } from './check-request.js';
import { checkResponse } from './check-response.js';
import { parseDatagram } from './datagram.js';
import type { SipMessage } from './sip-message.js';

const GOOD = [
  'MESSAGE urn:service:sos SIP/2.0',
  'Via: SIP/2.0/UDP a.example;branch=z9hG4bK1',
  'From: <sip:l@c.example>;tag=1',
  'To: <urn:service:sos>',
  'Call-ID: c1',
  'CSeq: 1 MESSAGE',
  'Max-Forwards: 70',
];

function read(lines: readonly string[], body = ''): SipMessage {
  const parsed = parseDatagram(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`));
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

/** GOOD with one line put in place of the one of that name, or dropped. */
function swap(name: string, ...lines: string[]): SipMessage {
  return read(GOOD.flatMap((line) => (line.startsWith(name) ? lines : [line])));
}

describe('checkRequest', () => {
  it('has nothing against these', { meta: { clause: 'RFC 3261 16.3' } }, () => {
    for (const m of [
      read(GOOD),
      swap('Max-Forwards'),
      swap('Max-Forwards', 'Max-Forwards: 0'),
      swap('MESSAGE', 'MESSAGE unheard-of:x SIP/2.0'),
      swap('MESSAGE', 'MESSAGE tel:112 sip/2.0'),
      swap('From', 'From: anything:at-all'),
      swap('CSeq', 'CSeq: 4294967295 MESSAGE'),
      swap(
        'To',
        'To: <urn:service:sos>',
        'Contact: <<<',
        'Date: never',
        'Require: x',
        'Content-Type: ?',
        'Route: nonsense',
      ),
    ])
      expect(checkRequest(m)).toBeUndefined();
  });

  it.each<[string, () => SipMessage, number]>([
    ['version', () => swap('MESSAGE', 'MESSAGE sip:a@h.example SIP/2.1'), 505],
    ['Request-URI', () => swap('MESSAGE', 'MESSAGE sip:a@ SIP/2.0'), 400],
    ['Request-URI without scheme', () => swap('MESSAGE', 'MESSAGE 112 SIP/2.0'), 400],
    ['headers in the Request-URI', () => swap('MESSAGE', 'MESSAGE sip:a@h.example?To=b SIP/2.0'), 400],
    ['Via', () => swap('Via'), 400],
    ['broken Via', () => swap('Via', 'Via: SIP/2.0/UDP'), 400],
    ['From', () => swap('From'), 400],
    ['To', () => swap('To'), 400],
    ['broken To', () => swap('To', 'To: <urn:service:sos'), 400],
    ['Call-ID', () => swap('Call-ID', 'Call-ID:'), 400],
    ['CSeq', () => swap('CSeq', 'CSeq: MESSAGE'), 400],
    ['CSeq beyond 32 bits', () => swap('CSeq', 'CSeq: 4294967296 MESSAGE'), 400],
    ['CSeq of another method', () => swap('CSeq', 'CSeq: 1 message'), 400],
    ['Max-Forwards beyond 255', () => swap('Max-Forwards', 'Max-Forwards: 256'), 400],
    ['two To', () => swap('To', 'To: <urn:service:sos>', 't: <urn:service:sos>'), 400],
    ['two Call-ID', () => swap('Call-ID', 'Call-ID: c1', 'i: c2'), 400],
    ['two Max-Forwards', () => swap('Max-Forwards', 'Max-Forwards: 1', 'Max-Forwards: 2'), 400],
  ])(
    'refuses for %s',
    { meta: { clause: ['RFC 3261 16.3', 'RFC 3261 8.1.1', 'RFC 4475 3.3.8'] } },
    (_, make, status) => {
      expect(checkRequest(make())?.status).toBe(status);
    },
  );
});

describe('checkForUserAgent', () => {
  it(
    'answers 420 with what it does not know, never for ACK and CANCEL',
    { meta: { clause: 'RFC 3261 8.2.2.3' } },
    () => {
      const lines = [...GOOD, 'Require: geolocation, foo', 'Require: bar'];
      expect(checkForUserAgent(read(lines), { extensions: ['geolocation'] })).toMatchObject({
        status: 420,
        headers: [['Unsupported', 'foo, bar']],
      });
      expect(checkForUserAgent(read(lines.map((line) => line.replace('MESSAGE', 'CANCEL'))))).toBeUndefined();
      expect(unknownExtensions(read([...GOOD, 'Proxy-Require: sec-agree']), 'Proxy-Require', [])).toEqual([
        'sec-agree',
      ]);
    },
  );

  it('answers 415 only where there is a body', { meta: { clause: 'RFC 3261 8.2.3' } }, () => {
    const abilities = { contentTypes: ['text/plain'] };
    const of = (type: string, body: string): number | undefined =>
      checkForUserAgent(read([...GOOD, `Content-Type: ${type}`], body), abilities)?.status;
    expect([of('a/b', 'x'), of('a/b', ''), of('Text/Plain;charset=utf-8', 'x'), of('text', 'x')]).toEqual([
      415,
      undefined,
      undefined,
      415,
    ]);
  });

  it('refuses a Contact it could not use', { meta: { clause: 'RFC 4475 3.1.2.13' } }, () => {
    expect(checkForUserAgent(read([...GOOD, 'Contact: sip:a@h.example?Route=x']))?.status).toBe(400);
    expect(checkForUserAgent(read([...GOOD, 'Contact: *']))).toBeUndefined();
  });
});

describe('checkResponse', () => {
  const response = (...vias: string[]): SipMessage =>
    read(['SIP/2.0 200 OK', ...vias.map((via) => `Via: SIP/2.0/UDP ${via}`), ...GOOD.slice(2)]);

  it('drops what would be sent to many', { meta: { clause: 'RFC 4475 3.3.10' } }, () => {
    expect(checkResponse(response('a', 'b.example'))).toBeUndefined();
    for (const next of ['255.255.255.255', '224.0.0.1', '0.0.0.0', '[ff02::1]', 'b;received=239.1.1.1'])
      expect(checkResponse(response('a', next)), next).toBe('Via names many hosts');
  });

  it('drops what belongs to no request', { meta: { clause: 'RFC 3261 18.1.2' } }, () => {
    expect(checkResponse(response())).toBe('Via');
    expect(checkResponse(read(['SIP/2.0 200 OK', 'Via: SIP/2.0/UDP a', 'CSeq: x']))).toBe('CSeq');
  });
});
