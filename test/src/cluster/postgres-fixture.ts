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

  private constructor(readonly server: TestServer) {}

  static async start(): Promise<PostgresFixture> {
    return new PostgresFixture(await postgresServer(postgresFolder() ?? ''));
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

  async query<T extends pg.QueryResultRow>(sql: string, user = 'esinet'): Promise<T[]> {
    const url = new URL(this.server.url);
    url.username = user;
    const client = new pg.Client(url.href);
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
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
  }
}

function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .split('\n')
    .map(Number)
    .filter((child) => child > 0);
}
