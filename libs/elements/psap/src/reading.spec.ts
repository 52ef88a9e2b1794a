import { writePidfLo } from '@esinet/location';
import { type SipMessage, buildRequest, parseDatagram, writeMultipart } from '@esinet/sip';
import { describe, expect, it } from 'vitest';
import { Centres } from './centre.js';
import { psapConfigSchema } from './config.js';
import { readIncoming } from './incoming-message.js';
import { chatIdOf, recordKey, reusedKey } from './message-record.js';

function message(o: { uri?: string; headers?: [string, string][]; body?: string | Buffer }): SipMessage {
  const parsed = parseDatagram(
    buildRequest({
      method: 'MESSAGE',
      uri: o.uri ?? 'urn:service:sos',
      headers: [
        ['Via', 'SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1'],
        ['From', '<sip:ana@provider.lab>;tag=1'],
        ['To', '<urn:service:sos>'],
        ['Call-ID', 'a'],
        ['CSeq', '1 MESSAGE'],
        ...(o.headers ?? []),
      ],
      ...(o.body !== undefined && { body: o.body }),
    }),
  );
  if (parsed.kind !== 'message') throw new Error('the test wrote no message');
  return parsed.message;
}

describe('which centre', () => {
  const config = psapConfigSchema.parse({
    centres: [{ uri: 'sip:madrid@psap.esinet.internal', name: '112 Madrid', greeting: 'Hola, {name}' }],
  });
  const rows: [string, string, [string, string][], string | undefined][] = [
    [
      'the Route before the Request-URI',
      'sip:toledo@psap.esinet.internal',
      [['Route', '<sip:madrid@psap.esinet.internal;lr>']],
      'madrid',
    ],
    [
      'only the topmost Route',
      'urn:service:sos',
      [['Route', '<sip:other@elsewhere.lab;lr>, <sip:madrid@psap.esinet.internal;lr>']],
      undefined,
    ],
    [
      'a service URN with a Route',
      'urn:service:sos',
      [['Route', '<sip:madrid@psap.esinet.internal;lr>']],
      'madrid',
    ],
    ['the Request-URI', 'sip:madrid@PSAP.esinet.internal;transport=tcp', [], 'madrid'],
    [
      'a foreign Route and our Request-URI',
      'sip:madrid@psap.esinet.internal',
      [['Route', '<sip:10.0.0.1;lr>']],
      'madrid',
    ],
    ['another domain', 'sip:madrid@esinet.lab', [], undefined],
    ['nobody', 'urn:service:sos', [], undefined],
  ];
  it.each(rows)('%s', { meta: { clause: 'RFC 3261 16.4' } }, (_, uri, headers, want) => {
    expect(new Centres(config).of(message({ uri, headers }))?.id).toBe(want);
  });

  it(
    'takes unlisted users by the pattern of the domain, or not',
    { meta: { clause: 'TS 103 698 5.4.1' } },
    () => {
      const request = message({ uri: 'sip:toledo@psap.esinet.internal' });
      expect(new Centres(config).of(request)).toMatchObject({
        id: 'toledo',
        uri: 'sip:toledo@psap.esinet.internal',
        name: 'toledo',
      });
      const listed = new Centres({ ...config, acceptAny: false });
      expect(listed.of(request)).toBeUndefined();
      expect(listed.default.uri).toBe('sip:default@psap.esinet.internal');
      expect(listed.get('madrid')?.greeting).toBe('Hola, 112 Madrid');
    },
  );
});

