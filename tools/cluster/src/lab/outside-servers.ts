import { chmodSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import {
  natsServer,
  postgresFolder,
  postgresServer,
  programPath,
  redisServer,
  type TestServer,
} from '@esinet/testing';

export type ServerName = 'nats' | 'redis' | 'postgres';
export type OutsideServers = Readonly<Record<ServerName, TestServer>>;

/** A sentence for each program that is not installed; none: all are. */
export function missingPrograms(): string[] {
  const missing: string[] = [];
  const say = (program: string, debian: string): void => {
    missing.push(`${program} is not installed. On Debian: apt install ${debian}`);
  };
  if (programPath('nats-server') === undefined) say('nats-server', 'nats-server');
  if (programPath('redis-server') === undefined) say('redis-server', 'redis-server');
  if (postgresFolder() === undefined) say('PostgreSQL', 'postgresql');
  return missing;
}

/** The three servers, with what they keep in a folder each. @throws with the sentences of `missingPrograms` */
export async function startServers(
  folder: string,
  port: (name: ServerName) => number,
): Promise<OutsideServers> {
  const missing = missingPrograms();
  if (missing.length > 0) throw new Error(`${missing.join('\n')}\nWithout them: --embedded`);
  // PostgreSQL runs as a user of its own where we are root, and has to get through to its folder.
  if (userInfo().uid === 0) chmodSync(folder, 0o711);
  const own = (name: ServerName): { port: number; folder: string } => {
    const at = join(folder, name);
    mkdirSync(at, { recursive: true });
    return { port: port(name), folder: at };
  };
  const started: TestServer[] = [];
  const kept = async (starting: Promise<TestServer>): Promise<TestServer> => {
    const server = await starting;
    started.push(server);
    return server;
  };
  const results = await Promise.allSettled([
    kept(natsServer(programPath('nats-server') ?? '', own('nats'))),
    kept(redisServer(programPath('redis-server') ?? '', own('redis'))),
    kept(postgresServer(postgresFolder() ?? '', own('postgres'))),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await Promise.all(started.map((server) => server.dispose()));
    throw failed.reason;
  }
  const [nats, redis, postgres] = results.map((r) => (r.status === 'fulfilled' ? r.value : undefined));
  if (!nats || !redis || !postgres) throw new Error('a server did not start');
  return { nats, redis, postgres };
}
