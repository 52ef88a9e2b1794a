import { describe, expect, it } from 'vitest';
import { parseDatagram, parseFrame } from './datagram.js';
import { defaultSipLimits } from './limits.js';
import type { Parsed } from './parsed.js';

const HEAD =
  'MESSAGE sip:desk@madrid.example SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nFrom: <sip:l@c.example>;tag=1\r\n' +
  'To: <sip:desk@madrid.example>\r\nCall-ID: d1\r\nCSeq: 1 MESSAGE\r\n';

function parse(text: string, limits?: Parameters<typeof parseDatagram>[1]): Parsed {
  return parseDatagram(Buffer.from(text, 'latin1'), limits);
}

function refusal(parsed: Parsed): [number, string] | string {
  return parsed.kind === 'invalid' ? [parsed.status, parsed.reason] : parsed.kind;
}

function bodyOf(parsed: Parsed): string {
  return parsed.kind === 'message' ? parsed.message.body.toString('latin1') : parsed.kind;
}

describe('body of a datagram', () => {
  it('reaches to the end without Content-Length', { meta: { clause: 'RFC 3261 18.3' } }, () => {
    expect(bodyOf(parse(`${HEAD}\r\nall of it\r\n`))).toBe('all of it\r\n');
    expect(bodyOf(parse(`${HEAD}\r\n`))).toBe('');
  });

  it('is cut to Content-Length, and must be there', { meta: { clause: 'RFC 3261 18.3' } }, () => {
    expect(bodyOf(parse(`${HEAD}Content-Length: 3\r\n\r\nabcdef`))).toBe('abc');
    expect(bodyOf(parse(`${HEAD}l : \r\n 003\r\n\r\nabcdef`))).toBe('abc');
    expect(bodyOf(parse(`${HEAD}l: 3\r\nContent-Length: 3\r\n\r\nabcdef`))).toBe('abc');
    expect(refusal(parse(`${HEAD}Content-Length: 7\r\n\r\nabcdef`))).toEqual([
      400,
      'Content-Length Exceeds Datagram',
    ]);
  });

  it.each(['-1', '+3', '3,3', '3 3', '0x3', '', '3.0', '9'.repeat(16), '3;x'])(
    'is refused for Content-Length %j',
    { meta: { clause: 'RFC 3261 20.14' } },
    (length) => {
      expect(refusal(parse(`${HEAD}Content-Length: ${length}\r\n\r\nabcdef`))).toEqual([
        400,
        'Malformed Content-Length',
      ]);
    },
  );

  it('is refused where two lengths differ', { meta: { clause: 'RFC 4475 3.3.9' } }, () => {
    expect(refusal(parse(`${HEAD}l: 3\r\nContent-Length: 4\r\n\r\nabcdef`))).toEqual([
      400,
      'Conflicting Content-Length',
    ]);
  });
});

describe('line ends and control characters', () => {
  it.each([
    ['Subject: a\nRoute: <sip:evil.example>', 'Bare LF'],
    ['Subject: a\rRoute: <sip:evil.example>', 'Bare CR'],
    ['Subject: a\r\r', 'Bare CR'],
    ['Subject: a\0b', 'Control Character in Header'],
    ['Subject: a\x1bb', 'Control Character in Header'],
    ['Subject a', 'Malformed Header Line'],
    [': a', 'Malformed Header Line'],
    ['Sub ject: a', 'Malformed Header Line'],
    ['Subject\r\n : a', 'Malformed Header Line'],
    ['Sübject: a', 'Malformed Header Line'],
  ])('refuses %j', (line, reason) => {
    expect(refusal(parse(`${HEAD}${line}\r\nl: 0\r\n\r\n`))).toEqual([400, reason]);
  });

  it('lets a control character be a quoted pair', { meta: { clause: 'RFC 4475 3.1.1.2' } }, () => {
    expect(parse(`${HEAD}Subject: "\\\0 \\\x07"\r\n\r\n`).kind).toBe('message');
  });

  it('refuses a header section without end', { meta: { clause: 'RFC 3261 7' } }, () => {
    expect(refusal(parse(HEAD))).toEqual([400, 'Header Section Not Terminated']);
    expect(refusal(parse(`${HEAD}Subject: cut`))).toEqual([400, 'Header Section Not Terminated']);
    expect(refusal(parse(HEAD.replaceAll('\r\n', '\n') + '\n'))).toEqual([400, 'Bare LF']);
  });

  it('refuses a start line that goes on in the next line', { meta: { clause: 'RFC 3261 7.1' } }, () => {
    expect(refusal(parse(HEAD.replace(' SIP/2.0\r\n', ' SIP/2.0\r\n \r\n') + '\r\n'))).toEqual([
      400,
      'Malformed Header Line',
    ]);
  });
});

