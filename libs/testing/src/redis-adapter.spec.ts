import { randomUUID } from 'node:crypto';
import { type LogFields, type Logger, silentLogger, systemClock } from '@esinet/kernel';
import { Leases, PrometheusMetrics, type Store, openStore, storeSchema } from '@esinet/platform';
import { RedisStore, type RedisStoreOptions, redisClient } from '@esinet/platform/redis';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { freePort } from './free-port.js';
import { requireProgram } from './outside-program.js';
import { redisCluster, redisSentinel } from './redis-cluster.js';
import { redisServer } from './redis-server.js';
import { storeContract } from './store-contract.js';
import type { TestServer } from './test-server.js';
import { until } from './until.js';

const redis = requireProgram('redis-server');
const sentinel = requireProgram('redis-sentinel');
const { it } = redis;

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A starved machine answers late; that is not what these tests are about. */
const patient = { timeout: '10 s' };

function redisOf(config: Record<string, unknown>) {
  const parsed = storeSchema.parse({ kind: 'redis', ...patient, prefix: `${randomUUID()}:`, ...config });
  if (parsed.kind !== 'redis') throw new Error('not Redis');
  return parsed;
}

async function redisStore(
  config: Record<string, unknown>,
  o: Partial<RedisStoreOptions> = {},
): Promise<RedisStore> {
  const parsed = redisOf(config);
  const client = redisClient(parsed, { instance: 'spec', tls: undefined, random: Math.random });
  const store = new RedisStore(client, {
    ...{ prefix: parsed.prefix, timeoutMs: parsed.timeout, clock: systemClock },
    ...{ logger: silentLogger, metrics: new PrometheusMetrics() },
    ...o,
  });
  closing.push(() => store.close());
  await store.connect(10_000);
  return store;
}

async function server(o: Parameters<typeof redisServer>[1] = {}): Promise<TestServer> {
  const started = await redisServer(redis.path, o);
  closing.push(() => started.dispose());
  return started;
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function contract(name: string, config: () => Record<string, unknown>): void {
  storeContract(name, async () => {
    const store = await redisStore(config());
    return { store, wait, close: () => store.close() };
  });
}

/** Remembers what was logged. */
function listening(): { logger: Logger; lines: { event: string; fields: LogFields }[] } {
  const lines: { event: string; fields: LogFields }[] = [];
  const keep = (event: string, fields: LogFields = {}) => void lines.push({ event, fields });
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep, child: () => logger };
  return { logger, lines };
}

describe.skipIf(redis.path === '')('on one server', () => {
  let one: TestServer;
  beforeAll(async () => {
    one = await server();
  });

  contract('Redis', () => ({ url: one.url }));

  it('a lease is over after its time, and somebody else does not draw it out', async () => {
    const leases = new Leases(await redisStore({ url: one.url }));
    expect(await leases.acquire('chat', 'psap-1', 60_000)).toBe(true);
    expect(await leases.acquire('chat', 'psap-2', 60_000)).toBe(false);
    expect(await leases.renew('chat', 'psap-2', 60_000)).toBe(false);
    expect(await leases.renew('chat', 'psap-1', 50)).toBe(true);
    await until(async () => (await leases.holder('chat')) === undefined);
    expect(await leases.renew('chat', 'psap-1', 60_000)).toBe(false);
    expect(await leases.acquire('chat', 'psap-2', 60_000)).toBe(true);
    await leases.release('chat', 'psap-1');
    expect(await leases.holder('chat')).toBe('psap-2');
  });

  it('prefixes keep two networks apart, and no key is taken for a pattern or a second command', async () => {
    const [a, b] = [await redisStore({ url: one.url }), await redisStore({ url: one.url })];
    for (const key of ['a\0b', '{x}y', '\\', '[a-z]*', '\r\nFLUSHALL\r\n', '💬', 'x'.repeat(10_000)]) {
      await a.set(key, key);
      expect(await a.get(key)).toBe(key);
      expect(await a.keys(key)).toEqual([key]);
    }
    expect(await b.keys('')).toEqual([]);
  });
});

describe.skipIf(redis.path === '' || sentinel.path === '')('behind a sentinel', () => {
  let nodes: string[];
  beforeAll(async () => {
    const watcher = await redisSentinel(sentinel.path, await server());
    closing.push(() => watcher.dispose());
    nodes = [`127.0.0.1:${watcher.port}`];
  });

  contract('Redis behind Sentinel', () => ({ sentinels: { name: 'mymaster', nodes } }));
});

