import { afterEach, expect, it } from 'vitest';
import { silentLogger, systemClock } from '@esinet/kernel';
import { ProxyCore } from '../proxy/proxy-core.js';
import { ask } from '../proxy/proxy-harness.js';
import { createSipStack, type SipStack } from '../stack.js';
import type { Destination } from '../transport/destination.js';
import { orderForSize } from './destination-order.js';

const at = (transport: 'udp' | 'tcp', port: number): Destination => ({
  transport,
  address: '127.0.0.1',
  port,
});

it('puts reliable transports first for a large request only', { meta: { clause: 'RFC 3261 18.1.1' } }, () => {
  const both = [at('udp', 1), at('tcp', 1), at('udp', 2)];
  expect(orderForSize(both, 1_300)).toEqual(both);
  expect(orderForSize(both, 1_301)).toEqual([at('tcp', 1), at('udp', 1), at('udp', 2)]);
  expect(orderForSize([at('udp', 1)], 9_000)).toEqual([at('udp', 1)]);
});

const stacks: SipStack[] = [];
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
});

async function start(...names: ('side-udp' | 'side-tcp' | 'main-udp' | 'main-tcp')[]) {
  const listeners = names.map((name) => {
    const transport = name.endsWith('udp') ? ('udp' as const) : ('tcp' as const);
    return { name, transport, host: '127.0.0.1', port: 0 };
  });
  const stack = createSipStack({ listeners, clock: systemClock, logger: silentLogger, timers: { t1: 100 } });
  stacks.push(stack);
  await stack.start();
  const port = (name: string) =>
    stack.transport.listeners().find((listener) => listener.name === name)?.port ?? 0;
  return { ...stack, port };
}

it.each([
  [true, 'TCP'],
  [false, 'UDP'],
])(
  'a large MESSAGE: TCP listens %s, so it goes by %s, from the listener of the same side',
  { meta: { clause: ['RFC 3261 18.1.1', 'RFC 3263 4.3'] } },
  async (listens, transport) => {
    const caller = await start('main-udp');
    const proxy = await start('main-udp', 'main-tcp', 'side-udp', 'side-tcp');
    const psap = await start(...(listens ? (['main-udp', 'main-tcp'] as const) : (['main-udp'] as const)));
    const tcpPort = listens ? psap.port('main-tcp') : proxy.port('main-udp');
    const route = {
      kind: 'forward',
      targets: [{ nextHopUri: 'sip:psap.example', listener: 'side-udp' }],
    } as const;
    new ProxyCore({
      ...proxy,
      clock: systemClock,
      logger: silentLogger,
      isOwn: () => false,
      locator: { locate: () => Promise.resolve([at('udp', psap.port('main-udp')), at('tcp', tcpPort)]) },
      route: () => route,
    });
    const vias: string[] = [];
    psap.transactions.onRequest = (tx) => {
      vias.push(`${tx.request.topVia?.transport} ${tx.request.topVia?.port}`);
      tx.respond({ status: 200 });
    };
    const asked = ask(caller, at('udp', proxy.port('main-udp')), { body: 'x'.repeat(2_000) });
    await expect.poll(() => asked.statuses, { timeout: 10_000 }).toContain(200);
    expect(vias).toEqual([`${transport} ${proxy.port(transport === 'TCP' ? 'side-tcp' : 'side-udp')}`]);
  },
);
