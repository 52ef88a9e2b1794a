import { expect, it } from 'vitest';
import { oneLine, wellFormed, writeBody } from './write-body.js';

it('one text is the body itself', { meta: { clause: 'RFC 3428 4' } }, () => {
  expect(writeBody([{ contentType: 'text/plain; charset=utf-8', body: 'Fire 🔥' }], 'b')).toEqual({
    contentType: 'text/plain; charset=utf-8',
    body: 'Fire 🔥',
  });
  expect(writeBody([], 'b')).toBeUndefined();
});

it(
  'several parts are multipart/mixed with an unquoted boundary',
  { meta: { clause: 'RFC 2046 5.1.1' } },
  () => {
    const written = writeBody(
      [
        { contentType: 'text/plain', body: 'help' },
        {
          contentType: 'application/pidf+xml',
          contentId: 'place@app',
          disposition: 'render',
          body: '<presence/>',
        },
      ],
      'part-1',
    );
    expect(written).toEqual({
      contentType: 'multipart/mixed;boundary=part-1',
      body:
        '--part-1\r\nContent-Type: text/plain\r\n\r\nhelp\r\n' +
        '--part-1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <place@app>\r\nContent-Disposition: render\r\n\r\n' +
        '<presence/>\r\n--part-1--\r\n',
    });
  },
);

it(
  'bytes that are no UTF-8 travel in base64, lines of at most 76',
  { meta: { clause: 'RFC 2045 6.8' } },
  () => {
    const bytes = Uint8Array.from({ length: 400 }, (_, i) => i % 256);
    const { body = '' } = writeBody([{ contentType: 'image/png', body: bytes }], 'b') ?? {};
    expect(body).toContain('Content-Transfer-Encoding: base64\r\n');
    const lines = (body.split('\r\n\r\n')[1]?.split('\r\n--b--')[0] ?? '').split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).toBe(76);
    expect(Uint8Array.from(Buffer.from(lines.join(''), 'base64'))).toEqual(bytes);
  },
);

it('bytes that are UTF-8 go out as they are, a byte order mark and bare line ends included', () => {
  const text = '\ufeffBEGIN:VCARD\nFN:Ærø\r\n';
  const { body = '' } =
    writeBody(
      [
        { contentType: 'text/vcard', body: new TextEncoder().encode(text) },
        { contentType: 'text/plain', body: 'x' },
      ],
      'b',
    ) ?? {};
  expect(body).toContain(`\r\n\r\n${text}\r\n--b`);
  expect(body).not.toContain('base64');
});

it('half an emoji does not stop a message', () => {
  expect(wellFormed('fire \ud83d')).toBe('fire \ufffd');
  expect(wellFormed('👩‍🚒')).toBe('👩‍🚒');
});

it('no value becomes a header of its own', { meta: { clause: 'RFC 3261 7.3.1' } }, () => {
  expect(oneLine('a\r\nTo: <sip:x@y>')).toBe('a  To: <sip:x@y>');
});
