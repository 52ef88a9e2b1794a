import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { type Clock, type Logger, isoTime } from '@esinet/kernel';
import {
  type Bus,
  type CounterMetric,
  type Metrics,
  type NextHop,
  type SipEdge,
  type SipListener,
  type Store,
  type Subscription,
  sipPortListeners,
  dialogSecret,
  towards,
} from '@esinet/platform';
import {
  type DialogWay,
  type Flow,
  type IdentityLabel,
  type InDialog,
  type RouteDecision,
  type SipMessage,
  esnetValues,
  parseUri,
} from '@esinet/sip';
import { z } from 'zod';
import type { AbuseGate } from './abuse/abuse-gate.js';
import type { BadActors } from './abuse/bad-actors.js';
import { guardsOf } from './abuse/guards.js';
import type { IdentityCheck } from './abuse/identity-check.js';
import type { SourceMarks } from './abuse/source-marks.js';
import { type ChatFlow, cameBy, canonicalUser } from './chat-flow.js';
import { ChatFlows } from './chat-flows.js';
import type { Traffic } from './classify.js';
import { type BcfConfig, domainsOf } from './config.js';
import { dialogKey } from './in-dialog.js';
import type { BorderPolicy, Source } from './policy.js';
import { HopWatch } from './hop-watch.js';
import { boundHops } from './peer-tls.js';
import {
  type NextHops,
  type ScreenContext,
  type WayBack,
  type Screening,
  type ChatKey,
  callIdOf,
  chatKeyOf,
  hasPriority,
  loadClassOf,
  screen,
  trafficOf,
} from './screen.js';
import { controlOverload } from './overload.js';
import { Siblings } from './siblings.js';
import { sourceOf } from './source.js';
import { by } from './way-out.js';

export interface BorderPorts {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly edge: SipEdge;
  /** Fingerprints of the authorities whose certificates speak for any peer. */
  readonly ownAuthorities?: () => ReadonlySet<string> | undefined;
  /** This process, of those that share bus and store. */
  readonly instance: string;
  /** The audit trail of bad actors; without one it is only logged. */
  readonly auditFile?: string;
}

/** A counter and its series, each looked up once: both labels have few values, none of them a stranger's. */
interface Counted {
  readonly counter: CounterMetric;
  readonly series: Partial<Record<Traffic['kind'], Record<string, { inc(): void }>>>;
}

/** A way back was written to the store anew: who remembers it reads it there. Holds no name of a chat or a user. */
const movedSubject = 'bcf.ways';
const movedSchema = z.object({ from: z.string(), key: z.string().max(200) });

const statusClasses = ['none', '1xx', '2xx', '3xx', '4xx', '5xx', '6xx'];

/** The border control function at work: sockets, the proxy core, and `screen` in between. */
export class Border {
  /** What PSAPs have reported. */
  readonly badActors: BadActors;
  readonly #gate: AbuseGate;
  readonly #sources: SourceMarks;
  readonly #identity: IdentityCheck;
  readonly #chats: ChatFlows;
  readonly #siblings: Siblings;
  readonly #moves: Subscription;
  /** Tells connections of this process from those of others, and of itself before it was started anew. */
  readonly #process: string;
  readonly #esrps: HopWatch;
  readonly #context: ScreenContext;
  readonly #screened: Counted;
  readonly #outcomes: Counted;