describe('limits', () => {
  const padding = (count: number): string =>
    Array.from({ length: count }, (_, i) => `X-${i}: y\r\n`).join('');

  it('refuses what is larger, each limit by name', () => {
    const d = defaultSipLimits;
    const cases: [string, number, string][] = [
      [`${HEAD}\r\n${'b'.repeat(d.maxMessage)}`, 513, 'Message Too Large'],
      [`${HEAD}Subject: ${'s'.repeat(d.maxHeaderLine)}\r\n\r\n`, 513, 'Header Line Too Long'],
      [`${HEAD}Subject:${'\r\n s'.repeat(d.maxHeaderLine / 4)}\r\n\r\n`, 513, 'Header Line Too Long'],
      [`${HEAD}${`Subject: ${'s'.repeat(6000)}\r\n`.repeat(3)}\r\n`, 513, 'Header Section Too Large'],
      [`${HEAD}${padding(d.maxHeaderLines)}\r\n`, 513, 'Too Many Header Lines'],
      [
        `${HEAD}${'v: SIP/2.0/UDP b.example;branch=z9hG4bK2\r\n'.repeat(d.maxVias)}\r\n`,
        513,
        'Too Many Via Values',
      ],
      [`${HEAD}v: ${'SIP/2.0/UDP b,'.repeat(d.maxVias)}SIP/2.0/UDP b\r\n\r\n`, 513, 'Too Many Via Values'],
      [HEAD.replace('desk@', `${'d'.repeat(d.maxUri)}@`) + '\r\n', 414, 'Request-URI Too Long'],
    ];
    for (const [text, status, reason] of cases) expect(refusal(parse(text))).toEqual([status, reason]);
  });

  it('accepts what just fits', () => {
    const d = defaultSipLimits;
    expect(parse(`${HEAD}${padding(d.maxHeaderLines - 5)}\r\n`).kind).toBe('message');
    expect(
      parse(`${HEAD}${'v: SIP/2.0/UDP b.example;branch=z9hG4bK2\r\n'.repeat(d.maxVias - 1)}\r\n`).kind,
    ).toBe('message');
    expect(parse(`${HEAD}\r\n${'b'.repeat(d.maxMessage - HEAD.length - 2)}`).kind).toBe('message');
  });

  it('is configurable', () => {
    expect(refusal(parse(`${HEAD}\r\n`, { maxHeaderLines: 3 }))).toEqual([513, 'Too Many Header Lines']);
    expect(parse(`${HEAD}${padding(300)}\r\n`, { maxHeaderLines: 400 }).kind).toBe('message');
  });
});

describe('what is not to be answered', () => {
  it.each([
    ['an ACK', HEAD.replaceAll('MESSAGE', 'ACK') + 'l: x\r\n\r\n'],
    ['a response', HEAD.replace(/^.*\r\n/, 'SIP/2.0 200 OK\r\n') + 'l: x\r\n\r\n'],
    ['a request without a Via to answer by', HEAD.replace('Via:', 'Vai:') + 'l: x\r\n\r\n'],
    ['a status beyond 699', HEAD.replace(/^.*\r\n/, 'SIP/2.0 700 Beyond\r\n') + '\r\n'],
    ['HTTP without target', 'GET\r\n\r\n'],
    ['a STUN request', '\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl'],
    ['zeros', '\0\0\0\0'],
    ['one octet', 'M'],
  ])('%s', (_, text) => {
    expect(refusal(parse(text))).toEqual([0, expect.any(String)]);
  });
});

describe('keep-alives', () => {
  it(
    'are line ends alone; only a frame is ponged',
    { meta: { clause: ['RFC 3261 7.5', 'RFC 5626 3.5.1'] } },
    () => {
      for (const text of ['', '\r\n', '\r\n\r\n']) expect(parse(text)).toEqual({ kind: 'keepalive' });
      const pong = parseFrame(Buffer.from('\r\n\r\n'));
      expect(pong.kind === 'keepalive' && pong.reply?.toString()).toBe('\r\n');
      expect(parseFrame(Buffer.from('\r\n'))).toEqual({ kind: 'keepalive' });
    },
  );

  it('may come before a start line', { meta: { clause: 'RFC 3261 7.5' } }, () => {
    expect(bodyOf(parse(`\r\n\r\n${HEAD}l: 2\r\n\r\nhi!`))).toBe('hi');
  });
});
