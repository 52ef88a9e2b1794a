import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@esinet/kernel';
import { PrometheusMetrics, type Records, defaultLimits, openRecords, recordsSchema } from '@esinet/platform';
import { type TestServer, postgresFolder, postgresServer } from '@esinet/testing';
import pg from 'pg';

/** A server for the tests of one file, and records on it as an element opens them. */
export class PostgresFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'esinet-spool-'));
  readonly metrics = new PrometheusMetrics();

  private constructor(
    readonly server: TestServer,
    private readonly socketFolder: string,
  ) {}

  static async start(): Promise<PostgresFixture> {
    const folder = mkdtempSync(join(tmpdir(), 'esinet-postgres-'));
    return new PostgresFixture(await postgresServer(postgresFolder() ?? '', { folder }), folder);
  }

  /** `records` of the configuration, with what is given in place of what is here. */
  config(o: Readonly<Record<string, unknown>> = {}) {
    const config = recordsSchema.parse({
      kind: 'postgres',
      url: `postgres://esinet@127.0.0.1:${this.server.port}/esinet`,
      password: 'esinet',
      connectTimeout: '3 s',
      ...o,
    });
    if (config.kind !== 'postgres') throw new Error('not of PostgreSQL');
    return config;
  }

  async open(
    o: { readonly instance?: string; readonly records?: Readonly<Record<string, unknown>> } = {},
  ): Promise<Records> {
    const instance = o.instance ?? 'psap-1';
    const records = await openRecords(this.config(o.records), {
      ...{ instance, clock: systemClock, logger: silentLogger, metrics: this.metrics, limits: defaultLimits },
      ...{ folder: join(this.folder, instance), tls: undefined },
    });
    if (!records) throw new Error('no records');
    return records;
  }

  query<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
    return ask<T>({ connectionString: this.server.url }, sql);
  }

  /** Over the socket in the file system, where the server's owner needs no password. */
  asSuperuser<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
    const { socketFolder: host, port } = { ...this, port: this.server.port };
    return ask<T>({ host, port, user: 'postgres', database: 'esinet' }, sql);
  }

  /** Stops the server and all that serves for it: it is there, and nobody says anything. Gives what lets it go on. */
  freeze(): () => void {
    const pids = [this.server.pid, ...childrenOf(this.server.pid)];
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of pids) {
        try {
          process.kill(pid, name);
        } catch {
          // It has ended meanwhile.
        }
      }
    };
    signal('SIGSTOP');
    return () => signal('SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.server.dispose();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.socketFolder, { recursive: true, force: true });
  }
}

async function ask<T extends pg.QueryResultRow>(config: pg.ClientConfig, sql: string): Promise<T[]> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .split('\n')
    .map(Number)
    .filter((child) => child > 0);
}
