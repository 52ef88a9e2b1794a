import { describe, expect, it } from 'vitest';
import { parseDatagram } from './datagram.js';
import type { SipMessage } from './sip-message.js';

function read(...lines: string[]): SipMessage {
  const parsed = parseDatagram(Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'utf8'));
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

const START = 'MESSAGE urn:service:sos SIP/2.0';

/** One message in three spellings. */
const spellings = {
  long: read(
    START,
    'Via: SIP/2.0/TLS relay.example:5061;branch=z9hG4bKone',
    'Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKtwo;rport',
    'From: "Ortega, Lucia" <sip:lucia@carrier.example>;tag=77',
    'To: <urn:service:sos>',
    'Call-ID: chat-1@app.example',
    'CSeq: 9 MESSAGE',
    'Max-Forwards: 70',
    'Contact: <sip:lucia@198.51.100.7>',
    'Supported: geolocation, path',
    'Subject: smoke on the stairs',
    'Content-Type: text/plain;charset=utf-8',
    'Content-Length: 0',
  ),
  compact: read(
    START,
    'v: SIP/2.0/TLS relay.example:5061;branch=z9hG4bKone, SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKtwo;rport',
    'f: "Ortega, Lucia" <sip:lucia@carrier.example>;tag=77',
    't:<urn:service:sos>',
    'i:chat-1@app.example',
    'CSeq:9 MESSAGE',
    'Max-Forwards:70',
    'm:<sip:lucia@198.51.100.7>',
    'k:geolocation,path',
    's:smoke on the stairs',
    'c:text/plain;charset=utf-8',
    'l:0',
  ),
  folded: read(
    START,
    'VIA :\r\n SIP/2.0/TLS\r\n\trelay.example:5061;branch=z9hG4bKone  ,\r\n   SIP/2.0/UDP 198.51.100.7\r\n ;branch=z9hG4bKtwo;rport',
    'fROM: "Ortega, Lucia"\r\n <sip:lucia@carrier.example>\r\n\t;\r\n tag = 77',
    'TO \t :\t<urn:service:sos>   ',
    'call-id:\r\n chat-1@app.example',
    'CSEQ: 9\r\n   MESSAGE',
    'max-forwards: 0070',
    'M: <sip:lucia@198.51.100.7>',
    'K: geolocation  ,\r\n path',
    'S: smoke \r\n \r\n on the\r\n\tstairs',
    'C: text\r\n /plain ; charset=utf-8',
    'L: \r\n 0',
  ),
};

function values(m: SipMessage): unknown {
  const via = m.vias.map(({ transport, host, port, branch, rport }) => ({
    transport,
    host,
    port,
    branch,
    rport,
  }));
  return {
    via,
    top: m.topVia?.branch,
    from: m.from,
    to: m.to,
    callId: m.callId,
    cseq: m.cseq,
    maxForwards: m.maxForwards,
    contact: m.values('Contact'),
    supported: m.values('supported'),
    subject: m.header('sUBJECT'),
    contentType: m.contentType,
    length: m.header('Content-Length'),
  };
}

