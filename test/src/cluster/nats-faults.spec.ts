import { setTimeout as pause } from 'node:timers/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  type TestServer,
  freePort,
  natsServer,
  requireProgram,
  temporaryFolder,
  until,
} from '@esinet/testing';
import { AckPolicy, DeliverPolicy, type NatsConnection, nkeys } from 'nats';
import { afterEach, describe, expect } from 'vitest';
import { openNatsBus } from './nats-bus.js';

const nats = requireProgram('nats-server');
const servers: TestServer[] = [];
const start = async (o: Parameters<typeof natsServer>[1] = {}): Promise<TestServer> => {
  const server = await natsServer(nats.path, o);
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.dispose()));
});

interface Told {
  readonly callId: string;
  readonly n: number;
}

/** All that the stream has, in its order. */
async function kept(connection: NatsConnection | undefined): Promise<Told[]> {
  if (!connection) throw new Error('no connection');
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info('esinet-events');
  const found: Told[] = [];
  if (state.messages === 0) return found;
  await manager.consumers.add('esinet-events', {
    name: 'reader',
    durable_name: 'reader',
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
  });
  const consumer = await connection.jetstream().consumers.get('esinet-events', 'reader');
  for await (const message of await consumer.fetch({ max_messages: state.messages, expires: 5_000 })) {
    found.push(message.json<Told>());
  }
  return found;
}

function isInOrder(found: readonly Told[]): boolean {
  const last = new Map<string, number>();
  return found.every(({ callId, n }) => {
    const before = last.get(callId) ?? -1;
    last.set(callId, n);
    return n > before;
  });
}

