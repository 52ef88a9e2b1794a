import { connect as connectNats } from 'nats';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect } from 'vitest';
import { natsServer } from './nats-server.js';
import { requireProgram } from './outside-program.js';
import { postgresFolder, postgresServer } from './postgres-server.js';
import { redisServer } from './redis-server.js';

describe('servers for tests', () => {
  const nats = requireProgram('nats-server');
  nats.it('nats-server comes back with what it had', async () => {
    const server = await natsServer(nats.path);
    const manager = async () => {
      const connection = await connectNats({ servers: server.url });
      return { connection, streams: (await connection.jetstreamManager()).streams };
    };
    const before = await manager();
    await before.streams.add({ name: 'kept', subjects: ['kept.>'] });
    await before.connection.close();
    await server.kill();
    await server.start();
    const after = await manager();
    expect((await after.streams.list().next()).map(({ config }) => config.name)).toEqual(['kept']);
    await after.connection.close();
    await server.dispose();
  });

  const redis = requireProgram('redis-server');
  redis.it('redis-server comes back with nothing', async () => {
    const server = await redisServer(redis.path);
    const client = new Redis(server.port, '127.0.0.1');
    client.on('error', () => undefined);
    await client.set('a', '1');
    await server.kill();
    await server.start();
    expect(await client.get('a')).toBeNull();
    client.disconnect();
    await server.dispose();
  });

  const postgres = requireProgram('psql');
  postgres.it('postgres comes back with what was committed', async () => {
    const server = await postgresServer(postgresFolder() ?? '');
    const query = async (sql: string): Promise<unknown[]> => {
      const client = new pg.Client(server.url);
      await client.connect();
      const { rows } = await client.query<Record<string, unknown>>(sql);
      await client.end();
      return rows;
    };
    await query('create table t as select 1 as one');
    await server.kill();
    await server.start();
    expect(await query('select one from t')).toEqual([{ one: 1 }]);
    await server.dispose();
  });
});
