import { describe, expect, it } from 'vitest';
import { parseDatagram } from '../codec/datagram.js';
import { parseMediaType } from '../codec/media-type.js';
import type { BodyPart } from './body-part.js';
import { bodyPartOf, readBodyParts } from './read-multipart.js';
import { writeMultipart } from './write-multipart.js';

function parts(contentType: string, body: string | Buffer): readonly BodyPart[] {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  return readBodyParts({ contentType: parseMediaType(contentType), body: bytes });
}

function shown(found: readonly BodyPart[]): string[] {
  return found.map((part) => `${part.contentType?.subtype ?? '-'}:${part.body.toString('latin1')}`);
}

describe('readBodyParts', () => {
  it.each([
    [
      'as written',
      '--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\nContent-Type: a/xml\r\n\r\ntwo\r\n--b--\r\n',
    ],
    [
      'with preamble and epilogue',
      'pre --b\r\n--b\r\nc: x\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\nContent-Type: a/xml\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n--b\r\n\r\nno',
    ],
    ['with bare LF', '--b\nContent-Type: text/plain\n\none\n--b\nContent-Type: a/xml\n\ntwo\n--b--'],
    [
      'without close delimiter',
      '--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\nContent-Type: a/xml\r\n\r\ntwo',
    ],
    [
      'with blanks after the boundary',
      '--b \t\r\nContent-Type: text/plain\r\n\r\none\r\n--b  \r\nContent-Type: a/xml\r\n\r\ntwo\r\n--b--',
    ],
    [
      'with folded headers',
      '\r\n--b\r\nContent-Type:\r\n text/plain\r\n\r\none\r\n--b\r\nContent-Type: a/xml;\r\n\tx=y\r\n\r\ntwo\r\n--b--',
    ],
  ])('reads a multipart %s', { meta: { clause: ['RFC 2046 5.1.1', 'RFC 5621 3.1'] } }, (_, body) => {
    expect(shown(parts('multipart/mixed;boundary=b', body))).toEqual(['plain:one', 'xml:two']);
  });

  it('takes a boundary in quotes and one that begins another', { meta: { clause: 'RFC 2046 5.1.1' } }, () => {
    const body = '--a=:b\r\n\r\n--a=:bc\r\n--a=:\r\nx\r\n--a=:b--\r\n';
    expect(shown(parts('multipart/mixed; boundary="a=:b"', body))).toEqual(['-:--a=:bc\r\n--a=:\r\nx']);
    expect(shown(parts('multipart/mixed; boundary=a=:b', body))).toEqual(['-:--a=:bc\r\n--a=:\r\nx']);
  });

  it(
    'reads parts without headers, without body, without empty line',
    { meta: { clause: 'RFC 2046 5.1' } },
    () => {
      expect(
        shown(
          parts(
            'multipart/mixed;boundary=b',
            '--b\r\n\r\nplain\r\n--b\r\n\r\n\r\n--b\r\nX: y\r\n--b\r\n--b--',
          ),
        ),
      ).toEqual(['-:plain', '-:', '-:', '-:']);
      expect(shown(parts('multipart/mixed;boundary=b', '--b\r\nno header here\r\n--b--'))).toEqual([
        '-:no header here',
      ]);
    },
  );

  it('keeps octets', { meta: { clause: 'RFC 2046 5.1' } }, () => {
    const octets = Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 7) % 256));
    const { contentType, body } = writeMultipart([{ headers: [['Content-Type', 'a/b']], body: octets }]);
    expect(parts(contentType, body)[0]!.body.equals(octets)).toBe(true);
  });

  it('undoes base64', { meta: { clause: 'RFC 2045 6.8' } }, () => {
    const body = '--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\naG9s\r\nYQ==\r\n--b--';
    expect(shown(parts('multipart/mixed;boundary=b', body))).toEqual(['-:hola']);
  });

  it.each([
    ['base64', 'aG9s\r\nYQ==\t', 'hola', undefined],
    ['base64', 'aG9sYQ', 'hola', undefined],
    ['base64', 'no base64!', 'no base64!', 'broken'],
    ['base64', 'aG9sY', 'aG9sY', 'broken'],
    ['base64', 'aG=9', 'aG=9', 'broken'],
    ['Quoted-Printable', 'a=C3=B1=\r\n b  \r\nc=3d \t', 'a\xc3\xb1 b\r\nc=', undefined],
    ['quoted-printable', 'x=zz =4', 'x=zz =4', 'broken'],
    ['quoted-printable', 'soft=', 'soft', undefined],
    ['binary', '\x00\xff', '\x00\xff', undefined],
    ['8BIT', '=41', '=41', undefined],
    ['x-uuencode', '=41', '=41', 'unknown'],
  ])('undoes %s of %j', { meta: { clause: ['RFC 2045 6.7', 'RFC 2045 6.8', 'RFC 2045 6.4'] } }, (...row) => {
    const [encoding, sent, octets, problem] = row;
    const body = `--b\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${sent}\r\n--b--`;
    const [part] = parts('multipart/mixed;boundary=b', body);
    expect([part?.body.toString('latin1'), part?.encodingProblem]).toEqual([octets, problem]);
  });

  it('looks into a multipart that claims an encoding', { meta: { clause: 'RFC 2045 6.4' } }, () => {
    const inner = '--i\r\nContent-Type: text/plain\r\n\r\nhelp\r\n--i--';
    const body = `--b\r\nContent-Type: multipart/mixed;boundary=i\r\nContent-Transfer-Encoding: base64\r\n\r\n${inner}\r\n--b--`;
    expect(shown(parts('multipart/mixed;boundary=b', body))).toEqual(['plain:help']);
  });

  it('flattens what is nested, to a depth', { meta: { clause: 'RFC 5621 3.1' } }, () => {
    let body = 'core';
    let type = 'text/plain';
    for (let level = 0; level < 6; level++) {
      body = `--n${level}\r\nContent-Type: ${type}\r\n\r\n${body}\r\n--n${level}\r\nContent-Type: x/l${level}\r\n\r\n${level}\r\n--n${level}--`;
      type = `multipart/mixed;boundary=n${level}`;
    }
    const found = parts(type, body).map((part) => `${part.contentType?.type}/${part.contentType?.subtype}`);
    expect(found).toEqual(['multipart/mixed', 'x/l2', 'x/l3', 'x/l4', 'x/l5']);
  });

  it('stops at the limit', () => {
    const many = '--b\r\n\r\nx\r\n'.repeat(5000);
    expect(parts('multipart/mixed;boundary=b', many)).toHaveLength(50);
    expect(
      readBodyParts(
        { contentType: parseMediaType('multipart/mixed;boundary=b'), body: Buffer.from(many) },
        { maxParts: 3 },
      ),
    ).toHaveLength(3);
  });

  it('hands out whole what has no boundary or is none', { meta: { clause: 'RFC 3261 7.4' } }, () => {
    expect(shown(parts('multipart/mixed', 'x'))).toEqual(['mixed:x']);
    expect(shown(parts('multipart/mixed;boundary=""', 'x'))).toEqual(['mixed:x']);
    expect(shown(parts('text/plain', '--b\r\n'))).toEqual(['plain:--b\r\n']);
    expect(parts('multipart/mixed;boundary=b', '')).toEqual([]);
    expect(parts('multipart/mixed;boundary=b', 'nothing of it')).toEqual([]);
  });

  it('finds a part by its cid URI', { meta: { clause: ['RFC 2392 2', 'RFC 8262 3'] } }, () => {
    const found = parts(
      'multipart/mixed;boundary=b',
      '--b\r\nContent-ID: <a%b@c>\r\n\r\n1\r\n--b\r\ncontent-id: <x@y>\r\n\r\n2\r\n--b--',
    );
    expect(bodyPartOf(found, 'CID:x%40y')?.body.toString()).toBe('2');
    expect(bodyPartOf(found, 'cid:a%25b@c')?.body.toString()).toBe('1');
    expect(bodyPartOf(found, 'cid:a%b@c')?.body.toString()).toBe('1');
    expect(bodyPartOf(found, 'http://x@y')).toBeUndefined();
    const parsed = parseDatagram(
      Buffer.from('MESSAGE sip:a@h SIP/2.0\r\nContent-ID: <x@y>\r\nc: a/b\r\n\r\nbody'),
    );
    if (parsed.kind !== 'message') throw new Error();
    expect(bodyPartOf(readBodyParts(parsed.message), 'cid:x@y')?.body.toString()).toBe('body');
  });
});

