import { afterEach, expect, it } from 'vitest';
import { countingIds, silentLogger, systemClock } from '@esinet/kernel';
import { createSipStack, type SipStack } from '../stack.js';
import { UserAgent } from '../ua/user-agent.js';
import { ProxyCore } from './proxy-core.js';

const stacks: SipStack[] = [];
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
});

async function stack(transport: 'udp' | 'tcp' = 'udp', messageLimits?: { maxMessage: number }) {
  const made = createSipStack({
    listeners: [{ name: 'main', transport, host: '127.0.0.1', port: 0 }],
    clock: systemClock,
    logger: silentLogger,
    timers: { t1: 50 },
    ...(messageLimits && { messageLimits }),
  });
  stacks.push(made);
  await made.start();
  return { ...made, port: made.transport.listeners()[0]!.port };
}

const nowhere = { locate: async () => [] };

it.each(['udp', 'tcp'] as const)(
  'forwards a MESSAGE over %s and returns its answer',
  { meta: { clause: ['RFC 3261 16.6', 'RFC 3261 16.7'] } },
  async (transport) => {
    const caller = await stack(transport);
    const proxy = await stack(transport);
    const psap = await stack(transport);
    const common = { clock: systemClock, logger: silentLogger, locator: nowhere };
    new ProxyCore({
      ...common,
      ...proxy,
      isOwn: () => false,
      route: () => ({
        kind: 'forward',
        targets: [{ destination: { transport, address: '127.0.0.1', port: psap.port } }],
      }),
    });
    const seen: string[] = [];
    new UserAgent({
      ...common,
      ...psap,
      ids: countingIds('p'),
      onRequest: (request) => {
        seen.push(
          `${request.requestUri} ${request.vias.length} ${request.maxForwards} ${request.body.toString()}`,
        );
        return { status: 200, headers: [['X-Psap', 'yes']] };
      },
    });
    const ua = new UserAgent({ ...common, ...caller, ids: countingIds('c') });
    const outcome = await ua.send({
      method: 'MESSAGE',
      uri: 'urn:service:sos',
      from: 'sip:alice@example.com',
      to: 'urn:service:sos',
      body: 'Hilfe',
      contentType: 'text/plain',
      destination: { transport, address: '127.0.0.1', port: proxy.port },
    });
    expect(seen).toEqual(['urn:service:sos 2 69 Hilfe']);
    expect(outcome.kind).toBe('response');
    if (outcome.kind !== 'response') return;
    expect(outcome.message.status).toBe(200);
    expect(outcome.message.vias).toHaveLength(1);
    expect(outcome.message.topVia?.received).toBe('127.0.0.1');
    expect(outcome.message.header('X-Psap')).toBe('yes');
  },
);

it(
  'takes its own Route off a message that is larger than the default limit, where that was raised',
  { meta: { clause: 'RFC 3261 16.4' } },
  async () => {
    const raised = { maxMessage: 120_000 };
    const caller = await stack('tcp', raised);
    const proxy = await stack('tcp', raised);
    const psap = await stack('tcp', raised);
    const common = { clock: systemClock, logger: silentLogger, locator: nowhere };
    const to = (port: number) => ({ transport: 'tcp', address: '127.0.0.1', port }) as const;
    new ProxyCore({
      ...common,
      ...proxy,
      isOwn: () => false,
      route: () => ({ kind: 'forward', targets: [{ destination: to(psap.port) }] }),
    });
    const seen: string[] = [];
    new UserAgent({
      ...common,
      ...psap,
      ids: countingIds('p'),
      onRequest: (request) => {
        seen.push(`${request.values('Route').length} ${request.body.length}`);
        return { status: 200 };
      },
    });
    const ua = new UserAgent({ ...common, ...caller, ids: countingIds('c') });
    await ua.send({
      method: 'MESSAGE',
      uri: 'urn:service:sos',
      from: 'sip:alice@example.com',
      to: 'urn:service:sos',
      routes: [`sip:127.0.0.1:${proxy.port};lr`],
      body: 'x'.repeat(70_000),
      contentType: 'text/plain',
      destination: to(proxy.port),
    });
    expect(seen).toEqual(['0 70000']);
  },
);

it(
  'carries 5,000 MESSAGEs over udp and keeps nothing of them',
  { timeout: 60_000, meta: { clause: ['RFC 3261 17.1.2.2', 'RFC 3261 17.2.2'] } },
  async () => {
    const total = 5_000;
    const caller = await stack();
    const proxy = await stack();
    const psap = await stack();
    const common = { clock: systemClock, logger: silentLogger, locator: nowhere };
    const to = (port: number) => ({ transport: 'udp', address: '127.0.0.1', port }) as const;
    new ProxyCore({
      ...common,
      ...proxy,
      isOwn: () => false,
      route: async () => ({ kind: 'forward', targets: [{ destination: to(psap.port) }] }),
    });
    const seen = new Set<string>();
    let twice = 0;
    new UserAgent({
      ...common,
      ...psap,
      ids: countingIds('p'),
      onRequest: (request) => {
        const id = request.callId ?? '';
        if (seen.has(id)) twice++;
        seen.add(id);
        return { status: 200 };
      },
    });
    const ua = new UserAgent({ ...common, ...caller, ids: countingIds('c') });
    const statuses = new Map<string, number>();
    let next = 0;
    const worker = async () => {
      while (next < total) {
        const callId = `call-${next++}`;
        const outcome = await ua.send({
          method: 'MESSAGE',
          uri: 'urn:service:sos',
          from: 'sip:alice@example.com',
          to: 'urn:service:sos',
          callId,
          body: 'x'.repeat(2_000),
          contentType: 'text/plain',
          destination: to(proxy.port),
        });
        const key = outcome.kind === 'response' ? String(outcome.message.status) : outcome.reason;
        statuses.set(key, (statuses.get(key) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 50 }, worker));
    expect(Object.fromEntries(statuses)).toEqual({ 200: total });
    expect([seen.size, twice]).toEqual([total, 0]);
    const sizes = () => [caller, proxy, psap].map((one) => one.transactions.size);
    await expect
      .poll(sizes, { timeout: 30_000, interval: 100 })
      .toEqual(Array.from({ length: 3 }, () => ({ server: 0, client: 0 })));
  },
);