describe('header section', () => {
  it(
    'reads alike compact, long, folded and in any case',
    { meta: { clause: ['RFC 3261 7.3.1', 'RFC 3261 7.3.3'] } },
    () => {
      expect(values(spellings.compact)).toEqual(values(spellings.long));
      expect(values(spellings.folded)).toEqual(values(spellings.long));
      expect(spellings.long.vias).toHaveLength(2);
    },
  );

  it('finds a header by either form', { meta: { clause: 'RFC 3261 7.3.3' } }, () => {
    for (const m of Object.values(spellings))
      for (const name of ['v', 'V', 'via', 'VIA', 'Via']) expect(m.values(name)).toHaveLength(2);
    expect(spellings.long.has('q')).toBe(false);
  });

  it(
    'finds headers it has no number for, and not by a prefix',
    { meta: { clause: 'RFC 3261 7.3.1' } },
    () => {
      const m = read(START, 'X-Tone-Extra: long', 'x-TONE : short', 'X-Ton: shorter');
      expect(m.header('X-Tone')).toBe('short');
      expect(m.header('x-tone-EXTRA')).toBe('long');
      expect(m.has('X-To')).toBe(false);
      expect(m.has('')).toBe(false);
    },
  );

  it(
    'splits lists only at commas outside quotes and brackets',
    { meta: { clause: 'RFC 3261 7.3.1' } },
    () => {
      const m = read(
        START,
        'Contact: "a, \\", b" <sip:x,y@h.example?Subject=a,b>;q=1 , <sip:z@h.example>',
        'Contact: sip:bare@h.example,,',
        'Contact:',
      );
      expect(m.values('m')).toEqual([
        '"a, \\", b" <sip:x,y@h.example?Subject=a,b>;q=1',
        '<sip:z@h.example>',
        'sip:bare@h.example',
      ]);
      expect(m.headerLines('Contact')).toHaveLength(3);
    },
  );

  it('reads UTF-8 where a header holds it', { meta: { clause: 'RFC 3261 7.3.1' } }, () => {
    const m = read(START, 'From: "Núñez 救急" <sip:n@carrier.example>;tag=1', 'Subject: café\u00a0');
    expect(m.from?.displayName).toBe('Núñez 救急');
    expect(m.header('Subject')).toBe('café\u00a0');
  });

  it('holds any URI in To and From', { meta: { clause: ['RFC 3261 20.39', 'RFC 5031 4.2'] } }, () => {
    for (const [to, uri, tag] of [
      ['<urn:service:sos>', 'urn:service:sos', undefined],
      ['urn:service:sos', 'urn:service:sos', undefined],
      ['urn:service:sos.police;tag=4', 'urn:service:sos.police', '4'],
      ['Emergency <urn:service:sos>;tag=5', 'urn:service:sos', '5'],
      ['<tel:112>', 'tel:112', undefined],
      ['<tel:112;phone-context=+34>;tag=6', 'tel:112;phone-context=+34', '6'],
      ['sip:%61%40b@[2001:db8::1]:5070;tag=7', 'sip:%61%40b@[2001:db8::1]:5070', '7'],
    ] as const) {
      const m = read(START, `To: ${to}`);
      expect([m.to?.uri, m.to?.tag], to).toEqual([uri, tag]);
    }
  });

  it('gives nothing for a broken value and keeps the rest', { meta: { clause: 'RFC 3261 8.2' } }, () => {
    const m = read(
      START,
      'Via: SIP/2.0/UDP',
      'Via: SIP/2.0/UDP good.example',
      'CSeq: 5000000000 MESSAGE',
      'To: "open <sip:a@b.example>',
      'From: <sip:a@b.example',
      'Max-Forwards: 256',
      'Content-Type: text',
      'Call-ID: fine',
    );
    expect([m.topVia, m.cseq, m.to, m.from, m.maxForwards, m.contentType]).toEqual(Array(6).fill(undefined));
    expect(m.vias).toEqual([]);
    expect(m.callId).toBe('fine');
  });

  it('gives out strings that outlive the octets', () => {
    const parsed = parseDatagram(Buffer.from(spellings.long.bytes));
    if (parsed.kind !== 'message') throw new Error();
    const { message } = parsed;
    const before = [message.callId, message.requestUri, message.topVia?.branch, message.from?.displayName];
    message.bytes.fill(0);
    expect([message.callId, message.requestUri, message.topVia?.branch, message.from?.displayName]).toEqual(
      before,
    );
    expect(before).toEqual(['chat-1@app.example', 'urn:service:sos', 'z9hG4bKone', 'Ortega, Lucia']);
  });
});

describe('start line', () => {
  it('tells a response by its version', { meta: { clause: 'RFC 3261 7.2' } }, () => {
    const m = read('sip/2.0 486 Ocupado aquí', 'CSeq: 3 INVITE');
    expect([m.isRequest, m.status, m.reason, m.method, m.requestUri]).toEqual([
      false,
      486,
      'Ocupado aquí',
      'INVITE',
      '',
    ]);
    expect(read('SIP/2.0 200').reason).toBe('');
    expect(read('SIP/2.0 200 OK').method).toBe('');
  });

  it('keeps the method as sent', { meta: { clause: 'RFC 3261 7.1' } }, () => {
    for (const method of ['MESSAGE', 'message', 'X', 'SIP', 'MESSAGES'])
      expect(read(`${method} sip:a@b.example SIP/2.0`).method).toBe(method);
  });
});