describe('writeMultipart', () => {
  it('takes a boundary that no part holds', { meta: { clause: 'RFC 2046 5.1.1' } }, () => {
    const first = writeMultipart([{ headers: [], body: 'x' }]);
    // Readable for those in the field that take neither quotes nor hyphens.
    expect(first.contentType).toMatch(/^multipart\/mixed;boundary=[a-z0-9]+$/);
    const evil = `\r\n${first.body.toString().split('\r\n')[0]}\r\n\r\nsmuggled\r\n`;
    const { contentType, body } = writeMultipart([
      { headers: [], body: evil },
      { headers: [], body: '' },
    ]);
    expect(parts(contentType, body).map((part) => part.body.toString())).toEqual([evil, '']);
  });

  it('lets no value add a header', { meta: { clause: 'RFC 2046 5.1' } }, () => {
    const { contentType, body } = writeMultipart(
      [{ headers: [['Content-ID', '<a@b>\r\nX-Evil: 1\r\n\r\n']], body: 'x' }],
      {
        boundary: 'my"b\r\n',
        subtype: 'alternative',
      },
    );
    expect(contentType).toBe('multipart/alternative;boundary=myb');
    const [part] = parts(contentType, body);
    expect([part?.headers.has('x-evil'), part?.body.toString()]).toEqual([false, 'x']);
  });
});
