import { describe, expect, it } from 'vitest';
import { parseUri, sameUri } from './uri.js';

describe('parseUri', () => {
  it('takes a sip URI apart', { meta: { clause: 'RFC 3261 19.1.1' } }, () => {
    const uri = parseUri(
      'SIPS:l%75;x=1?y/z:s3cr%65t@Host-1.Example:5061;TRANSPORT=tcp;lr;a=%3B?Subject=a%20b&to=c',
    );
    expect(uri).toMatchObject({
      scheme: 'sips',
      user: 'l%75;x=1?y/z',
      password: 's3cr%65t',
      host: 'host-1.example',
      port: 5061,
      headers: 'Subject=a%20b&to=c',
    });
    expect([...uri!.params]).toEqual([
      ['transport', 'tcp'],
      ['lr', undefined],
      ['a', '%3B'],
    ]);
  });

  it.each([
    ['sip:[2001:DB8::1]', '[2001:db8::1]', undefined],
    ['sip:a@[::]:5060', '[::]', 5060],
    ['sip:[::ffff:192.0.2.1]', '[::ffff:192.0.2.1]', undefined],
    ['sip:[1:2:3:4:5:6:7:8]', '[1:2:3:4:5:6:7:8]', undefined],
    ['sip:[1:2:3:4:5:6:192.0.2.1]', '[1:2:3:4:5:6:192.0.2.1]', undefined],
    ['sip:[1::]:0', '[1::]', 0],
    ['sip:[2001:db8:::192.0.2.1]', '[2001:db8::192.0.2.1]', undefined],
    ['sip:192.0.2.1:65535', '192.0.2.1', 65_535],
    ['sip:psap_1.svc.cluster.local', 'psap_1.svc.cluster.local', undefined],
  ])('reads the host of %s', { meta: { clause: ['RFC 3261 25.1', 'RFC 5118 4.10'] } }, (text, host, port) => {
    const uri = parseUri(text);
    expect([uri?.host, uri?.port]).toEqual([host, port]);
  });

  it.each([
    'sip:', 'sip:@h', 'sip:a@', 'sip:a@h:', 'sip:a@h:65536', 'sip:a@h:5a', 'sip:a@h:-1', 'sip:a b@h', 'sip:a@h h', 'sip:a@h;',
    'sip:a@h;;lr', 'sip:a@h;=x', 'sip:a@h?', 'sip:a@b@c', 'sip:a%4@h', 'sip:a%zz@h', 'sip:2001:db8::1', 'sip:[2001:db8::1',
    'sip:[1:2:3:4:5:6:7]', 'sip:[1:2:3:4:5:6:7:8:9]', 'sip:[1::2::3]', 'sip:[:1]', 'sip:[1:]', 'sip:[12345::]', 'sip:[::g]',
    'sip:[::1.2.3]', 'sip:[::256.1.1.1]', 'sip:[]', 'sip:[:::]', 'sip:h"', 'sip:<a@h>', 'sip:é@h', 'sip:a@é', 'a@h', ':a', '', '1x:y',
    'urn:', 'tel:', 'urn:service:sos police', 'urn:a<b', 'tel:112;', 'x y:z',
  ])('refuses %j', { meta: { clause: 'RFC 3261 25.1' } }, (text) => {
    expect(parseUri(text)).toBeUndefined();
  }); // prettier-ignore

  it(
    'leaves other schemes whole',
    { meta: { clause: ['RFC 3261 19.1', 'RFC 5031 4.2', 'RFC 3966 3'] } },
    () => {
      expect(parseUri('URN:service:sos.police')).toMatchObject({
        scheme: 'urn',
        opaque: 'service:sos.police',
        host: '',
      });
      const tel = parseUri('tel:+34-600;phone-context=example.com;ext=1');
      expect(tel).toMatchObject({ scheme: 'tel', opaque: '+34-600;phone-context=example.com;ext=1' });
      expect(tel?.params.get('phone-context')).toBe('example.com');
      expect(parseUri('http://h.example/a?b;c=d')).toMatchObject({
        scheme: 'http',
        opaque: '//h.example/a?b;c=d',
      });
    },
  );
});

describe('sameUri', () => {
  it.each([
    ['sip:%61lice@Atlanta.Example;transport=TCP', 'sip:alice@atlanta.example;Transport=tcp'],
    ['sip:carol@chicago.example', 'sip:carol@chicago.example;newparam=5'],
    ['sip:carol@chicago.example;newparam=5', 'sip:carol@chicago.example;security=on'],
    ['sip:b@h.example;transport=tcp?a=b&c=d', 'sip:b@h.example;transport=tcp?C=d&a=b'],
    ['urn:service:sos.police', 'URN:SERVICE:sos.Police'],
    ['sip:[2001:db8::1]', 'sip:[2001:DB8::1]'],
  ])('%s is %s', { meta: { clause: 'RFC 3261 19.1.4' } }, (a, b) => {
    expect([sameUri(a, b), sameUri(b, a)]).toEqual([true, true]);
  });

  it.each([
    ['sip:Alice@h.example', 'sip:alice@h.example'],
    ['sip:b@h.example', 'sip:b@h.example:5060'],
    ['sip:b@h.example', 'sip:b@h.example;transport=udp'],
    ['sip:b@h.example;transport=udp', 'sip:b@h.example;transport=tcp'],
    ['sip:b@h.example;x=1', 'sip:b@h.example;x=2'],
    ['sip:b@h.example', 'sip:b@h.example?Subject=x'],
    ['sip:b@h.example', 'sips:b@h.example'],
    ['sip:h.example', 'sip:@h.example'],
    ['sip:b:p@h.example', 'sip:b@h.example'],
    ['tel:112', 'tel:113'],
    ['urn:service:sos', 'urn:service:sos.fire'],
    ['nonsense', 'nonsense'],
  ])('%s is not %s', { meta: { clause: 'RFC 3261 19.1.4' } }, (a, b) => {
    expect([sameUri(a, b), sameUri(b, a)]).toEqual([false, false]);
  });
});
