import { expect, it } from 'vitest';
import { parseVia } from '../codec/via.js';
import type { TransportName } from './destination.js';
import type { Flow } from './flow.js';
import { receivedVia, responseRoute } from './via-route.js';

function flow(transport: TransportName, address: string, port: number, open = true): Flow {
  return {
    id: 'f',
    transport,
    listener: 'l',
    localAddress: '192.0.2.1',
    localPort: 5060,
    remoteAddress: address,
    remotePort: port,
    reliable: transport !== 'udp',
    open,
    send: () => undefined,
    onError: () => () => undefined,
  };
}
const via = (text: string) => parseVia(text)!;

it.each([
  [
    'SIP/2.0/UDP a.example:5070;branch=z9hG4bKa',
    'SIP/2.0/UDP a.example:5070;branch=z9hG4bKa;received=192.0.2.9',
  ],
  ['SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa', 'SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa'],
  [
    'SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKa',
    'SIP/2.0/UDP 192.0.2.9;rport=40000;branch=z9hG4bKa;received=192.0.2.9',
  ],
  ['SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa;received=203.0.113.5', 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa'],
  [
    'SIP/2.0/UDP h;rport=1;received=203.0.113.5;branch=z9hG4bKa',
    'SIP/2.0/UDP h;rport=40000;branch=z9hG4bKa;received=192.0.2.9',
  ],
  [
    'SIP/2.0/UDP h;x="a;received=1";branch=z9hG4bKa',
    'SIP/2.0/UDP h;x="a;received=1";branch=z9hG4bKa;received=192.0.2.9',
  ],
])('fills %s in', { meta: { clause: ['RFC 3261 18.2.1', 'RFC 3581 4'] } }, (text, stored) => {
  expect(receivedVia(via(text), flow('udp', '192.0.2.9', 40_000))).toBe(stored);
});

it('compares IPv6 without its brackets', { meta: { clause: 'RFC 5118 4.5' } }, () => {
  expect(
    receivedVia(via('SIP/2.0/UDP [2001:DB8::1]:5060;branch=z9hG4bKa'), flow('udp', '2001:db8::1', 5060)),
  ).toBe('SIP/2.0/UDP [2001:DB8::1]:5060;branch=z9hG4bKa');
});

it(
  'answers over UDP from the same socket where rport was asked for',
  { meta: { clause: 'RFC 3581 4' } },
  () => {
    const udp = flow('udp', '192.0.2.9', 40_000);
    expect(responseRoute(via('SIP/2.0/UDP h:5070;rport;branch=z9hG4bKa'), udp)).toEqual({ flow: udp });
    expect(responseRoute(via('SIP/2.0/UDP h:40000;branch=z9hG4bKa'), udp)).toEqual({ flow: udp });
    expect(responseRoute(via('SIP/2.0/UDP h:5070;branch=z9hG4bKa'), udp)).toEqual({
      destination: { transport: 'udp', address: '192.0.2.9', port: 5070 },
    });
    expect(responseRoute(via('SIP/2.0/UDP h;branch=z9hG4bKa'), udp)).toEqual({
      destination: { transport: 'udp', address: '192.0.2.9', port: 5060 },
    });
  },
);

it('follows maddr only where allowed', { meta: { clause: 'RFC 3261 18.2.2' } }, () => {
  const udp = flow('udp', '192.0.2.9', 40_000);
  const top = via('SIP/2.0/UDP h:5070;maddr=192.0.2.77;branch=z9hG4bKa');
  expect(responseRoute(top, udp)).toEqual({
    destination: { transport: 'udp', address: '192.0.2.9', port: 5070 },
  });
  expect(responseRoute(top, udp, { allowMaddr: true })).toEqual({
    destination: { transport: 'udp', address: '192.0.2.77', port: 5070 },
  });
});

it(
  'answers over the connection, or to the sent-by port once it closed',
  { meta: { clause: 'RFC 3261 18.2.2' } },
  () => {
    const open = flow('tls', '192.0.2.9', 40_000);
    expect(responseRoute(via('SIP/2.0/TLS a.example;branch=z9hG4bKa'), open)).toEqual({ flow: open });
    expect(
      responseRoute(via('SIP/2.0/TLS a.example;branch=z9hG4bKa'), flow('tls', '192.0.2.9', 40_000, false)),
    ).toEqual({
      destination: { transport: 'tls', address: '192.0.2.9', port: 5061, serverName: 'a.example' },
    });
    const ws = flow('ws', '192.0.2.9', 40_000, false);
    expect(responseRoute(via('SIP/2.0/WS x.invalid;branch=z9hG4bKa'), ws)).toEqual({ flow: ws });
  },
);
