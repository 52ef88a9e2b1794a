import { expect, it } from 'vitest';
import { addressOf, exactUri, fromParts, grantedSeconds, splitValues } from './sip-values.js';

it(
  'a Request-URI goes out letter by letter, a URN too',
  { meta: { clause: ['RFC 5031 4', 'TS 103 698 6.2.2'] } },
  () => {
    for (const text of ['urn:service:sos.fire', 'sip:Madrid@ESInet.lab;transport=tls', 'sip:a%41@b?x=y']) {
      const uri = exactUri(text, 'provider.lab');
      expect([uri.toRaw(), uri.toString(), uri.clone().toRaw()]).toEqual([text, text, text]);
    }
  },
);

it('reads both forms of an address', { meta: { clause: 'RFC 3261 20.20' } }, () => {
  expect(fromParts('"A \\"; <b>" <sip:a@b;x=y>;tag=1')).toEqual({ uri: 'sip:a@b;x=y', tag: '1' });
  expect(fromParts('<sip:a@b;x=y> ; Tag = q1 ;z')).toEqual({ uri: 'sip:a@b;x=y', tag: 'q1' });
  expect(fromParts('sip:a@b;tag=1')).toEqual({ uri: 'sip:a@b', tag: '1' });
  expect(addressOf('sip:madrid@esinet.lab')).toBe('sip:madrid@esinet.lab');
  expect(addressOf(' <sip:madrid@esinet.lab>')).toBe('sip:madrid@esinet.lab');
});

it(
  'finds what the registrar gave our contact among those of the user',
  { meta: { clause: 'RFC 3261 10.2.4' } },
  () => {
    const contacts = [
      '<sip:other@x.invalid;transport=ws>;expires=9',
      '<sip:ours@y.invalid;transport=ws>;q=1;expires=120',
    ];
    expect(grantedSeconds(contacts, '60', 'ours', 600)).toBe(120);
    expect(grantedSeconds(['<sip:ours@y.invalid>'], '60', 'ours', 600)).toBe(60);
    expect(grantedSeconds([], undefined, 'ours', 600)).toBe(600);
    expect(grantedSeconds(['<sip:ours@y.invalid>;expires=x'], undefined, 'ours', 600)).toBe(600);
  },
);

it('separates values that share a header line', { meta: { clause: 'RFC 3261 7.3.1' } }, () => {
  expect(splitValues('<urn:a,b>;purpose=x, <urn:c>;n="1, 2\\", 3" ,')).toEqual([
    '<urn:a,b>;purpose=x',
    '<urn:c>;n="1, 2\\", 3"',
  ]);
});
