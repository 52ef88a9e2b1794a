import { type Clock, type Logger, isoTime } from '@esinet/kernel';
import { type HeldClient, httpHeldClient } from '@esinet/held';
import { readIdentifiers } from '@esinet/lmpe';
import { type LostClient, httpLostClient } from '@esinet/lost';
import type { Bus, Metrics, Limits, SipEdge, TlsOptions } from '@esinet/platform';
import { type RouteDecision, type SipMessage, esnetValues } from '@esinet/sip';
import type { EsrpConfig } from './config.js';
import { EcrfBreaker } from './ecrf-breaker.js';
import { MappingCache } from './mapping-cache.js';
import { type RouteDeps, type RouteExplanation, hasPriority, loadClassOf, route } from './route.js';

export interface RoutingProxyPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly edge: SipEdge;
  readonly limits: Limits;
  /** Shown to ECRF and LIS. */
  readonly tls?: TlsOptions;
}

/** The emergency services routing proxy at work: sockets, the proxy core, and `route` in between. */
export class RoutingProxy {
  readonly #deps: RouteDeps;
  readonly #closing: (() => void)[] = [];
  readonly #routed: ReturnType<Metrics['counter']>;
  readonly #lookups: ReturnType<Metrics['histogram']>;
  readonly #outcomes: ReturnType<Metrics['counter']>;

  constructor(
    config: EsrpConfig,
    private readonly ports: RoutingProxyPorts,
  ) {
    const { clock, metrics, edge } = ports;
    const hosts = new Map(Object.entries(config.hosts));
    this.#deps = {
      held: this.#held(config),
      ...this.#lost(config),
      cache: new MappingCache(clock, {
        maxEntries: config.ecrf.cache.entries,
        maxAgeMs: config.ecrf.cache.maxAge,
        staleMs: config.ecrf.cache.stale,
      }),
      breaker: new EcrfBreaker(clock, {
        failures: config.ecrf.breaker.failures,
        pauseMs: config.ecrf.breaker.pause,
      }),
      clock,
      policy: {
        privateDomain: config.privateDomain,
        defaultPsapUri: config.defaultPsap,
        budgetMs: config.budget,
        heldMs: config.held.timeout,
        lostMs: config.ecrf.timeout,
        routingNo: config.geolocationRoutingNo,
        rewrite: new Map(Object.entries(config.rewrite)),
      },
      hops: { domain: (domain) => hosts.get(domain) ?? [], border: config.bcf },
      limits: ports.limits,
      isOwnAddress: (uri) => edge.isOwnAddress(uri),
    };
    this.#routed = metrics.counter(
      'esinet_esrp_routed_total',
      'Requests by role and by how location and mapping were found',
      ['role', 'location', 'mapping', 'reason'],
    );
    this.#lookups = metrics.histogram(
      'esinet_esrp_lookup_seconds',
      'Time until location and mapping were known',
      undefined,
      ['what'],
    );
    this.#outcomes = metrics.counter(
      'esinet_esrp_outcomes_total',
      'Final answers to emergencies by the target that gave them',
      ['target', 'status'],
    );
    edge.transactions.hasPriority = hasPriority;
    controlOverload(edge, config);
    edge.proxy({
      route: (request) => this.#route(request),
      isOwn: () => false,
      failoverMs: config.failover,
      resourceValues: esnetValues,
    });
  }

  /** Ends the connections to ECRF and LIS. */
  close(): void {
    for (const close of this.#closing) close();
  }

  async #route(request: SipMessage): Promise<RouteDecision> {
    const began = this.ports.clock.now();
    const { decision, explanation } = await route(request, this.#deps);
    if (explanation.role === 'probe') return decision;
    this.#count(explanation);
    this.#tell(request, explanation, this.ports.clock.now() - began);
    if (decision.kind !== 'forward' || explanation.role !== 'emergency') return decision;
    return {
      ...decision,
      onOutcome: ({ status, target }) =>
        this.#outcomes.inc({
          target: target < 0 ? 'none' : target === 0 ? 'first' : 'later',
          status: status === 0 ? 'none' : `${Math.floor(status / 100)}xx`,
        }),
    };
  }

  #count(explanation: RouteExplanation): void {
    const { role, location, mapping, reason, locationMs, mappingMs } = explanation;
    this.#routed.inc({ role, location: location ?? '', mapping: mapping ?? '', reason: reason ?? '' });
    if (locationMs !== undefined) this.#lookups.observe(locationMs / 1_000, { what: 'location' });
    if (mappingMs !== undefined) this.#lookups.observe(mappingMs / 1_000, { what: 'mapping' });
  }

  /** One event for each decision: why it went where it went, without saying where the caller is. */
  #tell(request: SipMessage, explanation: RouteExplanation, tookMs: number): void {
    const { callId } = readIdentifiers(request.values('Call-Info'));
    this.ports.bus.publish('events.esrp.routed', {
      at: isoTime(this.ports.clock.wall()),
      element: 'esrp',
      ...(callId !== undefined && { callId }),
      method: request.method,
      ...explanation,
      tookMs: Math.round(tookMs),
    });
  }

  #held(config: EsrpConfig): HeldClient {
    const { tls } = this.ports;
    const client = httpHeldClient({
      ...(config.held.lis !== null && { url: config.held.lis }),
      allowedHosts: config.held.allowedHosts,
      timeoutMs: config.held.timeout,
      maxBytes: config.held.maxBytes,
      ...(tls && { tls }),
    });
    this.#closing.push(() => client.close());
    return client;
  }

  #lost(config: EsrpConfig): { lost: LostClient; lostAt: (target: string) => LostClient | undefined } {
    const open = (url: string): LostClient => {
      const { tls } = this.ports;
      const client = httpLostClient({
        url,
        timeoutMs: config.ecrf.timeout,
        maxBytes: config.ecrf.maxBytes,
        ...(tls && { tls }),
      });
      this.#closing.push(() => client.close());
      return client;
    };
    const others = new Map(Object.entries(config.ecrf.redirects).map(([target, url]) => [target, open(url)]));
    return { lost: open(config.ecrf.url), lostAt: (target) => others.get(target.toLowerCase()) };
  }
}

/** All that a router speaks with is inside, and a neighbour in the sense of RFC 7339. */
function controlOverload({ overload }: SipEdge, config: EsrpConfig): void {
  if (!overload) return;
  const { control, signalling } = overload;
  const unavailable = new Set(config.overload.unavailable);
  control.classOf = loadClassOf;
  control.copesWith503 = (flow) => unavailable.has(flow.remoteAddress);
  if (!signalling) return;
  signalling.classOf = loadClassOf;
  signalling.knows = () => true;
}
