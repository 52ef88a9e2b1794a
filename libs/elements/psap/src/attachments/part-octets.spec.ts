import { buildRequest } from '@esinet/sip';
import { describe, expect, it } from 'vitest';
import { partHeaders, partOctets } from './part-octets.js';

function raw(contentType: string, body: Buffer): string {
  return buildRequest({
    method: 'MESSAGE',
    uri: 'urn:service:sos',
    headers: [
      ['Via', 'SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1'],
      ['From', '<sip:a@b>;tag=1'],
      ['To', '<urn:service:sos>'],
      ['Call-ID', 'a'],
      ['CSeq', '1 MESSAGE'],
      ['Content-Type', contentType],
    ],
    body,
  }).toString('base64');
}

const every = Buffer.from(Array.from({ length: 1_024 }, (_, i) => (i * 37) % 256));

describe('an attachment', () => {
  it(
    'is what was sent, octet by octet',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 2046 5.1'], shall: '6.1.2.8-5' } },
    () => {
      const body = Buffer.concat([
      Buffer.from('--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n'),
      every,
      Buffer.from('\r\n--b\r\nContent-Type: application/EmergencyCallData.eCall.MSD\r\nContent-Transfer-Encoding: base64\r\n\r\n'),
      Buffer.from(every.toString('base64')),
      Buffer.from('\r\n--b\r\nContent-Type: x/y\r\nContent-Transfer-Encoding: x-unknown\r\n\r\n=41\r\n--b--'),
    ]); // prettier-ignore
      const record = { raw: raw('multipart/mixed;boundary=b', body) };
      expect(partOctets(record, 0)?.body.equals(every)).toBe(true);
      expect(partOctets(record, 1)).toMatchObject({
        contentType: 'application/emergencycalldata.ecall.msd',
        body: every,
      });
      expect(partOctets(record, 2)?.body.toString()).toBe('=41');
      for (const n of [3, -1, 0.5, Number.NaN]) expect(partOctets(record, n)).toBeUndefined();
      expect(partOctets({}, 0)).toBeUndefined();
      expect(partOctets({ raw: 'AAAA' }, 0)).toBeUndefined();
    },
  );

  it('of a transferred chat comes from the history', { meta: { clause: 'TS 103 698 6.3.3' } }, () => {
    const record = {
      otherParts: [{ part: 2, contentType: 'image/png', bytes: 3 }],
      bodies: { '2': 'AAEC' },
    };
    expect(partOctets(record, 2)?.body).toEqual(Buffer.from([0, 1, 2]));
    expect(partOctets(record, 1)).toBeUndefined();
  });

  const types: [string, string][] = [
    ['image/png', 'image/png'],
    ['text/vcard', 'text/vcard'],
    ['application/emergencycalldata.ecall.msd', 'application/emergencycalldata.ecall.msd'],
    ['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['application/xhtml+xml', 'application/octet-stream'],
    ['text/javascript', 'application/octet-stream'],
    ['text/xml', 'application/octet-stream'],
    ['multipart/x-mixed-replace', 'application/octet-stream'],
    ['unknown', 'application/octet-stream'],
    ['a/b\r\nX: y', 'application/octet-stream'],
  ];
  it.each(types)('of type %j is given as %s', { meta: { clause: 'RFC 9110 8.3' } }, (contentType, given) => {
    expect(partHeaders({ contentType, body: every }, 'part-1-2')).toMatchObject({
      'content-type': given,
      'content-length': '1024',
      'content-disposition': `attachment; filename="part-1-2"; filename*=UTF-8''part-1-2`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'cache-control': 'no-store',
    });
  });

  const names: [string, string, string][] = [
    ['house fire.jpg', 'house_fire.jpg', 'house%20fire.jpg'],
    ['../../etc/passwd', 'passwd', 'passwd'],
    ['C:\\temp\\a.png', 'a.png', 'a.png'],
    ['a"; filename=b.exe\r\nX: y', 'a___filename_b.exeX__y', 'a%22%3B%20filename%3Db.exeX%3A%20y'],
    ['señal\u202Egpj.exe', 'se_al_gpj.exe', 'se%C3%B1al%E2%80%AEgpj.exe'],
    ['', 'part', 'part'],
    ['\ud800', '_', '%EF%BF%BD'],
  ];
  it.each(names)('called %j is saved as %s', { meta: { clause: 'RFC 6266 4.3' } }, (filename, plain, encoded) => {
    const headers = partHeaders({ contentType: 'a/b', filename, body: every }, 'x');
    expect(headers['content-disposition']).toBe(`attachment; filename="${plain}"; filename*=UTF-8''${encoded}`);
  }); // prettier-ignore
});