describe.skipIf(redis.path === '')('on a cluster', () => {
  let servers: readonly TestServer[];
  beforeAll(async () => {
    servers = await redisCluster(redis.path);
    closing.push(...servers.map((each) => () => each.dispose()));
  }, 30_000);

  const nodes = () => [`127.0.0.1:${servers[0]?.port}`];
  contract('a Redis Cluster', () => ({ cluster: { nodes: nodes() } }));

  it('one node away: the keys of the others are there', async () => {
    const store = await redisStore({ cluster: { nodes: nodes() }, timeout: '2 s' });
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => store.set(key, key)));
    expect(await store.keys('k')).toHaveLength(30);
    await servers[2]?.kill();
    const found = await until(async () => {
      const answers = await Promise.allSettled(keys.map((key) => store.get(key)));
      const values = answers.filter((each) => each.status === 'fulfilled');
      return values.length > 5 && values.length < 30 ? answers : undefined;
    });
    for (const each of found)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'unreachable' });
    await servers[2]?.start();
    await until(async () => {
      const answers = await Promise.allSettled(keys.map((key) => store.set(key, key)));
      return answers.every(({ status }) => status === 'fulfilled');
    });
  });
});

describe('away', () => {
  it('rejects at once, and goes on when it is there again', async () => {
    const one = await server();
    const { logger, lines } = listening();
    const metrics = new PrometheusMetrics();
    const store = await redisStore({ url: one.url }, { logger, metrics });
    expect(await metrics.text()).toContain('esinet_store_connected 1');
    await store.set('a', '1');
    await one.kill();
    await until(() => !store.connected);
    for (const asked of [store.get('a'), store.set('a', '1'), store.increment('n'), store.keys('')])
      await expect(asked).rejects.toMatchObject({ code: 'unreachable' });
    expect(await metrics.text()).toContain('esinet_store_connected 0');
    await one.start();
    await until(() => store.connected);
    // It kept nothing on disk, and has forgotten its scripts as well.
    expect(await store.get('a')).toBeUndefined();
    expect(await store.compareAndSet('a', undefined, '2')).toBe(true);
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['store-away', 'store-connected', 'store-emptied']),
    );
    expect(lines.length).toBeLessThan(10);
  });

  it('frozen, it is away after the time of one command, and back when it answers', async () => {
    const one = await server();
    const store = await redisStore({ url: one.url, timeout: '300 ms' });
    await store.set('a', '1');
    one.freeze();
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => store.get('a')));
    for (const each of asked) expect(each).toMatchObject({ reason: { code: 'unreachable' } });
    expect(store.connected).toBe(false);
    one.thaw();
    await until(() => store.connected);
    expect(await store.get('a')).toBe('1');
  });

  it('flushed, it says so', async () => {
    const one = await server();
    const changes: string[] = [];
    const store = await redisStore({ url: one.url }, { onChange: (change) => changes.push(change) });
    await store.set('a', '1');
    const client = redisClient(redisOf({ url: one.url }), { instance: 'x', tls: undefined, random: () => 0 });
    await client.connect();
    await client.flushall();
    client.disconnect();
    await until(() => changes.includes('emptied'));
    expect(changes).toEqual(['back', 'emptied']);
  });

  it('never there: the store opens all the same, and goes on alone with what it may', async () => {
    const { logger, lines } = listening();
    const opened = await openStore(redisOf({ url: `redis://127.0.0.1:${await freePort()}` }), ports(logger));
    const store = opened?.store as Store;
    await store.set('bcf:chat:x', '1');
    expect(await store.get('bcf:chat:x')).toBe('1');
    await expect(new Leases(store).acquire('a', 'b', 1_000)).rejects.toMatchObject({ code: 'unreachable' });
    await until(() => lines.some(({ event }) => event === 'store-away'));
    await opened?.close();
    await expect(new Leases(store).holder('a')).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('a wrong password is said in a sentence without it, and tried again', async () => {
    const one = await server({ args: ['--requirepass', 'right'] });
    const said = async (config: Record<string, unknown>): Promise<string> => {
      const { logger, lines } = listening();
      const opened = await openStore(redisOf({ url: one.url, ...config }), ports(logger));
      const line = await until(() => lines.find(({ event }) => event === 'store-away'));
      expect(JSON.stringify(lines)).not.toContain('wr0ng');
      await opened?.close();
      return String(line.fields['reason']);
    };
    expect(await said({ password: 'wr0ng' })).toContain('Redis refuses the password');
    expect(await said({})).toContain('Redis asks for a password');
    const store = await redisStore({ url: one.url, password: 'right' });
    expect(store.connected).toBe(true);
  });

  it('what was written while it was away is there for the others once it is back', async () => {
    const one = await server();
    const prefix = { prefix: `${randomUUID()}:` };
    const [a, b] = await Promise.all(
      [0, 1].map(async () => {
        const opened = await openStore(redisOf({ url: one.url, ...prefix }), ports(silentLogger));
        closing.push(async () => opened?.close());
        return opened?.store as Store;
      }),
    );
    await a?.set('bcf:chat:before', '1');
    await one.kill();
    await a?.set('bcf:chat:x', '1');
    await one.start();
    await until(
      async () => (await b?.get('bcf:chat:x')) === '1' && (await b?.get('bcf:chat:before')) === '1',
    );
  });
});

function ports(logger: Logger) {
  return {
    ...{ instance: 'spec', clock: systemClock, logger, metrics: new PrometheusMetrics() },
    ...{ limits: {} as never, folder: undefined, tls: undefined },
  };
}
