import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { silentLogger, systemClock } from '@esinet/kernel';
import { parseDatagram } from '../codec/datagram.js';
import type { SipMessage } from '../codec/sip-message.js';
import { StreamFramer } from '../codec/stream-framer.js';
import { createSipStack, type SipStack } from '../stack.js';
import type { Destination } from '../transport/destination.js';
import { ProxyCore } from './proxy-core.js';

const host = '127.0.0.1';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function stack(): Promise<SipStack & { at(transport: 'udp' | 'tcp'): Destination }> {
  const made = createSipStack({
    listeners: (['udp', 'tcp'] as const).map((transport) => ({
      name: `one-${transport}`,
      transport,
      host,
      port: 0,
    })),
    clock: systemClock,
    logger: silentLogger,
  });
  closing.push(() => made.stop());
  await made.start();
  const at = (transport: 'udp' | 'tcp'): Destination => {
    const { port } = made.transport.listeners().find((listener) => listener.transport === transport)!;
    return { transport, address: host, port };
  };
  return { ...made, at };
}

async function proxyTo(destination: Destination) {
  const made = await stack();
  new ProxyCore({
    ...made,
    clock: systemClock,
    logger: silentLogger,
    locator: { locate: () => Promise.resolve([]) },
    isOwn: () => false,
    route: () => ({ kind: 'forward', targets: [{ destination }] }),
  });
  return made;
}

const message = (n: number, headers: string[] = []): string =>
  [
    'MESSAGE urn:service:sos SIP/2.0',
    `Via: SIP/2.0/UDP ${host};rport;branch=z9hG4bKlength${n}`,
    'Max-Forwards: 70',
    'From: <sip:a@example.com>;tag=a',
    'To: <urn:service:sos>',
    `Call-ID: length-${n}`,
    'CSeq: 1 MESSAGE',
    ...headers,
    '',
    'help',
  ].join('\r\n');

it(
  'a request from a datagram without Content-Length gets one on a stream',
  { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 18.3'], shall: '6.1.2.3-8' } },
  async () => {
    const psap = await stack();
    const bodies: string[] = [];
    psap.transactions.onRequest = (tx) => {
      bodies.push(`${tx.request.header('Content-Length')} ${tx.request.body.toString()}`);
      tx.respond({ status: 200 });
    };
    const proxy = await proxyTo(psap.at('tcp'));
    const socket = createSocket('udp4');
    closing.push(() => socket.close());
    const answers: number[] = [];
    const both = new Promise<void>((resolve) => {
      socket.on('message', (bytes) => {
        const parsed = parseDatagram(bytes);
        if (parsed.kind === 'message' && answers.push(parsed.message.status) === 2) resolve();
      });
    });
    for (const n of [1, 2]) socket.send(message(n), proxy.at('udp').port, host);
    await both;
    expect(answers).toEqual([200, 200]);
    expect(bodies).toEqual(['4 help', '4 help']);
  },
);

it('and so does a response', { meta: { clause: ['RFC 3261 16.7', 'RFC 3261 18.3'] } }, async () => {
  const far = createSocket('udp4');
  closing.push(() => far.close());
  await new Promise<void>((resolve) => far.bind(0, host, resolve));
  far.on('message', (bytes, from) => {
    const parsed = parseDatagram(bytes);
    if (parsed.kind !== 'message') return;
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
      parsed.message.headerLines(name).map((value) => `${name}: ${value}`),
    );
    far.send(['SIP/2.0 200 OK', ...copied, '', 'yes'].join('\r\n'), from.port, from.address);
  });
  const proxy = await proxyTo({ transport: 'udp', address: host, port: far.address().port });
  const socket = connect(proxy.at('tcp').port, host);
  closing.push(() => socket.destroy());
  const framer = new StreamFramer();
  const answers: SipMessage[] = [];
  const both = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      for (const parsed of framer.push(chunk))
        if (parsed.kind === 'message' && answers.push(parsed.message) === 2) resolve();
    });
  });
  for (const n of [3, 4]) socket.write(message(n, ['Content-Length: 4']));
  await both;
  expect(answers.map((answer) => answer.body.toString())).toEqual(['yes', 'yes']);
});
