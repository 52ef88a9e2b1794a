import { type Clock, type Logger, isoTime } from '@esinet/kernel';
import { type HeldClient, type HeldClientError, httpHeldClient } from '@esinet/held';
import { readIdentifiers } from '@esinet/lmpe';
import type { PolicyVerdict } from '@esinet/policy';
import type { PidfLo } from '@esinet/location';
import {
  type LostAnswer,
  type LostClient,
  type LostClientError,
  type LostRequest,
  httpLostClient,
} from '@esinet/lost';
import {
  type Bus,
  type Limits,
  type Metrics,
  type SipEdge,
  type TlsOptions,
  dialogSecret,
} from '@esinet/platform';
import {
  type ForwardOutcome,
  type InDialog,
  type RouteDecision,
  type SipMessage,
  esnetValues,
} from '@esinet/sip';
import type { KnownStates } from '@esinet/states';
import { type QueuesPort, hopOutcome } from './admission.js';
import type { EsrpConfig } from './config.js';
import { type Dereference, heldOverBus, lostOverBus } from './bus-lookups.js';
import { EcrfBreaker } from './ecrf-breaker.js';
import { routeInDialog } from './in-dialog.js';
import { LookupWays } from './lookup-ways.js';
import { MappingCache } from './mapping-cache.js';
import { decide, hopUris } from './explanation/decide.js';
import { Explanations, type RoutedEvent } from './explanation/explanations.js';
import type { RouteExplanation } from './explanation/route-explanation.js';
import { type RouteDeps, type Routed, hasPriority, loadClassOf, route } from './route.js';
import type { PoliciesPort } from './verdict.js';

export interface RoutingProxyPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly edge: SipEdge;
  readonly limits: Limits;
  /** Shown to ECRF and LIS. */
  readonly tls?: TlsOptions;
  readonly policies?: PoliciesPort;
  readonly queues?: QueuesPort;
  readonly states?: KnownStates;
  /** What the border says of where a request came from. */
  readonly source?: RouteDeps['source'];
}

/** How long a call waits for its queues: before the transaction of a MESSAGE ends (RFC 3261 17.1.2.2, Timer F). */
const queueMs = 20_000;

/** The emergency services routing proxy at work: sockets, the proxy core, and `route` in between. */
export class RoutingProxy {
  readonly #deps: RouteDeps;
  readonly #closing: (() => void)[] = [];
  readonly #routed: ReturnType<Metrics['counter']>;
  readonly #lookups: ReturnType<Metrics['histogram']>;
  readonly #outcomes: ReturnType<Metrics['counter']>;
  /** The decisions of late; the operator reads them. */
  readonly explanations: Explanations;