describe('NATS away', () => {
  nats.it('killed under load: each durable event is kept once, those of a chat in order (F06)', async () => {
    const server = await start();
    const { bus, metric } = await openNatsBus(server.url, { folder: temporaryFolder('nats') });
    const counts = new Map<string, number>();
    let sent = 0;
    const send = (): void => {
      const callId = `call-${sent++ % 40}`;
      const n = counts.get(callId) ?? 0;
      counts.set(callId, n + 1);
      bus.publish('events.psap.message', { callId, n });
    };
    const load = setInterval(() => {
      for (let i = 0; i < 20; i++) send();
    }, 10);
    await until(() => sent > 200);
    for (let round = 0; round < 3; round++) {
      await server.kill();
      await until(async () => (await metric('esinet_bus_connected')) === 0);
      const before = sent;
      await until(() => sent > before + 200);
      await server.start();
      await until(async () => (await metric('esinet_bus_waiting')) < 50);
    }
    clearInterval(load);
    await until(async () => (await metric('esinet_bus_waiting')) === 0);
    const found = await kept(bus.connection);
    expect(found.length).toBe(sent);
    expect(new Set(found.map(({ callId, n }) => `${callId} ${n}`)).size).toBe(sent);
    expect(isInOrder(found)).toBe(true);
    expect(await metric('esinet_bus_lost_total')).toBe(0);
  });

  nats.it('a process that ends meanwhile leaves its events to the next', async () => {
    const folder = temporaryFolder('nats');
    const port = await freePort();
    const url = `nats://127.0.0.1:${port}`;
    const first = await openNatsBus(url, { folder, config: { startWait: 0 } });
    for (let n = 0; n < 500; n++) first.bus.publish('events.psap.message', { callId: `c${n % 7}`, n });
    await first.bus.close();
    const server = await start({ port });
    const second = await openNatsBus(server.url, { folder });
    second.bus.publish('events.psap.message', { callId: 'c0', n: 500 });
    await until(async () => (await second.metric('esinet_bus_waiting')) === 0);
    const found = await kept(second.bus.connection);
    expect(found.length).toBe(501);
    expect(isInOrder(found)).toBe(true);
  });

  nats.it('subscriptions and questions come back; events wait in a bounded buffer', async () => {
    const server = await start();
    const one = await openNatsBus(server.url, { limits: { maxBuffered: 100 } });
    const two = await openNatsBus(server.url, { instance: 'two' });
    const seen: unknown[] = [];
    two.bus.subscribe('plain', (payload) => void seen.push(payload));
    two.bus.reply('question', () => Promise.resolve('answer'));
    await two.bus.settled();
    await server.kill();
    await until(() => one.bus.note() !== undefined && two.bus.note() !== undefined);
    expect(one.bus.note()).toMatch(/NATS is not reached/);
    const error = await one.bus.request('question', 1, { timeoutMs: 60_000 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'unreachable' });
    for (let i = 0; i < 150; i++) one.bus.publish('plain', i);
    expect(await one.metric('esinet_bus_lost_total')).toBe(50);
    await server.start();
    await until(() => one.bus.note() === undefined && two.bus.note() === undefined);
    await two.bus.settled();
    expect(await until(() => one.bus.request('question', 1).catch(() => undefined))).toBe('answer');
    one.bus.publish('plain', 'after');
    await until(() => seen.includes('after'));
    const numbers = seen.filter((each) => typeof each === 'number');
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  nats.it('frozen: nothing waits for it, and it is used again when it answers (F07)', async () => {
    const server = await start();
    const { bus, metric, logged } = await openNatsBus(server.url, {
      config: { stalledAfter: 300, deadAfter: 60_000 },
    });
    await until(async () => (await metric('esinet_bus_kept')) === 1);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    server.freeze();
    delay.enable();
    const payload = { callId: 'a', text: 'x'.repeat(2_000) };
    let slowest = 0;
    let sent = 0;
    const end = performance.now() + 2_000;
    while (performance.now() < end) {
      const before = performance.now();
      for (let i = 0; i < 20; i++) bus.publish('events.bcf.screened', payload);
      bus.publish('events.psap.message', { callId: `c${sent % 5}`, n: sent++ });
      slowest = Math.max(slowest, performance.now() - before);
      await pause(5);
    }
    delay.disable();
    expect(await metric('esinet_bus_connected')).toBe(0);
    expect(bus.note()).toMatch(/does not answer/);
    const error = await bus.request('question', 1, { timeoutMs: 60_000 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'unreachable' });
    // Generous for a starved machine; a write that waited would have taken the whole time.
    expect(slowest).toBeLessThan(1_000);
    expect(delay.max / 1e6).toBeLessThan(1_000);
    server.thaw();
    await until(async () => (await metric('esinet_bus_waiting')) === 0);
    expect(logged.filter((line) => line.startsWith('bus lost'))).toEqual([]);
    const found = await kept(bus.connection);
    expect(found.length).toBe(sent);
    expect(isInOrder(found)).toBe(true);
  });

  nats.it('frozen for longer: the connection is given up, and none is left open to it', async () => {
    const server = await start();
    const { bus, logged } = await openNatsBus(server.url, {
      config: { stalledAfter: 100, deadAfter: 300, connectTimeout: 100 },
    });
    server.freeze();
    await until(() => logged.filter((line) => line.includes('no answer within 100 ms')).length > 0);
    await pause(500);
    const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
    expect(sockets.length).toBeLessThan(4);
    server.thaw();
    await until(() => bus.note() === undefined);
  });

  nats.it('too many wait: the oldest go, and it is counted and told', async () => {
    const { bus, metric, logged } = await openNatsBus(`nats://127.0.0.1:${await freePort()}`, {
      limits: { maxSpooled: 100 },
      config: { startWait: 0 },
    });
    for (let n = 0; n < 130; n++) bus.publish('events.psap.message', { callId: 'a', n });
    expect(await metric('esinet_bus_waiting')).toBe(100);
    expect(await metric('esinet_bus_lost_total')).toBe(30);
    expect(logged.filter((line) => line.startsWith('events lost')).length).toBe(2);
  });
});

describe('NATS as its operator has it', () => {
  const secret = 'authorization { users: [ { user: esinet, password: right } ] }';

  nats.it('a wrong password is said in words and tried again; the element starts', async () => {
    const server = await start({ config: secret });
    const { bus, logged } = await openNatsBus(server.url, {
      config: { user: 'esinet', password: 'wrong', startWait: 200 },
    });
    await until(() => logged.some((line) => line.includes('refuses the user or the password')));
    expect(bus.note()).toMatch(/refuses the user or the password/);
    expect(logged.join()).not.toContain('wrong"');
    const right = await openNatsBus(server.url, { config: { user: 'esinet', password: 'right' } });
    expect(right.bus.note()).toBeUndefined();
  });

  nats.it('an NKEY is known or not', async () => {
    const [known, stranger] = [nkeys.createUser(), nkeys.createUser()];
    const server = await start({ config: `authorization { users: [ { nkey: ${known.getPublicKey()} } ] }` });
    const seed = (pair: typeof known): string => new TextDecoder().decode(pair.getSeed());
    const good = await openNatsBus(server.url, { config: { nkeySeed: seed(known) } });
    expect(good.bus.note()).toBeUndefined();
    const bad = await openNatsBus(server.url, { config: { nkeySeed: seed(stranger), startWait: 200 } });
    await until(() => bad.bus.note()?.includes('does not know this NKEY'));
    // In the middle: the last character has bits that mean nothing.
    const text = seed(known);
    const broken = `${text.slice(0, 20)}${text[20] === 'A' ? 'B' : 'A'}${text.slice(21)}`;
    await expect(openNatsBus(server.url, { config: { nkeySeed: broken } })).rejects.toThrow(/no seed/);
  });

  nats.it('without JetStream events are published all the same, and it is told once', async () => {
    const server = await start({ config: 'jetstream: false' });
    const { bus, logged, metric } = await openNatsBus(server.url);
    const seen: unknown[] = [];
    bus.subscribe('events.psap.>', (payload) => void seen.push(payload));
    await bus.settled();
    bus.publish('events.psap.message', { callId: 'a', n: 1 });
    await until(() => seen.length === 1);
    await until(async () => (await metric('esinet_bus_waiting')) === 0);
    expect(logged.filter((line) => line.includes('JetStream is not enabled')).length).toBe(1);
    expect(bus.note()).toMatch(/keeps no events/);
    expect(await metric('esinet_bus_kept')).toBe(0);
  });

  nats.it('what is there and speaks something else is no server', async () => {
    const { createServer } = await import('node:net');
    const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const { bus } = await openNatsBus(`nats://127.0.0.1:${port}`, { config: { startWait: 0 } });
    await until(() => bus.note()?.includes('no NATS server'));
    other.close();
  });

  nats.it('a subscriber that is too slow loses, counted, and the others lose nothing', async () => {
    const server = await start();
    const { bus, metric } = await openNatsBus(server.url, { limits: { maxPending: 50 } });
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow = bus.subscribe('s', () => gate);
    let fast = 0;
    bus.subscribe('s', () => void fast++);
    await bus.settled();
    for (let i = 0; i < 200; i++) {
      bus.publish('s', i);
      if (i % 20 === 0) await bus.settled();
    }
    await until(() => fast === 200);
    expect(slow.dropped).toBe(149);
    expect(await metric('esinet_bus_lost_total')).toBe(149);
    open();
  });
});
