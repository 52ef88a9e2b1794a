import { describe, expect, it } from 'vitest';
import { buildRequest } from './build.js';
import { StreamFramer } from './stream-framer.js';
import type { Parsed } from './parsed.js';

function message(n: number, body = 'help'): Buffer {
  return buildRequest({
    method: 'MESSAGE',
    uri: 'sip:desk@madrid.example',
    headers: [
      ['Via', `SIP/2.0/TCP a.example;branch=z9hG4bK${n}`],
      ['From', '<sip:l@c.example>;tag=1'],
      ['To', '<sip:desk@madrid.example>'],
      ['Call-ID', `stream-${n}`],
      ['CSeq', `${n} MESSAGE`],
    ],
    body,
  });
}

function shown(parsed: readonly Parsed[]): unknown[] {
  return parsed.map((p) => {
    if (p.kind === 'message') return [p.message.callId, p.message.body.toString()];
    return p.kind === 'invalid' ? [p.status, p.reason] : p.reply?.toString();
  });
}

const STREAM = Buffer.concat([
  Buffer.from('\r\n\r\n'),
  message(1, ''),
  message(2, 'x\r\n\r\ny'),
  Buffer.from('\r\n'),
  message(3, 'b'.repeat(9000)),
  Buffer.from('\r\n\r\n\r\n\r\n'),
  message(4),
]);

describe('StreamFramer', () => {
  it('gives the same however the stream is cut', { meta: { clause: 'RFC 3261 18.3' } }, () => {
    const whole = shown(new StreamFramer().push(STREAM));
    expect(whole).toEqual([
      '\r\n',
      ['stream-1', ''],
      ['stream-2', 'x\r\n\r\ny'],
      ['stream-3', 'b'.repeat(9000)],
      '\r\n',
      '\r\n',
      ['stream-4', 'help'],
    ]);
    for (const size of [1, 2, 3, 7, 100, 511, 4096]) {
      const framer = new StreamFramer();
      const seen: Parsed[] = [];
      for (let at = 0; at < STREAM.length; at += size)
        seen.push(...framer.push(STREAM.subarray(at, at + size)));
      expect(shown(seen), `${size} octets at a time`).toEqual(whole);
      expect(framer.broken).toBe(false);
    }
  });

  it('does not write over a message it gave out', () => {
    const framer = new StreamFramer();
    const seen: Parsed[] = [];
    const stream = Buffer.concat(Array.from({ length: 50 }, (_, n) => message(n, `body ${n}`)));
    const chunk = Buffer.alloc(97);
    for (let at = 0; at < stream.length; at += chunk.length) {
      const piece = stream.subarray(at, at + chunk.length);
      seen.push(...framer.push(Buffer.from(piece)));
    }
    expect(shown(seen)).toEqual(Array.from({ length: 50 }, (_, n) => [`stream-${n}`, `body ${n}`]));
  });

  it(
    'answers a double CRLF with one, and a single one with nothing',
    { meta: { clause: 'RFC 5626 3.5.1' } },
    () => {
      const framer = new StreamFramer();
      expect(framer.push(Buffer.from('\r\n'))).toEqual([]);
      expect(shown(framer.push(Buffer.from('\r\n')))).toEqual(['\r\n']);
      expect(framer.push(Buffer.from('\r\n'))).toEqual([]);
      expect(shown(framer.push(message(1)))).toEqual([['stream-1', 'help']]);
      expect(framer.push(Buffer.from('\r\n'))).toEqual([]);
    },
  );

  it.each([
    ['no Content-Length', (m: string) => m.replace(/Content-Length.*\r\n/, ''), 400],
    ['two of them', (m: string) => m.replace('Content-Length', 'l: 9\r\nContent-Length'), 400],
    ['a negative one', (m: string) => m.replace('Length: ', 'Length: -'), 400],
    ['more than a message may have', (m: string) => m.replace('Length: 4', 'Length: 4000000000'), 513],
    ['a bare LF', (m: string) => m.replace('\r\nTo', '\nTo'), 400],
    ['a bare CR', (m: string) => m.replace('\r\nTo', '\rX: y\r\nTo'), 400],
    [
      'too large a header section',
      (m: string) => m.replace('To:', `${`X: ${'x'.repeat(5000)}\r\n`.repeat(4)}To:`),
      513,
    ],
  ])('is broken by %s', (_, spoil, status) => {
    const framer = new StreamFramer();
    const bytes = Buffer.from(spoil(message(1).toString('latin1')), 'latin1');
    const [first, ...more] = framer.push(Buffer.concat([message(0), bytes, message(2)])).slice(1);
    expect(first).toMatchObject({ kind: 'invalid', status });
    expect(more).toEqual([]);
    expect(framer.broken).toBe(true);
    expect(framer.push(message(3))).toEqual([]);
  });

  it('goes on after a message that is refused for what it says', () => {
    const framer = new StreamFramer();
    const bad = Buffer.from(message(1).toString('latin1').replace('Call-ID:', 'Call ID:'), 'latin1');
    expect(shown(framer.push(Buffer.concat([bad, message(2)])))).toEqual([
      [400, 'Malformed Header Line'],
      ['stream-2', 'help'],
    ]);
    expect(framer.broken).toBe(false);
  });

  it('gives up on a header section without end, and on what is not SIP', () => {
    const endless = new StreamFramer();
    let refused = 0;
    for (let i = 0; i < 100_000 && !endless.broken; i++)
      refused += endless.push(Buffer.from('X-Slow: 1\r\n')).length;
    expect([endless.broken, refused]).toEqual([true, 1]);
    const http = new StreamFramer();
    expect(shown(http.push(Buffer.from('POST\r\nContent-Length: 0\r\n\r\n')))).toEqual([[0, 'Not SIP']]);
    expect(http.broken).toBe(true);
  });
});
