import { describe, expect, it } from 'vitest';
import { parseMediaType } from './media-type.js';
import { parseNameAddr } from './name-addr.js';
import { parseVia } from './via.js';

describe('parseNameAddr', () => {
  it.each([
    [
      '"A \\"B\\" \\\\ , ; <x>" <sip:a@h.example;lr>;tag=1;x="q;,\\""',
      'A "B" \\ , ; <x>',
      'sip:a@h.example;lr',
      { tag: '1', x: 'q;,"' },
    ],
    ['a b  c<sip:a@h.example>', 'a b  c', 'sip:a@h.example', {}],
    ['sip:a@h.example;tag=1', undefined, 'sip:a@h.example', { tag: '1' }],
    ['  <sip:a@h.example>  ;  Tag  =  1  ;b', undefined, 'sip:a@h.example', { tag: '1', b: undefined }],
    ['"" <urn:service:sos>', '', 'urn:service:sos', {}],
    ['Año <sip:a@h.example>', 'Año', 'sip:a@h.example', {}],
    ['<sip:a@h.example?Route=%3Csip:b%3E>', undefined, 'sip:a@h.example?Route=%3Csip:b%3E', {}],
    ['<sip:a@h.example>;tag=1;tag=2', undefined, 'sip:a@h.example', { tag: '1' }],
    [
      '<sip:a@h.example>;+sip.instance="<urn:uuid:1>"',
      undefined,
      'sip:a@h.example',
      { '+sip.instance': '<urn:uuid:1>' },
    ],
  ])('reads %s', { meta: { clause: 'RFC 3261 20.10' } }, (text, displayName, uri, params) => {
    const value = parseNameAddr(text);
    expect([value?.displayName, value?.uri]).toEqual([displayName, uri]);
    expect(Object.fromEntries(value!.params)).toEqual(params);
    expect(value?.tag).toBe('tag' in params ? params.tag : undefined);
  });

  it.each([
    '', '*', '<>', '<sip:a@h.example', 'sip:a@h.example>', '"a <sip:a@h.example>', 'a, b <sip:a@h.example>', '"a" sip:a@h.example',
    '< sip:a@h.example>', 'sip:a@h.example?x=y', 'sip:a@h.example,sip:b@h.example', '<sip:a@h.example>;;tag=1', '<sip:a@h.example>;',
    '<sip:a@h.example> tag=1', '<sip:a@h.example>;tag="1', '<sip:a@h.example>;tag=', '<sip:a@h.example>, x', 'a@h.example',
  ])('refuses %j', { meta: { clause: ['RFC 3261 25.1', 'RFC 3261 20'] } }, (text) => {
    expect(parseNameAddr(text)).toBeUndefined();
  }); // prettier-ignore
});

describe('parseVia', () => {
  it('reads blanks wherever the grammar has them', { meta: { clause: 'RFC 3261 20.42' } }, () => {
    expect(parseVia('sip / 2.0 / udp  Erlang.Example : 5060 ; branch = z9hG4bK1 ; RPORT')).toMatchObject({
      protocol: 'SIP/2.0',
      transport: 'UDP',
      host: 'erlang.example',
      port: 5060,
      branch: 'z9hG4bK1',
      rport: true,
    });
    expect(parseVia('SIP/2.0/TCP [2001:db8::9:1] : 5070')).toMatchObject({
      host: '[2001:db8::9:1]',
      port: 5070,
    });
  });

  it('reads what a server fills in', { meta: { clause: ['RFC 3581 4', 'RFC 5118 4.5'] } }, () => {
    expect(parseVia('SIP/2.0/UDP h;rport=9988;received=192.0.2.1')).toMatchObject({
      rport: 9988,
      received: '192.0.2.1',
    });
    expect(parseVia('SIP/2.0/UDP h;received=[2001:db8::1]')?.received).toBe('2001:db8::1');
    expect(parseVia('SIP/2.0/UDP h;received=2001:db8::1')?.received).toBe('2001:db8::1');
    expect(parseVia('SIP/2.0/UDP h;rport=70000')?.rport).toBeUndefined();
  });

  it.each([
    '', 'SIP/2.0', 'SIP/2.0/UDP', 'SIP/2.0/UDP ', 'SIP/2.0/UDPh', 'SIP/2.0 UDP h', '/2.0/UDP h', 'SIP//UDP h', 'SIP/2.0/UDP h;',
    'SIP/2.0/UDP h;;branch=1', 'SIP/2.0/UDP h;branch=', 'SIP/2.0/UDP h:x', 'SIP/2.0/UDP h:99999', 'SIP/2.0/UDP [::1', 'SIP/2.0/UDP ::1',
    'SIP/2.0/UDP a b', 'SIP/2.0/UDP h;branch="1', 'SIP/2.0/UDP h, SIP/2.0/UDP i',
  ])('refuses %j', { meta: { clause: 'RFC 3261 25.1' } }, (text) => {
    expect(parseVia(text)).toBeUndefined();
  }); // prettier-ignore
});

describe('parseMediaType', () => {
  it('reads type and parameters in any case', { meta: { clause: 'RFC 3261 20.15' } }, () => {
    const type = parseMediaType('Multipart / MIXED ; Boundary="a;b=\\"c\\"" ; start=<x@y>');
    expect([type?.type, type?.subtype]).toEqual(['multipart', 'mixed']);
    expect(Object.fromEntries(type!.params)).toEqual({ boundary: 'a;b="c"', start: '<x@y>' });
  });

  it.each([
    '',
    'text',
    'text/',
    '/plain',
    'text/plain;',
    'text/plain; charset',
    'text plain',
    'text/plain x',
  ])('judges %j', { meta: { clause: 'RFC 3261 20.15' } }, (text) => {
    expect(parseMediaType(text) !== undefined).toBe(text === 'text/plain; charset');
  });
});
