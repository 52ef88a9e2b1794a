import { ManualClock, silentLogger, systemClock } from '@esinet/kernel';
import {
  InProcessBus,
  MemoryStore,
  type RunningElement,
  SipEdge,
  type Store,
  StoreError,
} from '@esinet/platform';
import type { Destination, TransportName, UacOutcome } from '@esinet/sip';
import { type LoopbackAgent, loopbackAgent, until } from '@esinet/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chatHeader, context, inside, request } from './bcf-fixture.js';
import { startBcf } from './bcf.module.js';
import { bcfConfigSchema } from './config.js';
import { screen } from './screen.js';
import { Siblings, relayedBy } from './siblings.js';

const meta = { clause: 'TS 103 698 6.2.3' };

let bus: InProcessBus;
let store: MemoryStore;
let esrp: LoopbackAgent;
let phone: LoopbackAgent;
let other: LoopbackAgent;
let psap: LoopbackAgent;
let one: RunningElement;
let two: RunningElement;

beforeEach(async () => {
  [esrp, phone, other, psap] = (await Promise.all(Array.from({ length: 4 }, () => loopbackAgent()))) as [
    LoopbackAgent,
    LoopbackAgent,
    LoopbackAgent,
    LoopbackAgent,
  ];
  bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  store = new MemoryStore({ clock: systemClock });
  [one, two] = await Promise.all([border('bcf-1'), border('bcf-2')]);
  await until(async () => (await store.keys('bcf:instance:')).length === 2);
});

afterEach(async () => {
  await Promise.all([one, two].map((each) => each.close()));
  await Promise.all([esrp, phone, other, psap].map((each) => each.stop()));
  await bus.close();
});

function border(instance: string): Promise<RunningElement> {
  const config = bcfConfigSchema.parse({
    http: { port: 0 },
    public: { udp: 0, tcp: 0, tls: null },
    private: { udp: 0, tcp: 0 },
    esrp: [`tcp:127.0.0.1:${esrp.port('tcp')}`],
    psaps: { '*': [`tcp:127.0.0.1:${psap.port('tcp')}`] },
    domains: {},
    failover: '500 ms',
  });
  return startBcf(config, { bus, store, instance }, { drainMs: 50 });
}

function at(bcf: RunningElement, side: 'public' | 'private', transport: TransportName = 'tcp'): Destination {
  return {
    transport,
    address: '127.0.0.1',
    port: bcf.get<SipEdge>(SipEdge).port(`${side}-${transport}`) ?? 0,
  };
}

const status = (outcome: UacOutcome) =>
  outcome.kind === 'response' ? outcome.message.status : outcome.reason;

async function calls(
  agent: LoopbackAgent,
  to: Destination,
  user = 'anna',
  chat = chatHeader,
): Promise<unknown> {
  return status(
    await agent.send({
      ...{ method: 'MESSAGE', uri: 'urn:service:sos', to: 'urn:service:sos', body: 'help' },
      ...{ from: `sip:${user}@app.example`, headers: [chat], destination: to },
    }),
  );
}

async function answers(to: Destination, user = 'anna', chat = chatHeader, more: [string, string][] = []) {
  const outcome = await psap.send({
    ...{ method: 'MESSAGE', uri: `sip:${user}@app.example`, to: `sip:${user}@app.example` },
    from: 'sip:madrid@psap.esinet.internal',
    headers: [chat, ['Reply-To', 'sip:madrid@psap.esinet.internal'], ...more],
    ...{ body: 'what happened?', destination: to },
  });
  return status(outcome);
}

/** Closes the connections of an agent, as a network does that goes away. */
function hangUp(bcf: RunningElement): void {
  const { transport } = bcf.get<SipEdge>(SipEdge);
  for (let i = 0; i < 20; i++) transport.dropFlow(`tcp-${i}`, 'test');
}

describe.each(['tcp', 'udp'] as const)('a caller over %s at one border', (transport) => {
  it('is answered through the other: by the same way, worked on once', { meta }, async () => {
    expect(await calls(phone, at(one, 'public', transport))).toBe(200);
    expect(await answers(at(two, 'private'))).toBe(200);
    const [back] = phone.received;
    expect(phone.received).toHaveLength(1);
    expect(back?.flow.transport).toBe(transport);
    expect(back?.message.header('Reply-To')).toBe('sip:madrid@esinet.lab');
    expect(back?.message.header('Resource-Priority')).toBe('esnet.0');
    expect(back?.message.header(relayedBy)).toBeUndefined();
    // What the PSAP said, and the two borders.
    expect(back?.message.values('Via')).toHaveLength(3);
  });
});

it('connections of the same name at both borders are not taken for each other', { meta }, async () => {
  const chatOf = (name: string) =>
    [chatHeader[0], chatHeader[1].replace('abcdef', name)] as unknown as typeof chatHeader;
  const [anna, ben] = [chatOf('annaaa'), chatOf('bennnn')];
  expect(await calls(phone, at(one, 'public'), 'anna', anna)).toBe(200);
  expect(await calls(other, at(two, 'public'), 'ben', ben)).toBe(200);
  expect(await answers(at(two, 'private'), 'anna', anna)).toBe(200);
  expect(await answers(at(one, 'private'), 'ben', ben)).toBe(200);
  expect(phone.received.map(({ message }) => message.requestUri)).toEqual(['sip:anna@app.example']);
  expect(other.received.map(({ message }) => message.requestUri)).toEqual(['sip:ben@app.example']);
});

