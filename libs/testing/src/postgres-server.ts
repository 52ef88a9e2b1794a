import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { programPath, startProgram } from './outside-program.js';
import { type TestServer, serverFolder, testServer } from './test-server.js';

/** Where Debian puts the server's programs: not in the path. */
export function postgresFolder(): string | undefined {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).map(Number).filter(Boolean) : [];
  for (const version of versions.sort((a, b) => b - a)) {
    const folder = join(base, String(version), 'bin');
    if (existsSync(join(folder, 'postgres'))) return folder;
  }
  const postgres = programPath('postgres');
  return postgres === undefined ? undefined : join(postgres, '..');
}

/**
 * A cluster of its own with the database `esinet` of the user `esinet`, who needs a password over TCP. PostgreSQL
 * refuses to run as root: then it runs as Debian's user `postgres`.
 *
 * The process is started by `setpriv` as root, so `pid` is the server's in any case.
 */
export async function postgresServer(
  binFolder: string,
  o: {
    readonly port?: number;
    readonly folder?: string;
    readonly config?: Readonly<Record<string, string>>;
  } = {},
): Promise<TestServer> {
  const port = o.port ?? (await freePort());
  const { folder, dispose } = serverFolder('postgres', o.folder);
  const data = join(folder, 'data');
  const asRoot = userInfo().uid === 0;
  const as = (program: string, args: readonly string[]): [string, string[]] =>
    asRoot
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...args]]
      : [program, [...args]];
  if (asRoot) {
    chmodSync(folder, 0o711);
    execFileSync('chown', ['postgres', folder]);
  }
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: folder, ...o.config };
  const args = ['-D', data, '-p', String(port)];
  for (const [key, value] of Object.entries(settings)) args.push('-c', `${key}=${value}`);
  const url = `postgres://esinet:esinet@127.0.0.1:${port}/esinet`;
  const launch = () => {
    const [program, all] = as(join(binFolder, 'postgres'), args);
    return startProgram(program, all, {
      line: 'database system is ready to accept connections',
      port,
      readyWithinMs: 30_000,
      env: { LC_ALL: 'C' },
    });
  };
  if (existsSync(data)) return testServer({ port, url, launch, dispose });
  const options = [
    '-D',
    data,
    '-U',
    'postgres',
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    '-E',
    'UTF8',
  ];
  const [initdb, all] = as(join(binFolder, 'initdb'), [...options, '--no-locale', '--no-sync']);
  execFileSync(initdb, all, { stdio: 'pipe', cwd: '/' });
  const server = await testServer({ port, url, launch, dispose });
  const psql = (database: string, sql: string): void => {
    const connect = ['-h', folder, '-p', String(port), '-U', 'postgres', '-d', database];
    execFileSync(join(binFolder, 'psql'), [...connect, '-v', 'ON_ERROR_STOP=1', '-c', sql], {
      stdio: 'pipe',
    });
  };
  psql('postgres', `create role esinet login password 'esinet'`);
  // Who is offered records, and owns nothing.
  psql('postgres', `create role esinet_handover login password 'handover'`);
  psql('postgres', 'create database esinet owner esinet');
  return server;
}
