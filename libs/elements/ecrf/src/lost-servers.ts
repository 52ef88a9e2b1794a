import { isIP } from 'node:net';
import type { Clock } from '@esinet/kernel';
import {
  type LostClient,
  LostDiscovery,
  type LostDns,
  defaultDiscoveryLimits,
  guardedLookup,
  httpLostClient,
  isInnerAddress,
  nodeLostDns,
} from '@esinet/lost';
import type { TlsOptions } from '@esinet/platform';
import type { EcrfConfig } from './ecrf-config.js';
import type { LostServers } from './upstream.js';

type OpenClient = LostClient & { close(): void };

/** Connections to servers that were discovered are kept to so many of them. */
const MAX_DISCOVERED = 64;

/** LoST servers by name: those of the configuration, and others by U-NAPTR (RFC 5222 section 4). */
export class ServerDirectory {
  readonly #configured: ReadonlyMap<string, OpenClient>;
  readonly #discovered = new Map<string, OpenClient>();
  readonly #discovery: LostDiscovery | undefined;

  constructor(
    private readonly config: EcrfConfig,
    clock: Clock,
    /** Shown to the servers asked, and whose authority theirs has to be signed by. */
    private readonly tls: TlsOptions | undefined,
    dns?: LostDns,
  ) {
    this.#configured = new Map(
      Object.entries(config.servers).map(([name, url]) => [name, this.#open(url, false)]),
    );
    const { discovery } = config;
    if (!discovery.enabled) return;
    this.#discovery = new LostDiscovery(
      dns ?? nodeLostDns({ servers: discovery.nameServers, timeoutMs: discovery.timeout }),
      clock,
      (url) => this.#isUsable(url),
      {
        ...defaultDiscoveryLimits,
        timeoutMs: discovery.timeout,
        ttlMs: discovery.ttl,
        retryAfterMs: discovery.retry,
        staleMs: discovery.stale,
      },
    );
  }

  readonly find: LostServers = async (name) => {
    const configured = this.#configured.get(name);
    if (configured) return configured;
    const url = await this.#discovery?.urlOf(name);
    if (url === undefined) return undefined;
    const known = this.#discovered.get(url);
    if (known) return known;
    const client = this.#open(url, true);
    this.#discovered.set(url, client);
    for (const [oldest, open] of this.#discovered) {
      if (this.#discovered.size <= MAX_DISCOVERED) break;
      this.#discovered.delete(oldest);
      open.close();
    }
    return client;
  };

  close(): void {
    for (const client of [...this.#configured.values(), ...this.#discovered.values()]) client.close();
  }

  #isUsable(url: URL): boolean {
    const { plainHttp, innerAddresses } = this.config.discovery;
    if (url.protocol === 'http:' && !plainHttp) return false;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return innerAddresses || isIP(host) === 0 || !isInnerAddress(host);
  }

  #open(url: string, isDiscovered: boolean): OpenClient {
    const { upstream, discovery } = this.config;
    return httpLostClient({
      url,
      timeoutMs: upstream.budget,
      maxBytes: upstream.maxBytes,
      ...(this.tls ? { tls: this.tls } : {}),
      ...(isDiscovered
        ? {
            lookup: guardedLookup({
              servers: discovery.nameServers,
              timeoutMs: discovery.timeout,
              isInnerAllowed: discovery.innerAddresses,
            }),
          }
        : {}),
    });
  }
}