it('a caller who goes over to the other border is found there by the first', { meta }, async () => {
  expect(await calls(phone, at(one, 'public'))).toBe(200);
  expect(await answers(at(one, 'private'))).toBe(200);
  expect(await calls(phone, at(two, 'public'))).toBe(200);
  hangUp(one);
  await until(async () => (await answers(at(one, 'private'))) === 200);
  expect(phone.received.at(-1)?.message.values('Via')).toHaveLength(3);
});

it('480 where the border that held the connection is gone, or its connection', { meta }, async () => {
  expect(await calls(phone, at(one, 'public'))).toBe(200);
  hangUp(one);
  expect(await answers(at(two, 'private'))).toBe(480);
  await one.close();
  expect(await store.keys('bcf:instance:')).toEqual(['bcf:instance:bcf-2']);
  const gone = await answers(at(two, 'private'));
  expect([480, 503, 408, 500]).toContain(gone);
});

it(
  'what a sibling has passed on is passed on to no sibling',
  { meta: { clause: 'RFC 3261 16.3' } },
  async () => {
    expect(await calls(phone, at(one, 'public'))).toBe(200);
    expect(await answers(at(two, 'private'), 'anna', chatHeader, [[relayedBy, 'bcf-3']])).toBe(480);
    expect(phone.received).toHaveLength(0);
    // Outside nobody is believed to be one.
    const sent = await phone.send({
      ...{ method: 'MESSAGE', uri: 'urn:service:sos', to: 'urn:service:sos', body: 'help' },
      from: 'sip:anna@app.example',
      headers: [chatHeader, [relayedBy, 'bcf-2']],
      destination: at(one, 'public'),
    });
    expect(status(sent)).toBe(200);
    expect(esrp.received.at(-1)?.message.header(relayedBy)).toBeUndefined();
  },
);

it(
  'a chat that is not known here, as when the store is away, is asked for at the siblings',
  { meta },
  async () => {
    expect(await calls(phone, at(one, 'public'))).toBe(200);
    await until(async () => (await store.keys('bcf:chat:')).length > 0);
    for (const key of await store.keys('bcf:chat:')) await store.delete(key);
    expect(await answers(at(two, 'private'))).toBe(200);
    expect(phone.received).toHaveLength(1);
    expect(await answers(at(two, 'private'), 'nobody')).toBe(404);
  },
);

it('a sibling gets the message as it came, the ways after it what leaves for outside', { meta }, () => {
  const flow = { listener: 'public-udp', transport: 'udp', address: '192.0.2.1', port: 5060 } as const;
  const answer = request({
    uri: 'sip:anna@app.example',
    headers: [
      chatHeader,
      ['Reply-To', '<sip:madrid@psap.esinet.internal>'],
      ['P-Asserted-Identity', '<sip:x@y>'],
    ],
  });
  const { decision } = screen(answer, inside, context, {
    current: { ...flow, flowId: 'x', instance: 'bcf-2' },
    alternate: { ...flow, flowId: 'y', instance: 'bcf-1' },
  });
  if (decision.kind !== 'forward') throw new Error(decision.kind);
  expect(decision.edits).toBeUndefined();
  expect(decision.targets.map(({ listener }) => listener)).toEqual(['private-tcp', 'public-udp']);
  expect(decision.targets[0]?.edits).toEqual([{ op: 'append', name: relayedBy, value: 'bcf-1' }]);
  expect(JSON.stringify(decision.targets[1]?.edits)).toContain('esinet.lab');
  expect(decision.failoverOn?.(480)).toBe(true);
});

describe('who is alive', () => {
  const siblings = (clock: ManualClock, instance: string, from: Store, configured = {}): Siblings =>
    new Siblings({
      ...{ instance, store: from, bus, clock, logger: silentLogger, configured },
      ...{ presenceMs: 15_000, timeoutMs: 300 },
    });

  it('is said again and again, in the store and on the bus, and taken back', async () => {
    const clock = new ManualClock();
    const deaf = siblings(clock, 'c', new MemoryStore({ clock }));
    const shared = new MemoryStore({ clock });
    const [a, b] = [siblings(clock, 'a', shared), siblings(clock, 'b', shared)];
    a.announce('tcp:10.0.0.1:5062');
    await clock.run(60_000, 1_000);
    await b.learn(['a', 'b', undefined]);
    expect(b.hop('a')).toEqual({ transport: 'tcp', address: '10.0.0.1', port: 5062 });
    expect(b.learn(['a'])).toBeUndefined();
    expect(deaf.alive()).toContainEqual({ transport: 'tcp', address: '10.0.0.1', port: 5062 });
    deaf.close();
    a.close();
    await clock.run(6_000, 1_000);
    void b.learn(['a']);
    await clock.run(10);
    expect([b.hop('a'), b.isAlive('a')]).toEqual([undefined, false]);
  });

  it('is remembered while the store is away; nonsense there is nobody', async () => {
    const clock = new ManualClock();
    const shared = new MemoryStore({ clock });
    let away = false;
    const far: Store = Object.assign(Object.create(shared) as Store, {
      get: (key: string) => (away ? Promise.reject(new StoreError('unreachable', 'away')) : shared.get(key)),
    });
    const here = siblings(clock, 'a', far, { d: { transport: 'tcp', address: '10.0.0.4', port: 1 } });
    await shared.set('bcf:instance:b', 'tcp:10.0.0.2:5062');
    await shared.set('bcf:instance:c', 'javascript:alert(1)');
    await here.learn(['b', 'c']);
    expect([here.isAlive('b'), here.isAlive('c')]).toEqual([true, false]);
    away = true;
    clock.advance(60_000);
    void here.learn(['b']);
    await here.learn(['d']);
    await clock.run(10);
    expect([here.isAlive('b'), here.hop('d')]).toEqual([
      true,
      { transport: 'tcp', address: '10.0.0.4', port: 1 },
    ]);
  });
});