describe('a message', () => {
  const pidf = writePidfLo({
    entity: 'sip:ana@provider.lab',
    shape: { type: 'point', position: [-3.7, 40.4] },
    timestamp: '2026-01-01T00:00:00Z',
    retentionExpiry: '2026-01-02T00:00:00Z',
  });

  it('has its location in the part the Geolocation names', { meta: { clause: 'RFC 6442 4.2' } }, () => {
    const decoy = pidf.replace('40.4', '10');
    const { contentType, body } = writeMultipart([
      {
        headers: [
          ['Content-Type', 'application/pidf+xml'],
          ['Content-ID', '<decoy@x>'],
        ],
        body: decoy,
      },
      {
        headers: [
          ['Content-Type', 'application/pidf+xml'],
          ['Content-ID', '<loc%1@x>'],
        ],
        body: pidf,
      },
      { headers: [['Content-Type', 'text/plain']], body: 'one' },
      { headers: [['Content-Type', 'text/plain;charset=utf-8']], body: 'two' },
    ]);
    const read = readIncoming(
      message({
        headers: [
          ['Geolocation', '<cid:loc%251@x>, <https://lis.lab/1>'],
          ['Geolocation', '<ftp://x/y>'],
          ['Content-Type', contentType],
        ],
        body,
      }),
    );
    expect(read.location.pidfLo?.shapes).toEqual([{ type: 'point', position: [-3.7, 40.4] }]);
    expect(read.location.references).toEqual(['https://lis.lab/1']);
    expect(read.text).toBe('one\ntwo');
    expect(read.others).toEqual([
      { part: 0, contentType: 'application/pidf+xml', contentId: 'decoy@x', bytes: decoy.length },
    ]);
  });

  it('loses nothing to a broken location or an odd header', { meta: { clause: 'RFC 6442 4.4' } }, () => {
    const { contentType, body } = writeMultipart([
      { headers: [['Content-Type', 'text/plain']], body: 'help' },
      { headers: [['Content-Type', 'application/pidf+xml']], body: '<presence' },
    ]);
    const read = readIncoming(
      message({
        headers: [
          ['Geolocation', 'garbage'],
          ['Call-Info', '<>;purpose=EmergencyCallData.CallId'],
          ['P-Asserted-Identity', '<tel:+34>'],
          ['Content-Type', contentType],
        ],
        body,
      }),
    );
    expect(read).toMatchObject({
      text: 'help',
      caller: 'sip:ana@provider.lab',
      service: 'urn:service:sos',
      test: false,
    });
    expect(read.location.document).toBe('<presence');
    expect(read.problems).toEqual([
      'callId: not a URI',
      'no call identifier',
      'no message type',
      'geolocation cannot be read',
      'location: xml',
    ]);
  });

  it(
    'goes back to an address without headers smuggled into it',
    { meta: { clause: 'RFC 3261 19.1.5' } },
    () => {
      const read = readIncoming(
        message({
          headers: [['P-Asserted-Identity', '<sip:ana@provider.lab?Route=%3Csip:evil%3E>']],
          body: 'x',
        }),
      );
      expect(read.caller).toBe('sip:ana@provider.lab');
      expect(readIncoming(message({ uri: 'urn:service:sos.fire.test' }))).toMatchObject({
        service: 'urn:service:sos.fire',
        test: true,
        text: undefined,
      });
    },
  );

  it(
    'has one key for all its copies, and none that another can take',
    { meta: { clause: 'TS 103 698 6.1.2.7' } },
    () => {
      const chat = chatIdOf('urn:x', 'madrid', 'sip:ana@provider.lab');
      const base = {
        chat,
        direction: 'in',
        sender: 'sip:ana@provider.lab',
        messageId: 2,
        messageType: 259,
        reference: 'r1',
      } as const;
      expect(recordKey({ ...base, reference: 'r2' })).toBe(recordKey(base));
      const others = [
        { sender: 'sip:eve@provider.lab' },
        { messageId: 3 },
        { messageType: 258 },
        { direction: 'out' as const },
      ];
      for (const other of others) expect(recordKey({ ...base, ...other })).not.toBe(recordKey(base));
      const { messageId: _id, messageType: _type, ...bare } = base;
      expect(recordKey({ ...bare, reference: 'r2' })).not.toBe(recordKey(bare));
      expect(reusedKey('k', { reference: 'r1', text: 'a' })).not.toBe(
        reusedKey('k', { reference: 'r1', text: 'b' }),
      );
      expect(recordKey(base).startsWith(`${chat}/`)).toBe(true);
    },
  );
});
