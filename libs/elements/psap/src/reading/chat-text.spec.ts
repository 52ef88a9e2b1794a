import { parseMediaType, readBodyParts } from '@esinet/sip';
import { describe, expect, it } from 'vitest';
import { decodeText, readChatText } from './chat-text.js';

const bytes = (...octets: number[]): Buffer => Buffer.from(octets);

describe('octets as text', () => {
  const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}';
  const rows: [string, Buffer, string | undefined, string, string[]][] = [
    ['emoji of several code points', Buffer.from(`${family} 🚒🇪🇸`), 'utf-8', `${family} 🚒🇪🇸`, []],
    ['right to left, with its marks', Buffer.from('\u202Bمساعدة\u202C \u200Fעזרה'), 'UTF-8', '\u202Bمساعدة\u202C \u200Fעזרה', []],
    ['a right-to-left override is kept', Buffer.from('a\u202Egpj.exe'), undefined, 'a\u202Egpj.exe', []],
    ['combining marks by the dozen', Buffer.from(`z${'\u0335'.repeat(40)}`), 'utf-8', `z${'\u0335'.repeat(40)}`, []],
    ['nothing', Buffer.alloc(0), 'utf-8', '', []],
    ['only line ends and tabs', Buffer.from('\r\n\t'), 'utf-8', '\r\n\t', []],
    ['a NUL', bytes(0x68, 0, 0x69), 'utf-8', 'h\0i', ['text: control characters']],
    ['escape sequences', Buffer.from('\x1b[2Jhelp\x07'), 'utf-8', '\x1b[2Jhelp\x07', ['text: control characters']],
    ['a byte order mark', Buffer.from('\uFEFFhelp'), 'utf-8', 'help', []],
    ['a lone surrogate', bytes(0x68, 0xed, 0xa0, 0x80), 'utf-8', 'h\uFFFD\uFFFD\uFFFD', ['text: not UTF-8']],
    ['an overlong slash beside true UTF-8', Buffer.concat([Buffer.from('ñ '), bytes(0xc0, 0xaf)]), 'utf-8', 'ñ \uFFFD\uFFFD', ['text: not UTF-8']],
    ['a character cut in half', Buffer.from('año ñ').subarray(0, -1), 'utf-8', 'año \uFFFD', ['text: not UTF-8']],
    ['Latin-1 that says UTF-8', Buffer.from('mi señora está ahí', 'latin1'), 'utf-8', 'mi señora está ahí', ['text: not UTF-8']],
    ['Latin-1 that says so', Buffer.from('está', 'latin1'), 'ISO-8859-1', 'está', []],
    ['Windows quotes', bytes(0x93, 0x68, 0x94, 0x80), 'windows-1252', '“h”€', []],
    ['Shift_JIS', bytes(0x8f, 0x95, 0x82, 0xaf, 0x82, 0xc4), 'Shift_JIS', '助けて', []],
    ['KOI8-R', bytes(0xd0, 0xcf, 0xcd, 0xcf, 0xc7, 0xc9, 0xd4, 0xc5), 'koi8-r', 'помогите', []],
    ['UTF-16 with its mark', Buffer.from('\uFEFFhelp ñ', 'utf16le'), 'utf-16', 'help ñ', []],
    ['UTF-16 with half a pair', bytes(0x68, 0, 0x3d, 0xd8), 'utf-16le', 'h\uFFFD', ['text: not in its charset']],
    ['a charset nobody knows', Buffer.from('ayúdame'), 'x-klingon', 'ayúdame', ['text: unknown charset']],
    ['an empty charset', Buffer.from('ñ'), ' ', 'ñ', []],
  ]; // prettier-ignore
  it.each(rows)('%s', { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 2046 4.1.2'] } }, (_, octets, charset, text, problems) => {
    expect(decodeText(octets, charset)).toEqual({ text, problems });
    expect(Buffer.from(text).toString()).toBe(text);
  }); // prettier-ignore
});

describe('the text of a message', () => {
  const read = (contentType: string, body: string | Buffer) =>
    readChatText(readBodyParts({ contentType: parseMediaType(contentType), body: Buffer.from(body) }));
  const multipart = (...parts: string[]) =>
    read('multipart/mixed;boundary=b', `--b\r\n${parts.join('\r\n--b\r\n')}\r\n--b--`);

  it('is every plain part in its order, attachments apart', { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 2183 2'] } }, () => {
    const found = multipart(
      'Content-Type: text/plain\r\n\r\none',
      'Content-Type: text/plain\r\nContent-Disposition: attachment; filename=log.txt\r\n\r\nlog',
      '\r\ntwo',
      'Content-Type: text/html\r\n\r\n<b>three</b>',
      'Content-Type: TEXT/Plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=B1',
      'Content-Type: text/plain\r\n\r\n',
    );
    expect(found).toMatchObject({ text: 'one\ntwo\nñ\n', problems: [] });
    expect(found.parts).toHaveLength(4);
  }); // prettier-ignore

  const types: [string, string, string | undefined, string[]][] = [
    ['text/html', '<p>help</p>', '<p>help</p>', ['text: sent as text/html']],
    ['message/cpim', 'To: x\r\n\r\nhelp', 'To: x\r\n\r\nhelp', ['text: sent as message/cpim']],
    ['application/octet-stream', 'help me', 'help me', ['text: sent as application/octet-stream']],
    ['application/json', '{"text":"help"}', '{"text":"help"}', ['text: sent as application/json']],
    ['application/octet-stream', 'x\0y', undefined, []],
    ['image/png', 'help', undefined, []],
    ['text/vcard', 'BEGIN:VCARD', undefined, []],
    ['application/pdf', 'help', undefined, []],
    ['chemical/x-mdl', 'help', 'help', ['text: sent as chemical/x-mdl']],
    ['nonsense', 'help', 'help', []],
    ['multipart/mixed', 'help', undefined, []],
  ];
  it.each(types)('sent as %s: %j', { meta: { clause: 'TS 103 698 6.1.2.8' } }, (type, body, text, problems) => {
    expect(read(type, body)).toMatchObject({ text, problems });
  }); // prettier-ignore

  it('is an attachment if there is no other', { meta: { clause: 'RFC 2183 2' } }, () => {
    expect(
      multipart('Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nhelp', 'Content-Type: image/png\r\n\r\nx').text,
    ).toBe('help');
  }); // prettier-ignore

  it('is not what is packed, and says when it was mangled', { meta: { clause: ['RFC 3261 20.12', 'RFC 2045 6.8'] } }, () => {
    expect(multipart('Content-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\nx').text).toBeUndefined();
    expect(multipart('Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nhelp me!')).toMatchObject({
      text: 'help me!',
      problems: ['text: transfer encoding broken'],
    });
  }); // prettier-ignore
});
