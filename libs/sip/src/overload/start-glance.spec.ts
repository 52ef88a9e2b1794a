import { describe, expect, it } from 'vitest';
import { StartGlance } from './start-glance.js';

const lines = [
  'MESSAGE urn:service:sos SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5062;rport;branch=z9hG4bKone',
  'Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKother',
  'Max-Forwards: 70',
  'From: "Ana" <sip:ana@provider.lab>;tag=f',
  'To: <urn:service:sos>',
  'Call-ID: a@b',
  'CSeq: 1 MESSAGE',
  'Call-Info: <urn:emergency:uid:msgid:1:app.lab>; purpose=EmergencyCallData.MsgId',
  'Call-Info: <urn:emergency:uid:callid:abcdefghij:app.lab>; purpose=EmergencyCallData.CallId',
  'Content-Length: 4',
  '',
  'help',
];

const bytes = (o: Record<string, string> = {}, text = lines.join('\r\n')) => {
  let out = text;
  for (const [from, to] of Object.entries(o)) out = out.replace(from, to);
  return Buffer.from(out, 'latin1');
};

const words = (start: Buffer) => {
  const glance = new StartGlance(7);
  expect(glance.read(start)).toBe(true);
  return [glance.high, glance.low];
};

describe('a glance at a start', () => {
  it(
    'sees its Request-URI, its sender, its Call Identifier',
    { meta: { clause: 'TS 103 698 6.1.2.7' } },
    () => {
      const glance = new StartGlance(7);
      expect(glance.read(bytes())).toBe(true);
      expect(glance.requestUri).toBe('urn:service:sos');
      expect(glance.from).toBe('sip:ana@provider.lab');
      expect(glance.callIdentifier).toBe('urn:emergency:uid:callid:abcdefghij:app.lab');
      expect(
        glance.read(bytes({ 'callid:': 'other:', '"Ana" <sip:ana@provider.lab>': 'sip:bob@x.lab' })),
      ).toBe(true);
      expect(glance.callIdentifier).toBeUndefined();
      expect(glance.from).toBe('sip:bob@x.lab');
      expect(glance.read(bytes({ MESSAGE: 'INVITE' }))).toBe(true);
    },
  );

  it(
    'tells one branch from another, however the rest is spelled',
    { meta: { clause: 'RFC 3261 17.2.3' } },
    () => {
      const one = words(bytes());
      expect(words(bytes({ 'Via:': 'v:', 'Max-Forwards: 70': 'Max-Forwards: 69', help: 'HELP' }))).toEqual(
        one,
      );
      expect(
        words(bytes({ 'Via:': 'VIA :', ';rport;branch=z9hG4bKone': ';BRANCH=z9hG4bKone;rport' })),
      ).toEqual(one);
      const others = Array.from({ length: 500 }, (_, i) =>
        words(bytes({ z9hG4bKone: `z9hG4bK${i}` })).join(),
      );
      expect(new Set([one.join(), ...others]).size).toBe(501);
      const seeded = new StartGlance(8);
      seeded.read(bytes());
      expect([seeded.high, seeded.low]).not.toEqual(one);
    },
  );

  it.each<[string, Record<string, string>]>([
    ['OPTIONS', { MESSAGE: 'OPTIONS' }],
    ['ACK', { MESSAGE: 'ACK' }],
    ['a method in other letters', { MESSAGE: 'message' }],
    ['a response', { 'MESSAGE urn:service:sos SIP/2.0': 'SIP/2.0 200 OK' }],
    ['another version', { 'SIP/2.0\r\n': 'SIP/3.0\r\n' }],
    ['a tag in To', { 'To: <urn:service:sos>': 'To: <urn:service:sos>;tag=1' }],
    ['a tag in To, in short', { 'To: <urn:service:sos>': 't: <urn:service:sos>;TAG=1' }],
    ['a route', { 'Max-Forwards: 70': 'route: <sip:192.0.2.7;lr>' }],
    ['no Via', { 'Via: SIP/2.0/UDP 192.0.2.1:5062': 'X: y', 'Via: SIP/2.0/UDP 192.0.2.9': 'X: y' }],
    ['no branch', { ';branch=z9hG4bKone': '' }],
    ['an empty branch', { ';branch=z9hG4bKone': ';branch=' }],
    ['a folded line', { ';branch=z9hG4bKone': '\r\n ;branch=z9hG4bKone' }],
    ['line ends of another kind', { '\r\nCall-ID': '\nCall-ID' }],
    ['no end of the headers', { '\r\n\r\nhelp': '\r\n' }],
    ['a line before it', { MESSAGE: '\r\nMESSAGE' }],
  ])('leaves %s to be read', (_, change) => {
    expect(new StartGlance(7).read(bytes(change))).toBe(false);
  });

  it('survives whatever comes', () => {
    const glance = new StartGlance(7);
    const whole = bytes();
    for (let length = 0; length < whole.length; length++) {
      glance.read(whole.subarray(0, length));
      expect(typeof glance.from).toBe('string');
    }
    let seed = 1;
    for (let i = 0; i < 5_000; i++) {
      const broken = Buffer.from(whole);
      seed = Math.imul(seed, 1_103_515_245) + 12_345;
      broken[(seed >>> 8) % broken.length] = seed >>> 24;
      if (glance.read(broken)) expect(typeof (glance.callIdentifier ?? '')).toBe('string');
    }
  });
});
