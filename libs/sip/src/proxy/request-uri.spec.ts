import { expect, it } from 'vitest';
import { parseUri, type Uri } from '../codec/uri.js';
import { ask, harness, proxyAddress } from './proxy-harness.js';
import { isSecured, listenerNamed, recordRoutes } from './record-route.js';
import { requestUriOf, withoutOwnMaddr } from './request-uri.js';

it.each([
  ['sip:lucia@c.example?Route=%3Csip:gate.example%3E', 'sip:lucia@c.example'],
  ['sip:l:pw@c.example:5070;method=INVITE;ob;transport=tcp?a=b', 'sip:l:pw@c.example:5070;ob;transport=tcp'],
  ['sip:what?@c.example;x=1', 'sip:what?@c.example;x=1'],
  ['urn:service:sos?x', 'urn:service:sos?x'],
  ['not a uri?', 'not a uri?'],
])('%s as a Request-URI', { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 19.1.1'] } }, (address, expected) => {
  expect(requestUriOf(address)).toBe(expected);
});

const isOwn = (uri: Uri) => `${uri.host}:${uri.port}` === '192.0.2.100:5060';

it.each([
  ['sip:desk@madrid.example;maddr=192.0.2.100', 'udp', 5060, 'sip:desk@madrid.example'],
  [
    'sip:desk@madrid.example:5060;transport=TCP;maddr=192.0.2.100;x',
    'tcp',
    5060,
    'sip:desk@madrid.example;x',
  ],
  ['sip:desk@madrid.example;maddr=192.0.2.100', 'tcp', 5060, undefined],
  ['sip:desk@madrid.example:5080;maddr=192.0.2.100', 'udp', 5060, undefined],
  ['sip:desk@madrid.example;maddr=192.0.2.7', 'udp', 5060, undefined],
  ['sip:desk@madrid.example', 'udp', 5060, undefined],
] as const)(
  '%s over %s to %i',
  { meta: { clause: 'RFC 3261 16.4' } },
  (text, transport, localPort, expected) => {
    expect(withoutOwnMaddr(parseUri(text)!, { transport, localPort }, isOwn)).toBe(expected);
  },
);

it('takes its own maddr off before it routes', { meta: { clause: 'RFC 3261 16.4' } }, async () => {
  const { clock, at, proxy, caller } = harness();
  const seen: string[] = [];
  proxy({
    route: (request) => {
      seen.push(`${request.requestUri} ${request.header('Route') ?? ''}`);
      return { kind: 'reject', status: 486 };
    },
  });
  const from = caller();
  ask(from, at(proxyAddress), { uri: `sip:desk@madrid.example;maddr=${proxyAddress}` });
  ask(from, at(proxyAddress), {
    uri: `sip:desk@madrid.example;maddr=${proxyAddress}`,
    callId: 'two',
    headers: [['Route', `<sip:proxy.example;lr>, <sip:proxy.example;lr>, <sip:next.example;lr>`]],
  });
  await clock.run(50);
  expect(seen).toEqual(['sip:desk@madrid.example ', 'sip:desk@madrid.example <sip:next.example;lr>']);
});

it('names each side once', { meta: { clause: ['RFC 3261 16.6', 'RFC 5658 5'] } }, () => {
  const udp = { transport: 'udp', sentBy: 'a.example:5060' } as const;
  const tls = { transport: 'tls', sentBy: 'a.example:5061' } as const;
  expect(recordRoutes(udp, udp, false)).toEqual(['<sip:a.example:5060;lr>']);
  expect(recordRoutes(udp, { ...udp, transport: 'tcp' }, false)).toEqual([
    '<sip:a.example:5060;transport=tcp;lr>',
    '<sip:a.example:5060;lr>',
  ]);
  expect(recordRoutes({ ...tls, transport: 'wss' }, tls, true)).toEqual([
    '<sips:a.example:5061;lr>',
    '<sips:a.example:5061;transport=ws;lr>',
  ]);
  expect(isSecured('SIPS:x@y', undefined)).toBe(true);
  expect(isSecured('urn:service:sos', '"n" <sips:p.example;lr>')).toBe(true);
  expect(isSecured('urn:service:sos', '<sip:sips:p@example;lr>')).toBe(false);
});

it('finds the listener a Record-Route was written for', { meta: { clause: 'RFC 3261 16.12' } }, () => {
  const listener = (name: string, transport: 'udp' | 'tcp' | 'tls', advertised: string) => ({
    name,
    transport,
    host: '10.0.0.1',
    port: 5060,
    advertised,
  });
  const listeners = [
    listener('public-udp', 'udp', 'bcf.example:5060'),
    listener('public-tcp', 'tcp', 'bcf.example:5060'),
    listener('private-udp', 'udp', 'inner.example:5060'),
  ];
  const named = (uri: string) => listenerNamed(parseUri(uri)!, listeners);
  expect(named('sip:bcf.example;lr')).toBe('public-udp');
  expect(named('sip:bcf.example:5060;transport=tcp;lr')).toBe('public-tcp');
  expect(named('sip:inner.example;transport=tcp;lr')).toBe('private-udp');
  expect(named('sip:other.example;lr')).toBeUndefined();
});
