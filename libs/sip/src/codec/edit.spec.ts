import { describe, expect, it } from 'vitest';
import { parseDatagram } from './datagram.js';
import { type HeaderEdit, editMessage } from './edit.js';
import type { SipMessage } from './sip-message.js';

const BODY = Buffer.from([0, 13, 10, 255, 254, 58, 13, 10, 13, 10, 0x80]);

function read(bytes: Buffer): SipMessage {
  const parsed = parseDatagram(bytes);
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

/** Odd spelling on purpose: what is not touched must come out as it went in. */
const LINES = [
  'v:SIP/2.0/UDP  a.example ;branch=z9hG4bK1 ,  SIP/2.0/UDP b.example;branch=z9hG4bK2',
  'VIA : SIP/2.0/TCP c.example\r\n ;branch=z9hG4bK3',
  'Route: <sip:one,1@h.example;lr>\r\n , <sip:two@h.example;lr>',
  'rOUTE: <sip:three@h.example;lr>',
  'Max-Forwards:  70',
  'X-Odd:\t;;,,\r\n\todd',
  'Subject: caf\xe9',
  'Call-Info: <urn:a>',
  'Call-Info: <urn:b>',
];

const message = read(
  Buffer.concat([
    Buffer.from(['MESSAGE urn:service:sos SIP/2.0', ...LINES, '', ''].join('\r\n'), 'latin1'),
    BODY,
  ]),
);

function lines(edits: readonly HeaderEdit[], requestUri?: string): string[] {
  const bytes = editMessage(message, requestUri === undefined ? { edits } : { requestUri, edits });
  expect(bytes.subarray(bytes.length - BODY.length).equals(BODY)).toBe(true);
  return bytes
    .toString('latin1', 0, bytes.length - BODY.length - 4)
    .split(/\r\n(?![ \t])/)
    .slice(requestUri === undefined ? 1 : 0);
}

/** LINES with these replaced; undefined drops one. */
function changed(changes: Record<number, readonly string[]>): string[] {
  return LINES.flatMap((line, i) => changes[i] ?? [line]);
}

describe('editMessage', () => {
  it('copies octet by octet what it does not touch', { meta: { clause: 'RFC 3261 16.6' } }, () => {
    expect(editMessage(message, { edits: [] }).equals(message.bytes)).toBe(true);
    expect(editMessage(message, { edits: [{ op: 'remove', name: 'Absent' }] }).equals(message.bytes)).toBe(
      true,
    );
  });

  it.each<[string, HeaderEdit, string[]]>([
    ['set', { op: 'set', name: 'Max-Forwards', value: '69' }, changed({ 4: ['Max-Forwards: 69'] })],
    [
      'set, of many lines',
      { op: 'set', name: 'Call-Info', value: '<urn:c>' },
      changed({ 7: ['Call-Info: <urn:c>'], 8: [] }),
    ],
    ['set, compact name', { op: 'set', name: 'Via', value: 'V' }, changed({ 0: ['Via: V'], 1: [] })],
    ['set, absent', { op: 'set', name: 'X-New', value: 'n' }, [...LINES, 'X-New: n']],
    [
      'set-lines',
      { op: 'set-lines', name: 'route', values: ['<sip:x>', '<sip:y>'] },
      changed({ 2: ['route: <sip:x>', 'route: <sip:y>'], 3: [] }),
    ],
    ['set-lines, none', { op: 'set-lines', name: 'Route', values: [] }, changed({ 2: [], 3: [] })],
    ['remove', { op: 'remove', name: 'x-odd' }, changed({ 5: [] })],
    ['prepend', { op: 'prepend', name: 'Via', value: 'V' }, ['Via: V', ...LINES]],
    ['prepend, amid', { op: 'prepend', name: 'Route', value: 'R' }, changed({ 2: ['Route: R', LINES[2]!] })],
    ['prepend, absent', { op: 'prepend', name: 'X-New', value: 'n' }, ['X-New: n', ...LINES]],
    ['append', { op: 'append', name: 'Route', value: 'R' }, changed({ 3: [LINES[3]!, 'Route: R'] })],
    ['append, absent', { op: 'append', name: 'X-New', value: 'n' }, [...LINES, 'X-New: n']],
    [
      'pop, of a list',
      { op: 'pop', name: 'Via' },
      changed({ 0: ['v:SIP/2.0/UDP b.example;branch=z9hG4bK2'] }),
    ],
    ['pop, over a fold', { op: 'pop', name: 'Route' }, changed({ 2: ['Route: <sip:two@h.example;lr>'] })],
    ['pop, the only value', { op: 'pop', name: 'Call-Info' }, changed({ 7: [] })],
    ['pop, absent', { op: 'pop', name: 'X-New' }, LINES],
    [
      'replace-first',
      { op: 'replace-first', name: 'Via', value: 'V' },
      changed({ 0: ['v:V, SIP/2.0/UDP b.example;branch=z9hG4bK2'] }),
    ],
    [
      'replace-first, the only value',
      { op: 'replace-first', name: 'Max-Forwards', value: '1' },
      changed({ 4: ['Max-Forwards:  1'] }),
    ],
    ['replace-first, absent', { op: 'replace-first', name: 'X-New', value: 'n' }, LINES],
  ])('%s', { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 7.3.1'] } }, (_, edit, expected) => {
    expect(lines([edit])).toEqual(expected);
  });

  it('applies edits in order, also to lines it wrote', { meta: { clause: 'RFC 3261 16.6' } }, () => {
    expect(
      lines([
        { op: 'replace-first', name: 'Via', value: 'V0' },
        { op: 'prepend', name: 'v', value: 'V1, V2' },
        { op: 'pop', name: 'Via' },
        { op: 'replace-first', name: 'VIA', value: 'V3' },
        { op: 'pop', name: 'Route' },
        { op: 'pop', name: 'Route' },
        { op: 'pop', name: 'Route' },
        { op: 'append', name: 'Route', value: 'R' },
        { op: 'set', name: 'Route', value: 'S' },
      ]),
    ).toEqual([
      'v: V3',
      ...changed({ 0: ['v:V0, SIP/2.0/UDP b.example;branch=z9hG4bK2'], 2: [], 3: [] }),
      'Route: S',
    ]);
  });

  it('puts another Request-URI in place', { meta: { clause: 'RFC 3261 16.6' } }, () => {
    expect(lines([], 'sip:desk@[::1]')).toEqual(['MESSAGE sip:desk@[::1] SIP/2.0', ...LINES]);
    const twice = editMessage(message, {
      requestUri: 'sip:new@h.example',
      edits: [{ op: 'prepend', name: 'Via', value: 'V' }, { op: 'pop', name: 'Via' }, { op: 'pop', name: 'Via' }],
    }); // prettier-ignore
    expect(read(twice).requestUri).toBe('sip:new@h.example');
    expect(read(twice).body.equals(BODY)).toBe(true);
  });

  it(
    'lets no value add a header, end the section or the start line',
    { meta: { clause: 'RFC 3261 7.3.1' } },
    () => {
      const evil = 'a\r\nX-Evil: 1\r\n\r\nbody\0';
      for (const op of ['set', 'prepend', 'append', 'replace-first'] as const) {
        const edited = read(editMessage(message, { edits: [{ op, name: 'Max-Forwards', value: evil }] }));
        expect(edited.has('X-Evil'), op).toBe(false);
        expect(edited.body.equals(BODY), op).toBe(true);
        expect(edited.headerLines('Max-Forwards')).toContain('aX-Evil: 1body');
      }
      const named = read(editMessage(message, { edits: [{ op: 'set', name: 'X-A\r\nX-Evil', value: '1' }] }));
      expect([named.has('X-Evil'), named.header('X-AX-Evil')]).toEqual([false, '1']);
      expect(
        editMessage(message, { edits: [{ op: 'set', name: ':\r\n', value: '1' }] }).equals(message.bytes),
      ).toBe(true);
      const uri = read(
        editMessage(message, { requestUri: 'sip:a@h.example SIP/2.0\r\nX-Evil: 1', edits: [] }),
      );
      expect([uri.has('X-Evil'), uri.requestUri]).toEqual([false, 'sip:a@h.exampleSIP/2.0X-Evil:1']);
    },
  );

  it('writes UTF-8 and leaves the octets of others', { meta: { clause: 'RFC 3261 7.3.1' } }, () => {
    const bytes = editMessage(message, { edits: [{ op: 'append', name: 'Subject', value: 'Año 救' }] });
    expect(bytes.includes(Buffer.from('Subject: caf\xe9\r\nSubject: Año 救\r\n', 'latin1'))).toBe(false);
    expect(bytes.includes(Buffer.from('Subject: Año 救\r\n', 'utf8'))).toBe(true);
    expect(bytes.includes(Buffer.from('Subject: caf\xe9\r\n', 'latin1'))).toBe(true);
  });

  it('takes an empty member with the first value', { meta: { clause: 'RFC 3261 7.3.1' } }, () => {
    const odd = read(
      Buffer.from('MESSAGE sip:a@h.example SIP/2.0\r\nRoute: ,,\r\nRoute: , <sip:1>,,<sip:2>\r\n\r\n'),
    );
    const popped = read(editMessage(odd, { edits: [{ op: 'pop', name: 'Route' }] }));
    expect([odd.values('Route'), popped.values('Route')]).toEqual([['<sip:1>', '<sip:2>'], ['<sip:2>']]);
  });
});

it('edits what wider limits let in', () => {
  const extra = Array.from({ length: 300 }, (_, i) => `X-${i}: ${i}\r\n`).join('');
  const parsed = parseDatagram(Buffer.from(`MESSAGE sip:a@h.example SIP/2.0\r\n${extra}\r\nbody`), {
    maxHeaderLines: 400,
  });
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  const edits: HeaderEdit[] = [
    { op: 'prepend', name: 'Via', value: 'V, W' },
    { op: 'pop', name: 'Via' },
  ];
  const edited = editMessage(parsed.message, { edits }).toString();
  expect(edited).toBe(`MESSAGE sip:a@h.example SIP/2.0\r\nVia: W\r\n${extra}\r\nbody`);
});
