import type { Clock, IdSource, Logger } from '@esinet/kernel';
import type { Metrics, SipEdge } from '@esinet/platform';
import { type Flow, type NotifierLimits, Notifier, UserAgent } from '@esinet/sip';
import { PeerList } from '../peer-list.js';
import { FILTER_TYPE } from './location-filter.js';
import type { PresenceConfig } from './presence-config.js';
import { PresencePackage } from './presence-package.js';
import type { PresencePort } from './presence-port.js';

export interface PresenceServerPorts {
  readonly edge: Pick<SipEdge, 'transactions' | 'locator' | 'listeners'>;
  readonly lis: PresencePort;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The LIS as presence server: who holds a location URI may watch it by SIP (RFC 3856, RFC 6753 4). */
export class PresenceServer {
  readonly notifier: Notifier;
  readonly #package: PresencePackage;

  constructor(
    private readonly config: PresenceConfig,
    private readonly domain: string,
    private readonly ports: PresenceServerPorts,
  ) {
    const { edge, clock, ids, logger, metrics } = ports;
    const { transactions } = edge;
    const subscriptions = metrics.counter(
      'esinet_lis_subscriptions_total',
      'SUBSCRIBE requests for a location URI by outcome',
      ['result'],
    );
    this.#package = new PresencePackage({
      port: ports.lis,
      config,
      clock,
      logger,
      onSubscribe: (result) => subscriptions.inc({ result }),
    });
    const proxies = new PeerList(config.proxies);
    const agent = new UserAgent({
      transactions,
      locator: edge.locator(['tls', 'tcp', 'udp']),
      clock,
      ids,
      logger,
      allow: ['SUBSCRIBE', 'OPTIONS'],
      allowEvents: [this.#package.type],
      accept: [FILTER_TYPE],
      schemes: ['sip', 'sips', 'pres'],
      onRequest: (request, flow) => this.notifier.subscribe(request, flow),
    });
    this.notifier = new Notifier({
      agent,
      sentBy: ({ transport, listener }: Flow) => transactions.transport.sentBy(transport, listener),
      packages: [this.#package],
      clock,
      ids,
      logger,
      limits: limitsOf(config),
      trusts: ({ remoteAddress: address }) => proxies.has({ address }),
    });
  }

  /** The location URIs of a token that this server serves. */
  uris(token: string): string[] {
    const listeners = this.ports.edge.listeners();
    const listener = listeners.find(({ transport }) => transport === 'udp') ?? listeners[0];
    return this.config.uris.map((scheme) => {
      if (scheme === 'pres' || !listener) return `pres:${token}@${this.domain}`;
      const { transport, advertised } = listener;
      if (transport === 'tls') return `sips:${token}@${advertised}`;
      return `sip:${token}@${advertised}${transport === 'tcp' ? ';transport=tcp' : ''}`;
    });
  }

  /** Tells every watcher that this server goes, while the sockets are open. */
  async close(): Promise<void> {
    await this.notifier.close(this.config.farewell);
    this.#package.close();
  }
}

function limitsOf(config: PresenceConfig): Partial<NotifierLimits> {
  return {
    maxSubscriptions: config.maxSubscriptions,
    maxExpires: Math.floor(config.maxExpires / 1_000),
    minExpires: Math.ceil(config.minExpires / 1_000),
    maxBody: config.maxFilterBytes,
    maxUnanswered: config.unanswered,
  };
}