  constructor(
    config: EsrpConfig,
    private readonly ports: RoutingProxyPorts,
  ) {
    const { clock, metrics, edge } = ports;
    const { explanations } = config;
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
        queueMs,
        routingNo: config.geolocationRoutingNo,
        rewrite: new Map(Object.entries(config.rewrite)),
      },
      hops: { domain: (domain) => hosts.get(domain) ?? [], border: config.bcf },
      limits: ports.limits,
      isOwnAddress: (uri) => edge.isOwnAddress(uri),
      ...(ports.policies && { policies: ports.policies }),
      ...(ports.queues && { queues: ports.queues }),
      ...(ports.states && { states: ports.states }),
      ...(ports.source && { source: ports.source }),
      ...(explanations.max > 0 && {
        keep: {
          request: { what: explanations.request, maxBytes: explanations.maxRequestBytes },
          location: explanations.location,
        },
      }),
      onPolicyFailure: (reason) => ports.logger.error('policy-failed', { reason }),
    };
    this.explanations = new Explanations(clock, {
      max: explanations.max,
      keepMs: explanations.keep,
      decide: (facts) => hopUris(decide(facts, ports.policies)),
    });
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
    // Borders and PSAPs ask the next one (TS 103 698 6.1.2.9 is about those outside).
    edge.copesWithLeaving = () => true;
    edge.proxy({
      route: (request, _flow, dialog) => this.#route(request, dialog),
      isOwn: () => false,
      recordRoute: true,
      dialogs: { secret: dialogSecret(config.dialogs) },
      failoverMs: config.failover,
      promptMs: config.prompt,
      resourceValues: esnetValues,
    });
  }

  /** Ends the connections to ECRF and LIS. */
  close(): void {
    this.explanations.close();
    for (const close of this.#closing) close();
  }

  async #route(request: SipMessage, dialog: InDialog | undefined): Promise<RouteDecision> {
    if (dialog) return routeInDialog(request, this.#deps);
    const began = this.ports.clock.now();
    const routed = await route(request, this.#deps);
    const { decision, explanation } = routed;
    if (explanation.role === 'probe') return decision;
    this.#count(explanation);
    const event = this.#tell(request, explanation, this.ports.clock.now() - began);
    if (routed.verdict) this.#act(routed.verdict, event.callId);
    if (explanation.role !== 'emergency') return decision;
    const told = this.explanations.add({
      ...event,
      ...(request.callId !== undefined && { sipCallId: request.callId }),
      ...(routed.verdict && { verdict: routed.verdict }),
      ...(routed.facts && { facts: routed.facts }),
    });
    const ended = (outcome: ForwardOutcome) => this.#ended(outcome, routed, told);
    if (decision.kind === 'forward') return { ...decision, onOutcome: ended };
    if ('status' in decision) ended({ status: decision.status, target: -1 });
    return decision;
  }

  /** What became of a call, once. */
  #ended(
    outcome: ForwardOutcome,
    { release, uris = [] }: Routed,
    told: ReturnType<Explanations['add']>,
  ): void {
    const { status, target } = outcome;
    const ended = hopOutcome(outcome, uris);
    release?.(ended);
    const { failed = [], answeredBy } = ended;
    told({
      at: isoTime(this.ports.clock.wall()),
      status,
      ...(answeredBy !== undefined && { uri: answeredBy }),
      ...(failed.length > 0 && { failed: failed.map(({ uri, status: of }) => ({ uri, status: of })) }),
    });
    this.#outcomes.inc({
      target: target < 0 ? 'none' : target === 0 ? 'first' : 'later',
      status: status === 0 ? 'none' : `${Math.floor(status / 100)}xx`,
    });
  }

  /** The actions of a policy that are not about where the call goes. */
  #act({ log, notify, decidedBy }: PolicyVerdict, callId: string | undefined): void {
    for (const { message } of log) this.ports.logger.info('policy', { message });
    for (const each of notify) {
      this.ports.bus.publish('events.esrp.notify', {
        at: isoTime(this.ports.clock.wall()),
        element: 'esrp',
        ...(callId !== undefined && { callId }),
        ...(decidedBy && { policy: decidedBy.policy, rule: decidedBy.rule }),
        ...each,
      });
    }
  }

  #count(explanation: RouteExplanation): void {
    const { role, location, mapping, reason, policy, locationMs, mappingMs } = explanation;
    // What a policy calls its reasons is the operator's, and could be any number of texts.
    const known = explanation.passedOver
      ? policy?.outcome === 'route'
        ? 'policy'
        : 'queue'
      : (reason ?? '');
    this.#routed.inc({ role, location: location ?? '', mapping: mapping ?? '', reason: known });
    if (locationMs !== undefined) this.#lookups.observe(locationMs / 1_000, { what: 'location' });
    if (mappingMs !== undefined) this.#lookups.observe(mappingMs / 1_000, { what: 'mapping' });
  }

  /** One event for each decision: why it went where it went, without saying where the caller is. */
  #tell(request: SipMessage, explanation: RouteExplanation, tookMs: number): RoutedEvent {
    const { callId } = readIdentifiers(request.values('Call-Info'));
    const event: RoutedEvent = {
      at: isoTime(this.ports.clock.wall()),
      element: 'esrp',
      ...(callId !== undefined && { callId }),
      method: request.method,
      ...explanation,
      tookMs: Math.round(tookMs),
    };
    this.ports.bus.publish('events.esrp.routed', event);
    return event;
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
    const { via, allowedHosts, maxBytes, timeout: totalMs } = config.held;
    const { bus, clock } = this.ports;
    if (!via.includes('bus')) return client;
    const overBus = heldOverBus(bus, { allowedHosts, maxBytes });
    const ways = new LookupWays<Dereference, PidfLo & { document: string }, HeldClientError>(
      via.map((each) => ({
        via: each,
        ask:
          each === 'bus'
            ? overBus
            : ({ uri, options }, signal) =>
                client.dereference(uri, { ...options, ...(signal && { signal }) }),
      })),
      { clock, totalMs, failed: (code) => ({ code, message: code }) },
    );
    return {
      dereference: (uri, options) => ways.ask({ uri, options }, options?.signal),
      // Where somebody is by their identifier is not told over the bus.
      request: (request, options) => client.request(request, options),
    };
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
    const { via, maxBytes, timeout: totalMs } = config.ecrf;
    const { bus, clock } = this.ports;
    const overHttp = open(config.ecrf.url);
    const ways = new LookupWays<LostRequest, LostAnswer, LostClientError>(
      via.map((each) => ({
        via: each,
        ask:
          each === 'bus'
            ? lostOverBus(bus, maxBytes)
            : (request, signal) => overHttp.ask(request, signal ? { signal } : {}),
      })),
      { clock, totalMs, failed: (code) => ({ code, message: code }) },
    );
    const lost: LostClient = via.includes('bus')
      ? { ask: (request, options) => ways.ask(request, options?.signal) }
      : overHttp;
    return { lost, lostAt: (target) => others.get(target.toLowerCase()) };
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