  constructor(
    private readonly config: BcfConfig,
    private readonly ports: BorderPorts,
  ) {
    const { clock, logger, metrics, store, edge } = ports;
    this.#chats = new ChatFlows({
      store,
      clock,
      after: (ms, fire) => edge.transactions.queue.after(ms, fire),
      logger,
      ttlMs: config.chats.remember,
      maxKept: config.chats.max,
      maxPerAddress: config.abuse.chatsPerAddress,
      storeTimeoutMs: config.chats.storeTimeout,
      secretEnough: config.chats.secretLength,
      isOpen: (flow) => this.#isOpen(flow),
      instance: ports.instance,
      onMoved: (key) => ports.bus.publish(movedSubject, { from: ports.instance, key }),
    });
    this.#moves = ports.bus.subscribe(movedSubject, (payload) => {
      const moved = movedSchema.safeParse(payload);
      if (moved.success && moved.data.from !== ports.instance) this.#chats.changedElsewhere(moved.data.key);
    });
    this.#process = `@${ports.instance}.${randomBytes(4).toString('hex')}`;
    this.#siblings = new Siblings({
      ...{ instance: ports.instance, store, bus: ports.bus, clock, logger, configured: config.siblings },
      ...{ presenceMs: config.presence, timeoutMs: config.chats.storeTimeout },
    });
    void edge.listening.then(() => this.#siblings.announce(this.#privateSide()));
    this.#esrps = new HopWatch(config.esrp, { clock, avoidMs: config.avoid });
    this.#context = {
      policy: policyOf(config),
      hops: this.#hops(),
      isOwnAddress: (uri) => edge.isOwnAddress(uri),
      listenerOf: listenerTable(borderListeners(config)),
      instance: ports.instance,
    };
    this.#screened = {
      counter: metrics.counter('esinet_bcf_requests_total', 'Requests by what the border took them for', [
        'traffic',
        'side',
      ]),
      series: {},
    };
    this.#outcomes = {
      counter: metrics.counter('esinet_bcf_outcomes_total', 'Final answers to forwarded requests', [
        'traffic',
        'status',
      ]),
      series: {},
    };
    controlOverload(edge.overload, config.overload, {
      classOf: (request, flow) => {
        const source = this.#sourceOf(flow);
        const load = loadClassOf(request, source, this.#context);
        return load === 'emergency' && this.#isRunning(request, source, flow) ? 'running' : load;
      },
      sourceOf: (flow) => this.#sourceOf(flow),
      policy: this.#context.policy,
      transport: edge.transport,
      isRunning: (callId, from, listener, address) => {
        const binding = this.#chats.peek(callId, canonicalUser(from));
        // By UDP, and of no peer: the address is what there is to tell.
        return (
          binding !== undefined &&
          cameBy(binding, { listener, address, transport: 'udp', port: 0, flowId: '' })
        );
      },
      esrps: () => this.#esrps.ordered(),
    });
    edge.copesWithLeaving = (flow) =>
      this.#sourceOf(flow).side === 'private' || edge.overload?.control.copesWith503(flow) === true;
    const guards = guardsOf(config, ports, (request, source, flow) => this.#isRunning(request, source, flow));
    this.badActors = guards.actors;
    this.#gate = guards.gate;
    this.#sources = guards.marks;
    this.#identity = guards.identity;
    edge.transactions.admit = (request, flow) => this.#gate.admit(request, this.#sourceOf(flow), flow);
    edge.transactions.mayRefuse = (flow) => this.#gate.mayAnswer(this.#sourceOf(flow), flow);
    const proxy = edge.proxy({
      route: (request, flow, dialog) => this.#route(request, flow, dialog),
      isOwn: (uri) => uri.user === undefined && uri.host === config.publicDomain,
      recordRoute: true,
      dialogs: { secret: dialogSecret(config.dialogs), ways: true },
      resourceValues: esnetValues,
      failoverMs: config.failover,
      promptMs: config.prompt,
    });
    edge.transactions.hasPriority = (request, flow) =>
      hasPriority(request, this.#sourceOf(flow), this.#context) || proxy.inDialog(request) !== undefined;
  }

  onApplicationShutdown(): void {
    this.badActors.close();
    this.#siblings.close();
    this.#moves.unsubscribe();
  }

  #route(
    request: SipMessage,
    flow: Flow,
    dialog: InDialog | undefined,
  ): RouteDecision | Promise<RouteDecision> {
    const source = this.#sourceOf(flow);
    // An ACK for a 2xx has no transaction, so nobody has asked yet whether it may come in.
    if (request.method === 'ACK' && this.#gate.admit(request, source, flow)) return { kind: 'discard' };
    const traffic = trafficOf(request, source, this.#context, dialog);
    const test = traffic.kind === 'emergency' && traffic.target.test;
    if (test)
      return this.#gate.testRefusal(request, source, flow).then((refusal) => {
        if (!refusal) return this.#decide(request, flow, source, traffic);
        const decision = { kind: 'reject', ...refusal } as const;
        return this.#settle({ traffic: 'emergency', why: 'test too soon', decision }, request, flow, source);
      });
    return this.#decide(request, flow, source, traffic);
  }

  #decide(
    request: SipMessage,
    flow: Flow,
    source: Source,
    traffic: Traffic,
  ): RouteDecision | Promise<RouteDecision> {
    const key = chatKeyOf(request, traffic, this.#context.policy);
    if (!key)
      return this.#settle(screen(request, source, this.#context, undefined, traffic), request, flow, source);
    return this.#chats.find(key.chat, key.user).then((binding) => {
      const settle = (): RouteDecision => {
        const screening = screen(request, source, this.#context, binding, traffic);
        return this.#settle(screening, request, flow, source, key);
      };
      const held = [binding?.current.instance, binding?.alternate?.instance];
      const learning = this.#siblings.learn(held);
      return learning ? learning.then(settle) : settle();
    });
  }

  #sourceOf(flow: Flow): Source {
    return sourceOf(flow, this.config.peers, this.ports.ownAuthorities?.());
  }

  /** Whether a way back is in memory that leads where the request came from. */
  #isRunning(request: SipMessage, source: Source, flow: Flow): boolean {
    const callId = callIdOf(request, this.#context.policy);
    const user = canonicalUser(request.from?.uri ?? '');
    return [callId, dialogKey(request)].some((chat) => {
      const binding = this.#chats.peek(chat, user);
      return binding !== undefined && cameBy(binding, this.#chatFlowOf(flow, source));
    });
  }

  #settle(
    screening: Screening,
    request: SipMessage,
    flow: Flow,
    source: Source,
    key?: ChatKey,
  ): RouteDecision {
    const { decision, traffic } = screening;
    this.#count(this.#screened, 'side', traffic, source.side);
    const identity =
      decision.kind === 'forward' && source.side === 'public' ? this.#identity.label(request) : undefined;
    this.#tell(screening, request, source, identity);
    if (screening.remember) {
      this.#chats.remember(screening.remember, this.#chatFlowOf(flow, source));
      for (const chat of screening.remember.chats) this.ports.edge.overload?.unread?.chats(chat);
    }
    if (decision.kind !== 'forward')
      // OPTIONS was asked about at the door.
      return request.method === 'OPTIONS' || this.#gate.mayAnswer(source, flow)
        ? decision
        : { kind: 'discard' };
    const { ways } = screening;
    const esrps = traffic === 'emergency' ? this.#esrps.ordered() : undefined;
    const marks = this.#sources.edits(request, source, flow, screening, identity);
    return {
      ...decision,
      ...(marks && { edits: [...marks.before, ...(decision.edits ?? []), ...marks.after] }),
      onOutcome: ({ status, target }) => {
        this.#count(this.#outcomes, 'status', traffic, statusClasses[Math.floor(status / 100)] ?? 'none');
        if (screening.why === 'test' && status >= 200 && status < 300)
          this.#gate.testTaken(request, source, flow);
        if (esrps && status !== 0) this.#esrps.answered(esrps, target);
        const way = ways?.[target];
        if (key && way && status >= 200 && status < 300) this.#chats.promote(key.chat, key.user, way);
      },
    };
  }

  #count(counted: Counted, label: 'side' | 'status', traffic: Traffic['kind'], value: string): void {
    const byValue = (counted.series[traffic] ??= {});
    (byValue[value] ??= counted.counter.labelled({ traffic, [label]: value })).inc();
  }

  /** One event for each decision; nothing of what people wrote, said or where they are. */
  #tell(screening: Screening, request: SipMessage, source: Source, identity?: IdentityLabel): void {
    const { decision, traffic, why, callId } = screening;
    if (traffic === 'probe') return;
    this.ports.bus.publish('events.bcf.screened', {
      at: isoTime(this.ports.clock.wall()),
      element: 'bcf',
      ...(callId !== undefined && { callId }),
      method: request.method,
      side: source.side,
      listener: source.listener,
      ...(source.peer && { peer: source.peer.name }),
      traffic,
      decision: decision.kind,
      ...('status' in decision && { status: decision.status }),
      why,
      ...(identity && { identity }),
    });
  }

  #hops(): NextHops {
    const { config } = this;
    const esrps = () => this.#esrps.ordered();
    const domains = new Map(Object.entries(config.domains));
    for (const peer of config.peers) {
      const hops = hopsOf(peer);
      const behind = [...peer.domains, ...(peer.esinet ? domainsOf(peer.esinet) : [])];
      for (const domain of behind) domains.set(domain, hops);
    }
    const peered = new Set(config.peers.flatMap(({ esinet }) => esinet?.publicDomain ?? []));
    const psaps = new Map(Object.entries(config.psaps));
    return {
      get esrps() {
        return esrps();
      },
      psap: (user) => (user === undefined ? undefined : psaps.get(user)) ?? psaps.get('*') ?? [],
      domain: (domain) => domains.get(domain) ?? [],
      isPeeredEsinet: (domain) => peered.has(domain),
      back: (flow, o) => this.#back(flow, o),
      siblings: () => this.#siblings.alive(),
      beyond: (way, listener) => this.#beyond(way, listener),
    };
  }

  #beyond(way: DialogWay, listener: string): ReturnType<NextHops['beyond']> {
    const { transport, address, port, flowId, serverName } = way;
    const flow = flowId === undefined ? undefined : this.ports.edge.transport.flow(flowId);
    // Names of connections start anew with the process: the peer tells whether it is the same.
    if (
      flow?.open &&
      flow.remoteAddress === address &&
      flow.remotePort === port &&
      flow.listener === listener
    )
      return { destination: flow, listener };
    if (transport === 'udp') return { destination: { transport, address, port }, listener };
    // What we opened we can open again, with all that is known of that next hop.
    const { domains, peers } = this.config;
    const hop = [...Object.values(domains).flat(), ...peers.flatMap(hopsOf)].find((each) =>
      'address' in each
        ? each.transport === transport && each.address === address && each.port === port
        : serverName !== undefined && parseUri(each.uri)?.host === serverName,
    );
    return hop && { ...towards(hop), listener };
  }

  #back(chat: ChatFlow, o: { readonly throughSiblings: boolean }): readonly WayBack[] {
    const flow = this.#here(chat);
    if (flow?.open) return [{ destination: flow, listener: chat.listener }];
    const ways: WayBack[] = [];
    const sibling =
      o.throughSiblings && this.#isElsewhere(chat) ? this.#siblings.hop(chat.instance) : undefined;
    if (sibling) ways.push({ ...by(this.#context, 'private', sibling), sibling: true });
    const peer = this.config.peers.find(({ name }) => name === chat.peer);
    const [hop] = peer ? hopsOf(peer) : [];
    // Another ESInet can be called again, and has to show the same certificate.
    if (hop) ways.push({ ...towards(hop), listener: chat.listener });
    else if (chat.transport === 'udp') {
      // Seen by another replica: its peer may still be reached from here, unless a NAT let in only that one.
      const destination = { transport: 'udp', address: chat.address, port: chat.port } as const;
      ways.push({ destination, listener: chat.listener });
    }
    return ways;
  }

  /** The connection of a way, if it is one of this process. */
  #here({ flowId, transport, instance }: ChatFlow): Flow | undefined {
    const flows = this.ports.edge.transport;
    if (transport === 'udp')
      return instance === undefined || instance === this.ports.instance ? flows.flow(flowId) : undefined;
    return flowId.endsWith(this.#process) ? flows.flow(flowId.slice(0, -this.#process.length)) : undefined;
  }

  #isElsewhere(chat: ChatFlow): chat is ChatFlow & { readonly instance: string } {
    return chat.instance !== undefined && chat.instance !== this.ports.instance;
  }

  /** Somebody is still there as far as can be told: nobody else takes their place by knowing a Call Identifier. */
  #isOpen(chat: ChatFlow): boolean {
    return this.#isElsewhere(chat) ? this.#siblings.isAlive(chat.instance) : this.#here(chat)?.open === true;
  }

  #chatFlowOf(flow: Flow, source: Source): ChatFlow {
    return {
      listener: flow.listener,
      transport: flow.transport,
      address: flow.remoteAddress,
      port: flow.remotePort,
      flowId: flow.reliable ? flow.id + this.#process : flow.id,
      instance: this.ports.instance,
      ...(source.peer?.trusted && { peer: source.peer.name }),
    };
  }

  /** Where the other borders reach this one, as a next hop; empty where they could not know. */
  #privateSide(): string {
    const { host, advertise } = this.config.private;
    const address = advertise ?? host;
    if (address === '0.0.0.0' || address === '::') return '';
    const listeners = this.ports.edge.listeners();
    for (const transport of ['tls', 'tcp', 'udp'] as const) {
      const port = listeners.find(({ name }) => name === `private-${transport}`)?.port;
      if (port === undefined) continue;
      const name = transport === 'tls' && isIP(address) !== 0 ? `;${this.config.publicDomain}` : '';
      return `${transport}:${isIP(address) === 6 ? `[${address}]` : address}:${port}${name}`;
    }
    return '';
  }
}

