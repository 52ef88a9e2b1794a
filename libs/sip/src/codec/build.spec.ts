import { describe, expect, it } from 'vitest';
import { buildRequest, buildResponse } from './build.js';
import { parseDatagram } from './datagram.js';
import type { SipMessage } from './sip-message.js';

function read(bytes: Buffer): SipMessage {
  const parsed = parseDatagram(bytes);
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

const request = read(
  Buffer.from(
    'MESSAGE urn:service:sos SIP/2.0\r\nv:SIP/2.0/UDP a.example;branch=z9hG4bK1,SIP/2.0/UDP b.example;branch=z9hG4bK2\r\n' +
      'Via: SIP/2.0/TCP c.example\r\n ;branch=z9hG4bK3\r\nf: "L\xe0" <sip:l@c.example>;tag=1\r\nTo: urn:service:sos\r\ni: b1\r\n' +
      'CSeq: 4 MESSAGE\r\nTimestamp: 54\r\nRecord-Route: <sip:rr.example;lr>\r\nl: 2\r\n\r\nhi',
    'latin1',
  ),
);

describe('buildResponse', () => {
  it('copies what ties it to the request', { meta: { clause: 'RFC 3261 8.2.6.2' } }, () => {
    const bytes = buildResponse(request, 200, undefined, {
      toTag: 'x',
      headers: [['Server', 's']],
      body: 'é',
    });
    expect(bytes.toString('latin1')).toBe(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1,SIP/2.0/UDP b.example;branch=z9hG4bK2\r\n' +
        'Via: SIP/2.0/TCP c.example ;branch=z9hG4bK3\r\nFrom: "L\xe0" <sip:l@c.example>;tag=1\r\nTo: urn:service:sos;tag=x\r\n' +
        'Call-ID: b1\r\nCSeq: 4 MESSAGE\r\nServer: s\r\nContent-Length: 2\r\n\r\n\xc3\xa9',
    );
  });

  it(
    'adds a tag once, and none to a 100',
    { meta: { clause: ['RFC 3261 8.2.6.1', 'RFC 3261 8.2.6.2'] } },
    () => {
      const trying = read(buildResponse(request, 100, undefined, { toTag: 'x' }));
      expect([trying.to?.tag, trying.header('Timestamp')]).toEqual([undefined, '54']);
      const again = read(buildResponse(request, 404, 'Nobody', { toTag: 'x' }));
      expect([again.reason, again.to?.tag, again.has('Timestamp')]).toEqual(['Nobody', 'x', false]);
      const tagged = read(
        Buffer.from(
          'BYE sip:a@h.example SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nTo: <sip:a@h.example>;Tag=own\r\n\r\n',
        ),
      );
      expect(read(buildResponse(tagged, 200, undefined, { toTag: 'x' })).header('To')).toBe(
        '<sip:a@h.example>;Tag=own',
      );
    },
  );

  it('answers a refused request in one piece', { meta: { clause: 'RFC 3261 18.3' } }, () => {
    const parsed = parseDatagram(
      Buffer.from(
        'MESSAGE sip:a@h.example SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nCall-ID: a\rX-Evil: 1\nb\0\r\n\r\n',
      ),
    );
    if (parsed.kind !== 'invalid' || parsed.message === undefined) throw new Error();
    const answer = read(buildResponse(parsed.message, parsed.status, 'No\r\nX-Evil: 2'));
    expect([answer.status, answer.has('X-Evil'), answer.vias.length]).toEqual([400, false, 1]);
  });
});

describe('buildRequest', () => {
  it('writes the length of the octets and ignores one given', { meta: { clause: 'RFC 3261 20.14' } }, () => {
    const m = read(
      buildRequest({
        method: 'MESSAGE',
        uri: 'sip:a@h.example',
        headers: [['l', '99'], ['Subject', 'Año'], ['X\r\nY', 'a\r\nZ: b']],
        body: 'aquí',
      }), // prettier-ignore
    );
    expect(m.headers).toEqual([
      { name: 'Subject', value: 'Año' },
      { name: 'XY', value: 'aZ: b' },
      { name: 'Content-Length', value: '5' },
    ]);
    expect(m.body.toString()).toBe('aquí');
  });
});
