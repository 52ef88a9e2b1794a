import { type Clock, type IdSource, type Logger, isoTime } from '@esinet/kernel';
import { type Bus, type Metrics, type SipEdge, type SipListener, sipPortListeners } from '@esinet/platform';
import {
  type Flow,
  Registrar,
  type RouteDecision,
  type SipMessage,
  parseNameAddr,
  parseUri,
} from '@esinet/sip';
import type { ProviderConfig } from './config.js';
import type { ProviderPolicy, Sender } from './policy.js';
import {
  type ProviderContext,
  type ProviderRouted,
  type ReachableBinding,
  routeAtProvider,
} from './provider-route.js';

export interface ProviderPorts {
  readonly edge: SipEdge;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The application provider's proxy and registrar at work (TS 103 698 Figure 1). */
export class ProviderProxy {
  readonly #registrar: Registrar;
  readonly #context: ProviderContext;
  readonly #borderAddresses: ReadonlySet<string>;
  readonly #routed: ReturnType<Metrics['counter']>;

  constructor(
    private readonly config: ProviderConfig,
    private readonly ports: ProviderPorts,
  ) {
    const { clock, ids, metrics, edge } = ports;
    const { transport } = edge;
    const passwords = new Map(config.accounts.map(({ user, password }) => [user, password]));
    this.#registrar = new Registrar({
      domain: config.domain,
      credentials: (user) => passwords.get(user),
      clock,
      ids,
      limits: {
        minExpires: config.registrations.min / 1_000,
        defaultExpires: config.registrations.expires / 1_000,
        maxExpires: config.registrations.max / 1_000,
        maxBindings: config.registrations.perAccount,
        nonceLifetimeMs: config.digest.nonceLifetime,
        maxTrackedNonces: config.digest.maxNonces,
      },
    });
    transport.onFlowClosed((flow) => this.#registrar.removeFlow(flow.id));
    this.#borderAddresses = new Set([
      ...config.bcfAddresses,
      ...config.bcf.flatMap((hop) => ('address' in hop ? [hop.address] : [])),
    ]);
    this.#context = {
      policy: policyOf(config),
      border: config.bcf,
      bindings: (user) => this.#bindings(user),
      isOwnAddress: (uri) => edge.isOwnAddress(uri),
    };
    this.#routed = metrics.counter('esinet_provider_requests_total', 'Requests by what became of them', [
      'why',
      'transport',
    ]);
    edge.proxy({
      route: (request, flow) => this.#route(request, flow),
      isOwn: (uri) => uri.user === undefined && uri.host === config.domain,
      recordRoute: true,
      failoverMs: config.failover,
      promptMs: config.prompt,
    });
    edge.copesWithLeaving = (flow) => this.#isBorder(flow);
  }

  #route(request: SipMessage, flow: Flow): RouteDecision | Promise<RouteDecision> {
    if (request.method === 'REGISTER') return this.#register(request, flow);
    const routed = routeAtProvider(request, this.#senderOf(request, flow), this.#context);
    this.#note(routed.why, request, flow);
    return routed.decision;
  }

  async #register(request: SipMessage, flow: Flow): Promise<RouteDecision> {
    const uri = parseUri(request.requestUri);
    if (!uri || (uri.host !== this.config.domain && !this.ports.edge.isOwnAddress(uri)))
      return { kind: 'reject', status: 404 };
    const { status, reason, headers } = await this.#registrar.register(request, flow);
    this.#routed.inc({ why: status === 200 ? 'registered' : 'register refused', transport: flow.transport });
    return {
      kind: status < 300 ? 'answer' : 'reject',
      status,
      headers,
      ...(reason !== undefined && { reason }),
    };
  }

  /** Whom a request may speak for: an account that registered over the same flow, the one it names if there are several. */
  #senderOf(request: SipMessage, flow: Flow): Sender {
    const users = this.#registrar.usersOf(flow.id);
    const named = parseUri(request.from?.uri ?? '')?.user;
    const account = named !== undefined && users.includes(named) ? named : users[0];
    return { isBorder: this.#isBorder(flow), ...(account !== undefined && { account }) };
  }

  /** By its certificate; over other transports by the addresses it is configured to have. */
  #isBorder(flow: Flow): boolean {
    const peer = flow.tlsPeer;
    if (
      peer?.authorized &&
      peer.sanUris.some((uri) => uri.toLowerCase() === this.config.bcfSanUri.toLowerCase())
    )
      return true;
    return this.#borderAddresses.has(flow.remoteAddress);
  }

  #bindings(user: string): ReachableBinding[] {
    return this.#registrar.bindings(user).flatMap((binding): ReachableBinding[] => {
      const { contact, path } = binding;
      const flow = binding.flowId === undefined ? undefined : this.ports.edge.transport.flow(binding.flowId);
      if (flow?.open) return [{ contact, path, flow }];
      return binding.flowOnly ? [] : [{ contact, path }];
    });
  }

  #note(why: ProviderRouted['why'], request: SipMessage, flow: Flow): void {
    this.#routed.inc({ why, transport: flow.transport });
    if (why === 'options') return;
    const callId = callIdOf(request);
    this.ports.bus.publish('events.provider.routed', {
      at: isoTime(this.ports.clock.wall()),
      element: 'provider',
      ...(callId !== undefined && { callId }),
      method: request.method,
      listener: flow.listener,
      why,
    });
  }
}

/** TS 103 698 6.1.2.7: for the event only, the provider decides nothing by it. */
function callIdOf(request: SipMessage): string | undefined {
  for (const value of request.values('Call-Info')) {
    const info = parseNameAddr(value);
    if (info?.params.get('purpose')?.toLowerCase() === 'emergencycalldata.callid') return info.uri;
  }
  return undefined;
}

function policyOf(config: ProviderConfig): ProviderPolicy {
  return {
    domain: config.domain,
    numbers: new Set(config.numbers),
    esinetDomains: new Set(config.esinetDomains),
    accounts: new Set(config.accounts.map(({ user }) => user)),
  };
}

/** The sockets of the provider. Browsers and user agents have no certificates: none is asked of them. */
export function providerListeners({ listen }: Pick<ProviderConfig, 'listen'>): SipListener[] {
  return sipPortListeners(listen).map((listener) => ({
    ...listener,
    ...((listener.transport === 'ws' || listener.transport === 'wss') && { path: listen.path }),
    ...((listener.transport === 'tls' || listener.transport === 'wss') && {
      requireClientCertificate: false,
    }),
  }));
}