/** Where a peer is reached: the border of an ESInet, or a provider. */
function hopsOf(peer: BcfConfig['peers'][number]): NextHop[] {
  return boundHops(peer.esinet?.hops ?? peer.hops, peer);
}

/** The listener of a side for a transport, or the first of that side. */
function listenerTable(listeners: readonly SipListener[]): ScreenContext['listenerOf'] {
  const first = new Map<string, string>();
  const named = new Map<string, Map<string, string>>();
  for (const side of ['public', 'private'] as const) {
    const ofSide = listeners.filter((listener) => listener.name.startsWith(side));
    if (ofSide[0]) first.set(side, ofSide[0].name);
    named.set(side, new Map(ofSide.map(({ name }) => [name.slice(side.length + 1), name])));
  }
  return (side, transport) => named.get(side)?.get(transport) ?? first.get(side);
}

/** In these the local numbers count in any case. */
function ownNames(config: BcfConfig): string[] {
  const { host, advertise } = config.public;
  return [config.publicDomain, host, ...(advertise === undefined ? [] : [advertise.toLowerCase()])];
}

function policyOf(config: BcfConfig): BorderPolicy {
  return {
    elementId: config.element,
    numbers: new Map(Object.entries(config.numbers)),
    numberDomains:
      config.numberDomains === '*'
        ? '*'
        : new Set([...config.numberDomains.map((domain) => domain.toLowerCase()), ...ownNames(config)]),
    publicDomain: config.publicDomain,
    privateDomain: config.privateDomain,
    translate: config.translate,
    emergencyPriority: config.priority.emergency,
    callbackPriority: config.priority.callback,
    removeFromUntrusted: config.removeFromUntrusted,
    nenaIdentifiers: config.nenaIdentifiers,
    defaultPsapUri: config.defaultPsap,
    secretLength: config.chats.secretLength,
  };
}

/** The sockets of both sides; the side of a message is told by their names. */
export function borderListeners(config: Pick<BcfConfig, 'public' | 'private'>): SipListener[] {
  return [...sipPortListeners(config.public, 'public-'), ...sipPortListeners(config.private, 'private-')];
}
