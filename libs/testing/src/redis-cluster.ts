import { Redis } from 'ioredis';
import { freePorts } from './free-port.js';
import { startProgram } from './outside-program.js';
import { redisServer } from './redis-server.js';
import { type TestServer, serverFolder, testServer } from './test-server.js';
import { until } from './until.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const slots = 16_384;

/** A Redis Cluster of masters without replicas, on free ports; it is up when this resolves. */
export async function redisCluster(path: string, size = 3): Promise<readonly TestServer[]> {
  const ports = await freePorts(size * 2);
  const servers = await Promise.all(
    Array.from({ length: size }, (_, i) =>
      redisServer(path, {
        port: ports[i] ?? 0,
        args: [
          ...['--cluster-enabled', 'yes', '--cluster-port', String(ports[size + i])],
          // Of a node that is away the others serve what they have.
          ...['--cluster-node-timeout', '2000', '--cluster-require-full-coverage', 'no'],
        ],
      }),
    ),
  );
  const clients = servers.map(({ port }) => new Redis({ port, host: '127.0.0.1', protocol: 2 }));
  try {
    for (const [i, client] of clients.entries()) {
      const from = Math.floor((slots * i) / size);
      const to = Math.floor((slots * (i + 1)) / size) - 1;
      await client.cluster('ADDSLOTSRANGE', from, to);
      await client.cluster('SET-CONFIG-EPOCH', i + 1);
    }
    for (let i = 1; i < size; i++)
      await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', String(ports[i]), String(ports[size + i]));
    await until(async () => {
      const states = await Promise.all(clients.map((client) => client.cluster('INFO')));
      return states.every(
        (text) =>
          String(text).includes('cluster_state:ok') && String(text).includes(`cluster_known_nodes:${size}`),
      );
    });
  } finally {
    for (const client of clients) client.disconnect();
  }
  return servers;
}

/** A sentinel that watches one master, as `mymaster`. */
export async function redisSentinel(path: string, master: { readonly port: number }): Promise<TestServer> {
  const [port = 0] = await freePorts(1);
  const { folder, dispose } = serverFolder('sentinel', undefined);
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds mymaster 1000',
      'sentinel failover-timeout mymaster 3000',
      '',
    ].join('\n'),
  );
  return testServer({
    port,
    url: `redis://127.0.0.1:${port}`,
    launch: () => startProgram(path, [file, '--sentinel'], { line: 'Sentinel ID is', port }),
    dispose,
  });
}
