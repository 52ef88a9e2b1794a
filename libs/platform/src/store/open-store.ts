import type { AdapterPorts } from '../cluster/open-adapters.js';
import { LocalValues } from './local-values.js';
import { ResilientStore } from './resilient-store.js';
import type { Store } from './store.js';
import type { RedisConfig, StoreConfig } from './store-config.js';

/** Longest time that a start waits for a store that does not say whether it is there. */
const startWaitMs = 1_000;

/** Keys that an element goes on with alone while the store is away. Leases, and who is alive, are not among them. */
const goneOnWith: readonly string[] = ['bcf:chat:', 'bcf:block', 'bcf:source:', 'bcf:test:', 'lis.'];

/** The store that was configured, or undefined where each process makes its own. @throws with a sentence for the operator */
export async function openStore(
  config: StoreConfig,
  o: AdapterPorts,
): Promise<{ readonly store: Store; readonly close: () => Promise<void> } | undefined> {
  switch (config.kind) {
    case 'memory':
      return undefined;
    case 'redis':
      return openRedis(config, o);
  }
}

/** Also with Redis away: it is connected to once it is there. */
async function openRedis(
  config: RedisConfig,
  { instance, tls, clock, logger, metrics }: AdapterPorts,
): Promise<{ readonly store: Store; readonly close: () => Promise<void> }> {
  // The driver is read where it is used.
  const { RedisStore, redisClient } = await import('./redis.js');
  const client = redisClient(config, { instance, tls, random: Math.random });
  const redis = new RedisStore(client, {
    ...{ prefix: config.prefix, timeoutMs: config.timeout, clock, logger, metrics },
    onChange: (change) => {
      if (change === 'back') void resilient.writeBack();
      if (change === 'emptied') void resilient.refill();
    },
  });
  const local = new LocalValues({ clock, max: config.local });
  const resilient = new ResilientStore(redis, { prefixes: goneOnWith, local });
  await redis.connect(startWaitMs);
  return { store: resilient, close: () => redis.close() };
}
