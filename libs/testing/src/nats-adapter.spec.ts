import { silentLogger, systemClock } from '@esinet/kernel';
import {
  type AdapterPorts,
  type NatsBus,
  PrometheusMetrics,
  busSchema,
  defaultLimits,
  openBus,
} from '@esinet/platform';
import { afterAll, beforeAll, describe } from 'vitest';
import { busContract } from './bus-contract.js';
import { natsServer } from './nats-server.js';
import { requireProgram } from './outside-program.js';
import type { TestServer } from './test-server.js';

const nats = requireProgram('nats-server');

describe.skipIf(nats.path === '')('NATS', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await natsServer(nats.path);
  });
  afterAll(() => server.dispose());

  const open = async (instance: string): Promise<NatsBus> => {
    const ports: AdapterPorts = {
      ...{ instance, clock: systemClock, logger: silentLogger, metrics: new PrometheusMetrics() },
      ...{ limits: defaultLimits, folder: undefined, tls: undefined },
    };
    const config = busSchema.parse({ kind: 'nats', servers: [server.url], startWait: '5 s' });
    return (await openBus(config, ports)) as NatsBus;
  };

  busContract('NATS', async () => {
    const bus = await open('a');
    const other = await open('b');
    return {
      bus,
      other,
      settled: async () => {
        await Promise.all([bus.settled(), other.settled()]);
      },
      close: async () => {
        await Promise.all([bus.close(), other.close()]);
      },
    };
  });
});
