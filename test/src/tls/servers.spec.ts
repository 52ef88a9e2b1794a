import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@esinet/kernel';
import {
  type AdapterPorts,
  PrometheusMetrics,
  type Records,
  defaultLimits,
  openRecords,
  openStore,
  recordsSchema,
  storeSchema,
} from '@esinet/platform';
import {
  certificateAuthority,
  freePort,
  postgresFolder,
  postgresServer,
  redisServer,
  requireProgram,
  temporaryFolder,
  until,
} from '@esinet/testing';
import { describe, expect, onTestFinished } from 'vitest';

const redis = requireProgram('redis-server');
const postgres = requireProgram('psql');

/** Certificates of ours for a server and for us, one of a stranger, and the files a server reads. */
async function certificates(owner: string) {
  const [ours, theirs] = await Promise.all([certificateAuthority('Ours'), certificateAuthority('Theirs')]);
  const issue = (authority: typeof ours) =>
    authority.issue({ names: ['IP:127.0.0.1', 'DNS:localhost'], usage: ['server', 'client'] });
  const [own, stranger] = await Promise.all([issue(ours), issue(theirs)]);
  const folder = temporaryFolder('tls-server');
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const files = {
    cert: file('cert.pem', String(own.cert)),
    key: file('key.pem', String(own.key)),
    ca: file('ca.pem', ours.pem),
  };
  // Servers that run as a user of their own, where we are root.
  if (userInfo().uid === 0) execFileSync('chown', ['-R', owner, folder]);
  return { own, stranger, files };
}

const ports = (tls: AdapterPorts['tls']): AdapterPorts => ({
  ...{ instance: 'spec', clock: systemClock, logger: silentLogger, metrics: new PrometheusMetrics() },
  ...{ limits: defaultLimits, folder: undefined, tls },
});

describe('over TLS', () => {
  redis.it('Redis is reached by our certificate, and one of a stranger is not believed', async () => {
    const { own, stranger, files } = await certificates('root');
    const port = await freePort();
    const tls = ['--port', '0', '--tls-port', String(port), '--tls-cert-file', files.cert];
    const server = await redisServer(redis.path, {
      port,
      args: [...tls, '--tls-key-file', files.key, '--tls-ca-cert-file', files.ca],
    });
    onTestFinished(() => server.dispose());
    const open = async (as: AdapterPorts['tls']) => {
      const url = `rediss://127.0.0.1:${port}`;
      const opened = await openStore(storeSchema.parse({ kind: 'redis', url, timeout: '10 s' }), ports(as));
      if (!opened) throw new Error('no store');
      onTestFinished(() => opened.close());
      return opened.store;
    };
    const store = await open(own);
    await until(async () => {
      await store.set('spec', 'here', { ttlMs: 60_000 }).catch(() => undefined);
      return (await store.get('spec').catch(() => undefined)) === 'here';
    });
    const strange = await open(stranger);
    await expect(strange.get('spec')).rejects.toThrow();
  });

  postgres.it('PostgreSQL is reached by password and by certificate, and a stranger is refused', async () => {
    const { own, stranger, files } = await certificates('postgres');
    const server = await postgresServer(postgresFolder() ?? '', {
      config: { ssl: 'on', ssl_cert_file: files.cert, ssl_key_file: files.key, ssl_ca_file: files.ca },
    });
    onTestFinished(() => server.dispose());
    const open = async (as: AdapterPorts['tls'], tls: unknown): Promise<Records> => {
      const parsed = recordsSchema.parse({
        ...{ kind: 'postgres', url: server.url.replace('esinet:esinet@', 'esinet@') },
        ...{ password: 'esinet', connectTimeout: '10 s', tls, spool: { enabled: false } },
      });
      const records = await openRecords(parsed, ports(as));
      if (!records) throw new Error('no records');
      onTestFinished(() => records.close());
      return records;
    };
    const records = await open(own, { clientCertificate: true });
    expect(await records.append('spec', 'k', 1)).toBe('stored');
    const named = await open(undefined, { ca: files.ca });
    expect(await named.get('spec', 'k')).toBe(1);
    await expect(open(stranger, true)).rejects.toMatchObject({ code: 'refused' });
    // It shows a certificate that the server does not know.
    await expect(
      open(stranger, { ca: files.ca, clientCertificate: true }).then((r) => r.append('spec', 'x', 1)),
    ).rejects.toThrow();
  });
});
