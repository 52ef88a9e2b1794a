import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { hostPort } from '../config/values.js';
import type { TlsOptions } from '../pki/tls-options.js';
import type { RedisConfig } from './store-config.js';

const defaultPort = 6_379;
const sentinelPort = 26_379;

/** First pause before a connection is tried again. */
const firstRetryMs = 50;

/** A command that a node of a cluster sends elsewhere is followed this often. */
const mostRedirections = 6;

/** How often the nodes of a cluster are asked who has what. */
const slotsRefreshMs = 2_000;

/**
 * A connection that is set up anew for ever, and keeps no command for later: what cannot be sent now fails now. Nothing
 * is connected before `connect`.
 */
export function redisClient(
  config: RedisConfig,
  o: { readonly instance: string; readonly tls: TlsOptions | undefined; readonly random: () => number },
): Redis | Cluster {
  const { url, sentinels, cluster, user, password, connect, silence } = config;
  const secure = config.tls || url?.startsWith('rediss:') === true;
  const retryStrategy = (times: number) => retryPause(times, config.retry, o.random());
  const common = {
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(secure && { tls: o.tls ? clientTls(o.tls) : {} }),
    connectionName: o.instance,
    protocol: 2 as const,
    connectTimeout: connect,
    socketTimeout: silence,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A master that became a replica: whoever takes writes is to be found again.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
  const alone = {
    ...common,
    enableOfflineQueue: false,
    lazyConnect: true,
    retryStrategy,
  } satisfies RedisOptions;
  if (cluster) {
    return new Cluster(
      cluster.nodes.map((text) => nodeOf(text, defaultPort)),
      {
        lazyConnect: true,
        enableOfflineQueue: false,
        clusterRetryStrategy: retryStrategy,
        clusterNodeRetryStrategy: retryStrategy,
        maxRedirections: mostRedirections,
        slotsRefreshInterval: slotsRefreshMs,
        slotsRefreshTimeout: connect,
        redisOptions: common,
      },
    );
  }
  if (sentinels) {
    return new Redis({
      ...alone,
      name: sentinels.name,
      sentinels: sentinels.nodes.map((text) => nodeOf(text, sentinelPort)),
      ...(sentinels.user !== undefined && { sentinelUsername: sentinels.user }),
      ...(sentinels.password !== undefined && { sentinelPassword: sentinels.password }),
      ...(secure && o.tls && { enableTLSForSentinelMode: true, sentinelTLS: clientTls(o.tls) }),
      sentinelRetryStrategy: retryStrategy,
      failoverDetector: true,
    });
  }
  const { hostname, port, pathname } = new URL(url ?? '');
  return new Redis({
    ...alone,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? defaultPort : Number(port),
    db: Number(pathname.slice(1)),
  });
}

/** Twice as long each time, up to `longest`; a random half of it, so that not all come back at once. */
export function retryPause(times: number, longest: number, random: number): number {
  const pause = Math.min(longest, firstRetryMs * 2 ** Math.min(times, 20));
  return Math.ceil(pause / 2 + (pause / 2) * random);
}

function nodeOf(text: string, port: number): { host: string; port: number } {
  return { host: '', port, ...hostPort(text) };
}

/** Read for each connection, so that it shows the certificate that is in force then. */
function clientTls(tls: TlsOptions): NonNullable<RedisOptions['tls']> {
  return {
    get key() {
      return tls.key;
    },
    get cert() {
      return tls.cert;
    },
    get ca() {
      return tls.ownCa ?? tls.ca;
    },
    minVersion: 'TLSv1.2',
  };
}
