import { ManualClock, silentLogger } from '@esinet/kernel';
import { InProcessBus, PrometheusMetrics } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import { queuesConfigSchema } from './config.js';
import { DequeueDesk } from './dequeue-desk.js';
import { Queues } from './queues.js';
import { SharedRegistrations, readTold } from './shared-registrations.js';

const queueUri = 'sip:madrid@psap.esinet.internal';
const taker = 'sip:desk1@psap.esinet.internal';
const here = { address: '127.0.0.1', names: [], fromPage: false };
const everyMs = 5_000;

function cluster() {
  const clock = new ManualClock();
  const bus = new InProcessBus({ logger: silentLogger, clock });
  const router = () => {
    const config = queuesConfigSchema.parse({ list: [{ uri: queueUri, dequeuers: { loopback: true } }] });
    const ports = { clock, logger: silentLogger, isReachable: () => true };
    const queues = new Queues(config, { clock, logger: silentLogger, metrics: new PrometheusMetrics() });
    const shared = new SharedRegistrations(queues, { ...ports, bus, everyMs });
    const desk = new DequeueDesk(queues, {
      ...ports,
      onChange: (queue, dequeuer, ended) => shared.changed(queue, dequeuer, ended),
    });
    shared.start();
    return {
      shared,
      register: (seconds: number) =>
        desk.register({ queueUri, dequeuerUri: taker, expirationTime: seconds, dequeuePreference: 3 }, here),
      registered: () => queues.named(queueUri)?.dequeuers?.inOrder() ?? [],
      state: () => queues.snapshot()[0]?.state,
    };
  };
  /** What was published is delivered. */
  const settle = () => clock.run(20, 1);
  return { clock, bus, router, settle };
}

describe('registrations of dequeuers across routers', () => {
  it('one that registers at the first router is served by the second, and gone from both when it ends', async () => {
    const { router, settle } = cluster();
    const [one, two] = [router(), router()];
    one.register(60);
    await settle();
    expect(two.registered()).toMatchObject([{ dequeuerUri: taker, preference: 3 }]);
    expect(two.state()).toBe('Active');
    two.register(0);
    await settle();
    expect(one.registered()).toEqual([]);
    expect(one.state()).toBe('Inactive');
  });

  it('who begins late asks, also when the router that took the registration is dead', async () => {
    const { router, settle } = cluster();
    const [one, two] = [router(), router()];
    one.register(60);
    await settle();
    one.shared.close();
    const three = router();
    await settle();
    expect(three.registered()).toHaveLength(1);
    expect(two.registered()).toHaveLength(1);
  });

  it('what was told before the end does not bring it back', async () => {
    const { bus, router, settle } = cluster();
    const [one, two] = [router(), router()];
    const told: unknown[] = [];
    bus.subscribe('queues.registered', (payload) => void told.push(payload));
    one.register(60);
    await settle();
    one.register(0);
    await settle();
    for (const payload of told) bus.publish('queues.registered', payload);
    await settle();
    expect([one.registered(), two.registered()]).toEqual([[], []]);
  });

  it('a message that is lost is made good by the next round', async () => {
    const { clock, bus, router, settle } = cluster();
    const one = router();
    one.register(60);
    await settle();
    const two = router();
    await settle();
    const { publish } = bus;
    bus.publish = () => undefined;
    one.register(0);
    await settle();
    bus.publish = publish.bind(bus);
    expect(two.registered()).toHaveLength(1);
    one.register(120);
    await settle();
    await clock.run(everyMs + 100, 100);
    await settle();
    const left = (two.registered()[0]?.until ?? 0) - clock.now();
    expect(left).toBeGreaterThan(100_000);
  });

  it('reads what it can of what others say', () => {
    const good = { queueUri, dequeuerUri: taker, preference: 1, forMs: 1_000, version: 7 };
    const list = [
      good,
      null,
      'x',
      { ...good, preference: 9 },
      { ...good, forMs: -1 },
      { ...good, queueUri: 'x' },
    ];
    expect(readTold({ registrations: list })).toEqual([good]);
    for (const payload of [null, 1, 'x', [], {}, { registrations: 1 }]) expect(readTold(payload)).toEqual([]);
  });
});
