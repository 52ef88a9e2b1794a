import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { type Clock, messageOf } from '@esinet/kernel';
import pg from 'pg';
import type { TlsOptions } from '../pki/tls-options.js';
import { type ServerName, recordsErrorOf } from './postgres-errors.js';
import { RecordsError } from './records.js';

/** Where the server is, and who we are there. */
export interface PostgresServer extends ServerName {
  readonly password: string | undefined;
  readonly tls: PostgresTls | undefined;
}

export interface PostgresTls {
  /** PEM file of the authority that signed the server's certificate. */
  readonly ca?: string | undefined;
  /** Else this one, in PEM; without either those of the system. */
  readonly authority?: string | undefined;
  /** The name in the certificate, where it is not the host's. */
  readonly serverName?: string | undefined;
  /** The element's own certificate is shown. */
  readonly own?: TlsOptions | undefined;
}

export interface SessionTimes {
  readonly connectMs: number;
  /** One statement. */
  readonly statementMs: number;
}

/** A connection that can be cut at once, whatever it is at. */
export interface Session {
  readonly client: pg.Client;
  readonly open: boolean;
  cut(): void;
}

/**
 * Connects. Nothing is taken from PGHOST and the like.
 *
 * @throws RecordsError `refused` or `unreachable`
 */
export async function openSession(
  server: PostgresServer,
  times: SessionTimes,
  o: { readonly clock: Clock; readonly onLost?: (error: Error) => void },
): Promise<Session> {
  const socket = new Socket();
  let open = false;
  const client = new pg.Client({
    ...connectionOf(server, times),
    stream: () => socket,
  });
  client.on('error', (error) => {
    open = false;
    o.onLost?.(error);
  });
  client.on('end', () => (open = false));
  const cut = (): void => {
    open = false;
    socket.destroy();
  };
  const late = o.clock.after(times.connectMs, cut);
  try {
    await client.connect();
    open = true;
    return {
      client,
      get open() {
        return open;
      },
      cut,
    };
  } catch (error) {
    cut();
    throw recordsErrorOf(error, server);
  } finally {
    late.cancel();
  }
}

/** As `pg` wants it. @throws RecordsError `refused` where the file of the authority cannot be read */
export function connectionOf(server: PostgresServer, times: SessionTimes): pg.ClientConfig {
  const { host, port, database, user, password, tls } = server;
  return {
    ...{ host, port, database, user },
    // Without this `pg` looks for one in ~/.pgpass.
    password: () => password ?? '',
    ssl: tls ? tlsOf(tls, host) : false,
    application_name: 'esinet',
    connectionTimeoutMillis: times.connectMs,
    statement_timeout: times.statementMs,
    lock_timeout: times.statementMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

function tlsOf({ ca, authority: other, serverName, own }: PostgresTls, host: string): ConnectionOptions {
  const authority = ca === undefined ? other : readCa(ca);
  return {
    minVersion: 'TLSv1.2',
    ciphers: 'DEFAULT@SECLEVEL=2',
    ...(authority !== undefined && { ca: authority }),
    ...(own && { key: own.key, cert: own.cert }),
    // `pg` knows no name to look for where the host is an address, and no other one than the host's.
    checkServerIdentity: (_, certificate) => checkServerIdentity(serverName ?? host, certificate),
  };
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new RecordsError('refused', `records.tls.ca: ${file} cannot be read: ${messageOf(error)}`);
  }
}

interface Settings {
  readonly encoding: string;
  readonly fsync: string;
  readonly pages: string;
  readonly commit: string;
  readonly standby: boolean;
}

/**
 * Makes sure that what this session commits is on the server's disk, and can be.
 *
 * @returns the sentence that says why an acknowledgement of this server is no promise, or undefined
 * @throws RecordsError `refused`, or `read-only` at a standby
 */
export async function makeDurable(
  client: pg.ClientBase,
  { host, port }: ServerName,
): Promise<string | undefined> {
  const { rows } = await client.query<Settings>(
    `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commit,
       pg_is_in_recovery() as standby`,
  );
  const [settings] = rows;
  const place = `PostgreSQL at ${host}:${port}`;
  if (settings?.standby === true) {
    throw new RecordsError('read-only', `${place} takes no writes: it is a standby`);
  }
  if (settings?.encoding !== 'UTF8') {
    throw new RecordsError(
      'refused',
      `the database at ${place} is in ${settings?.encoding}, and has to be in UTF8`,
    );
  }
  // `remote_apply` waits for more than `on` does.
  if (settings.commit !== 'on' && settings.commit !== 'remote_apply') {
    await client.query('set synchronous_commit = on');
  }
  const off = [
    ...(settings.fsync === 'on' ? [] : ['fsync']),
    ...(settings.pages === 'on' ? [] : ['full_page_writes']),
  ];
  return off.length > 0
    ? `${place} runs with ${off.join(' and ')} off: what it acknowledges may be lost`
    : undefined;
}
