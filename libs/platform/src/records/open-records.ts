import { join } from 'node:path';
import type { Logger } from '@esinet/kernel';
import type { AdapterPorts } from '../cluster/open-adapters.js';
import type { TlsOptions } from '../pki/tls-options.js';
import type { PostgresOptions } from './postgres-records.js';
import type { PostgresServer } from './postgres-session.js';
import { type Records, RecordsError } from './records.js';
import type { PostgresConfig, RecordsConfig } from './records-config.js';
import { Spool } from './spool.js';
import { SpooledRecords } from './spooled-records.js';

/**
 * The records that were configured, or undefined where each process opens its own files. A server that is away does not
 * keep an element from starting: what it is told waits in the spool, or without one is refused.
 *
 * @throws with a sentence for the operator
 */
export async function openRecords(config: RecordsConfig, o: AdapterPorts): Promise<Records | undefined> {
  switch (config.kind) {
    case 'files':
      return undefined;
    case 'postgres':
      return openPostgres(config, o);
  }
}

async function openPostgres(config: PostgresConfig, o: AdapterPorts): Promise<Records> {
  const { clock, logger, metrics, limits, instance } = o;
  const { spool: spooling } = config;
  const options = postgresOptions(config, { tls: o.tls, logger });
  // The driver is read where it is used.
  const { PostgresRecords } = await import('./postgres-records.js');
  const server = new PostgresRecords({ ...options, clock, limits: limits.records });
  const folder = spooling.folder ?? (o.folder === undefined ? undefined : join(o.folder, 'spool', 'records'));
  try {
    if (!spooling.enabled || folder === undefined) {
      await server.ready().catch((error: unknown) => {
        if (!(error instanceof RecordsError) || error.code === 'refused') throw error;
        logger.error('records away', { reason: error.message });
      });
      return server;
    }
    const { maxRecords, maxBytes, slow: slowMs, probe: probeMs, idleProbe: idleProbeMs } = spooling;
    const wall = (): number => clock.wall();
    const spool = await Spool.open(folder, { limits: { maxRecords, maxBytes }, logger, wall });
    const times = { slowMs, probeMs, idleProbeMs };
    const records = new SpooledRecords({ server, spool, instance, times, clock, logger, metrics });
    try {
      await records.start();
      return records;
    } catch (error) {
      await records.close();
      throw error;
    }
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** What a configuration says of the server. */
export function postgresOptions(
  config: PostgresConfig,
  o: { readonly tls: TlsOptions | undefined; readonly logger: Logger },
): Omit<PostgresOptions, 'limits'> {
  const server = postgresServerOf(config, o.tls);
  if (!server.tls && !isLoopback(server.host)) {
    o.logger.warn('records go over the network in clear', { host: server.host });
  }
  return {
    server,
    schema: config.schema,
    pool: config.pool,
    times: { connectMs: config.connectTimeout, statementMs: config.timeout },
    monthsAhead: config.monthsAhead,
    allowUnsafe: config.allowUnsafe,
    logger: o.logger,
  };
}

export function postgresServerOf(
  config: Pick<PostgresConfig, 'url' | 'user' | 'password' | 'tls'>,
  own: TlsOptions | undefined,
): PostgresServer {
  const url = new URL(config.url);
  const { tls } = config;
  const named = typeof tls === 'object' ? tls : undefined;
  return {
    // Without the brackets of an IPv6 address.
    host: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
    port: url.port === '' ? 5_432 : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: config.user ?? decodeURIComponent(url.username),
    password: config.password ?? (url.password === '' ? undefined : decodeURIComponent(url.password)),
    tls: tls === false ? undefined : tlsOf(named, own),
  };
}

function tlsOf(
  named: Exclude<PostgresConfig['tls'], boolean> | undefined,
  own: TlsOptions | undefined,
): PostgresServer['tls'] {
  if (named?.clientCertificate === true && !own) {
    throw new RecordsError(
      'refused',
      'records.tls.clientCertificate: this element has no certificate (pki.folder)',
    );
  }
  return {
    ca: named?.ca,
    authority: own?.ca,
    serverName: named?.serverName,
    own: named?.clientCertificate === true ? own : undefined,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
