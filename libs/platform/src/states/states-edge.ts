import type { Clock, IdSource, Logger } from '@esinet/kernel';
import {
  EventSubscriber,
  type Flow,
  Notifier,
  type RequestLocator,
  type SipMessage,
  UserAgent,
  isSecure,
} from '@esinet/sip';
import {
  type ElementState,
  type QueueState,
  type ServiceState,
  type StateKind,
  StatePackage,
  type StateSource,
} from '@esinet/states';
import type { Bus } from '../bus/bus.js';
import type { SipEdge } from '../sip/sip-edge.js';
import type { HealthChecks } from '../telemetry/health.js';
import type { Metrics } from '../telemetry/metrics.js';
import { ElementHealth } from './element-health.js';
import { type NamedState, StateAnnouncer } from './state-announcer.js';
import type { StateTellingConfig } from './states-config.js';

export interface StatesEdgePorts {
  readonly edge: Pick<SipEdge, 'transactions' | 'locator' | 'listening'>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: HealthChecks;
}

/** What an element has to tell, by the Request-URI that asks for it. */
export interface ToldStates {
  element(uri: string): boolean;
  service(uri: string): StateSource<ServiceState> | undefined;
  queue(uri: string): StateSource<QueueState> | undefined;
  /** Those of its services and queues that are told on the bus. */
  announced(): Iterable<NamedState>;
}

export interface StatesEdgeOptions {
  readonly config: StateTellingConfig;
  readonly told: ToldStates;
  /** Whether a SUBSCRIBE or NOTIFY is for this element; others are left to whoever took requests before. */
  readonly isOurs: (request: SipMessage, flow: Flow) => boolean;
  /** Whether whoever is behind a flow is inside. Others are 403. */
  readonly isInside: (flow: Flow) => boolean;
  /** Finds the servers of what is subscribed to. Default: DNS. */
  readonly locator?: RequestLocator;
}

/**
 * Seconds after which subscribers are told to come back: few subscribe, and what they do not know they cannot route by.
 */
const comeBack = 1;
const comeBackSpread = 2;

/** Requests of event packages. */
const methods: ReadonlySet<string> = new Set(['SUBSCRIBE', 'NOTIFY']);

/**
 * The states of an element at its SIP sockets and on the bus: a notifier (RFC 6665 4.2) for what it tells, a subscriber
 * (4.1) for what it wants to know. It takes its requests from those that come in before anybody else sees them.
 */
export class StatesEdge {
  readonly health: ElementHealth;
  readonly subscriber: EventSubscriber;
  readonly #notifier: Notifier;
  readonly #announcer: StateAnnouncer;
  readonly #unwatch: () => void;

  constructor(
    private readonly o: StatesEdgeOptions,
    ports: StatesEdgePorts,
  ) {
    const { config, told } = o;
    const { edge, clock, ids, logger, metrics } = ports;
    const { transactions } = edge;
    this.health = new ElementHealth({
      elementId: config.element,
      health: ports.health,
      clock,
      lookMs: config.look,
    });
    const element: StateSource<ElementState> = this.health.source;
    const subscriptions = metrics.counter(
      'esinet_state_subscriptions_total',
      'SUBSCRIBE requests for a state by package and outcome',
      ['package', 'result'],
    );
    const common = (kind: StateKind) => ({
      admits: o.isInside,
      expires: Math.round(config.expires / 1_000),
      onSubscribe: (result: string) => subscriptions.inc({ package: kind, result }),
    });
    const packages = [
      new StatePackage({
        kind: 'element',
        source: (uri) => (told.element(uri) ? element : undefined),
        ...common('element'),
      }),
      new StatePackage({ kind: 'service', source: (uri) => told.service(uri), ...common('service') }),
      new StatePackage({ kind: 'queue', source: (uri) => told.queue(uri), ...common('queue') }),
    ];
    const before = transactions.onRequest;
    const agent = new UserAgent({
      transactions,
      locator: o.locator ?? edge.locator(['tcp', 'udp']),
      clock,
      ids,
      logger,
      allow: [...methods, 'OPTIONS'],
      allowEvents: packages.map(({ type }) => type),
      onRequest: (request, flow) => this.#answer(request, flow),
    });
    transactions.onRequest = (tx) => {
      const { request, flow } = tx;
      if (methods.has(request.method) && o.isOurs(request, flow)) agent.handle(tx);
      else before(tx);
    };
    this.#notifier = new Notifier({
      agent,
      sentBy: ({ transport, listener }: Flow) => transactions.transport.sentBy(transport, listener),
      packages,
      clock,
      ids,
      logger,
      limits: { maxSubscriptions: config.maxSubscriptions },
    });
    this.subscriber = new EventSubscriber({ agent, clock, ids, logger });
    this.#announcer = new StateAnnouncer({
      bus: ports.bus,
      clock,
      logger,
      everyMs: config.announce,
      states: () => this.#states(),
    });
    this.#unwatch = element.onChange(() => this.#announcer.changed());
  }

  /** Once the sockets are open. */
  start(): void {
    this.health.start();
    this.#announcer.start();
  }

  /** A service or a queue of those announced may be different. */
  changed(): void {
    this.#announcer.changed();
  }

  /** Subscriptions of others held now. */
  get subscriptions(): number {
    return this.#notifier.size;
  }

  /** Tells the last state and the end to every subscriber, while the sockets are open. */
  async close(): Promise<void> {
    this.#unwatch();
    this.health.close();
    this.#announcer.close();
    await this.#notifier.close(this.o.config.farewell, comeBack, comeBackSpread);
    this.subscriber.close();
  }

  #answer(request: SipMessage, flow: Flow): ReturnType<Notifier['subscribe']> {
    if (request.method === 'NOTIFY') return this.subscriber.notify(request);
    // What is told, and that there is something to be told, is for those inside.
    return this.o.isInside(flow) ? this.#notifier.subscribe(request, flow) : { status: 403 };
  }

  *#states(): Iterable<NamedState> {
    const state = this.health.source.current();
    if (state) yield { kind: 'element', state };
    yield* this.o.told.announced();
  }
}

/** A peer on a listener that is inside: over TLS it has to have shown a certificate that counts. */
export function isMutual({ transport, tlsPeer }: Pick<Flow, 'transport' | 'tlsPeer'>): boolean {
  return !isSecure(transport) || tlsPeer?.authorized === true;
}
