import type { FactoryProvider, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  type Destination,
  type Flow,
  type ListenOptions,
  type ListenerDescription,
  ProxyCore,
  type ProxyCoreOptions,
  type ServerLocator,
  type SipStack,
  type SipStackOptions,
  SipTransportError,
  type TlsPeerRule,
  type TransactionLayer,
  type TransportLayer,
  type TransportName,
  type Uri,
  type WireMeter,
  createSipStack,
  defaultPort,
  nodeDns,
  serverLocator,
  wayFailed,
} from '@esinet/sip';
import { type Limits, defaultLimits } from '../config/limits.js';
import { hostPort } from '../config/values.js';
import { ListenError } from '../http/http-front.js';
import { portOwner } from '../http/port-owner.js';
import {
  CLOCK,
  DRAIN,
  ELEMENT,
  HEALTH,
  LIMITS,
  LOGGER,
  METRICS,
  TRANSACTION_SECRET,
} from '../nest/tokens.js';
import type { DrainTimes } from '../app/drain-config.js';
import type { TlsOptions } from '../pki/tls-options.js';
import type { Health } from '../telemetry/health.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { SipListener } from './destination-text.js';
import { type EdgeOverload, edgeOverload } from './edge-overload.js';
import { type LeavingPhase, turnedAway } from './leaving.js';
import type { OverloadConfig } from './overload-config.js';
import { withRoomFor } from './room-on-the-way.js';
import { tlsMeter } from './tls-metrics.js';
import { branchKey } from './transaction-secret.js';

export interface SipEdgeConfig {
  readonly listeners: readonly SipListener[];
  /** Shown on tls and wss listeners and on connections we open. */
  readonly tls?: TlsOptions;
  /** Peers whose certificates are known beforehand. */
  readonly tlsPeers?: readonly TlsPeerRule[];
  /** Milliseconds that requests under way have to finish when the element shuts down. */
  readonly drainMs?: number;
  /** Elements of the ESInet that a message from outside may have passed before this one. Default 0. */
  readonly hopsBefore?: number;
  /** What is done when more comes than can be done; without it nothing is shed. */
  readonly overload?: OverloadConfig | undefined;
  readonly stack?: Partial<
    Pick<
      SipStackOptions,
      'limits' | 'messageLimits' | 'secret' | 'timers' | 'transactionLimits' | 'onWire' | 'clientPath'
    >
  >;
}

/** What an element that speaks SIP is started with besides its configuration. */
export type SipExtras = Pick<SipEdgeConfig, 'tls' | 'drainMs' | 'stack'>;

/** RFC 3261 17.1.2.2: as long as a finished client transaction absorbs retransmissions on UDP (T4). */
export const defaultDrainMs = 5_000;

/** Methods counted by name (the IANA registry's); a stranger's invention counts as `other`. */
const methods = new Set([
  ...['ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'PUBLISH', 'REFER'],
  ...['REGISTER', 'SUBSCRIBE', 'UPDATE'],
]);

/** The SIP sockets of an element, from its configuration; they open when Nest says that the element is built. */
export class SipEdge implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly stack: SipStack;
  /** Undefined where it is turned off. */
  readonly overload: EdgeOverload | undefined;
  /**
   * Whether the far side asks somebody else at once when it is told that we are ending (503). Default: nobody, and all
   * that comes is handled to the end.
   */
  copesWithLeaving: (flow: Flow) => boolean = () => false;
  readonly #element: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners: readonly ListenOptions[];
  readonly #drainMs: number;
  readonly #limits: Limits;
  #open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));
  #listening = false;
  readonly #proxies: ProxyCore[] = [];
  #leaving: LeavingPhase | undefined;
  #finished: Promise<void> | undefined;

  /** @throws ListenError when a listener needs a certificate and there is none */
  constructor(
    config: SipEdgeConfig,
    o: {
      readonly element: string;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly metrics: Metrics;
      readonly health: Health;
      readonly limits?: Limits;
      readonly drain?: DrainTimes | null;
      readonly transactionSecret?: string | null;
    },
  ) {
    this.#element = o.element;
    this.#clock = o.clock;
    this.#logger = o.logger;
    this.#drainMs = config.drainMs ?? o.drain?.transactions ?? defaultDrainMs;
    this.#listeners = config.listeners.map((listener) => listenOptions(listener, config.tls, o.element));
    const limits = o.limits ?? defaultLimits;
    this.#limits = limits;
    this.stack = createSipStack({
      limits: limits.transport,
      messageLimits: withRoomFor(config.hopsBefore ?? 0, limits.message),
      transactionLimits: limits.transactions,
      timers: limits.timers,
      ...(o.transactionSecret && { secret: branchKey(o.transactionSecret, o.element) }),
      ...config.stack,
      listeners: this.#listeners,
      ...(config.tls ? { clientTls: config.tls } : {}),
      ...(config.tlsPeers ? { tlsPeers: config.tlsPeers } : {}),
      onTls: tlsMeter(o.metrics),
      clock: o.clock,
      logger: o.logger,
      meter: wireMeter(o.metrics),
    });
    if (config.overload?.enabled) {
      this.overload = edgeOverload(config.overload, {
        ...o,
        transactions: this.transactions,
        waiting: () => this.transport.receiveDelay(),
      });
    }
    o.health.onDrain(() => this.#take('noticing'));
    o.health.onFinish(() => this.finish());
    o.health.register('sip', () => Promise.resolve(this.#listening ? undefined : 'SIP is not listening'));
  }

  get transport(): TransportLayer {
    return this.stack.transport;
  }

  get transactions(): TransactionLayer {
    return this.stack.transactions;
  }

  /** Real ports, once started. */
  listeners(): readonly ListenerDescription[] {
    return this.stack.transport.listeners();
  }

  /** The real port of a listener, once started. */
  port(listener: string): number | undefined {
    return this.listeners().find(({ name }) => name === listener)?.port;
  }

  /** Whether host and port of a URI are an address we listen on, or the name we give ourselves there. */
  isOwnAddress(uri: Uri): boolean {
    return this.listeners().some(({ host, port, advertised, transport }) => {
      const asked = uri.port ?? defaultPort(transport);
      return (uri.host === host && asked === port) || `${uri.host}:${asked}` === advertised.toLowerCase();
    });
  }

  /** Finds the servers of names by DNS (RFC 3263), the preferred transports first. */
  locator(preferred: readonly TransportName[]): ServerLocator {
    const { timeoutMs, ...limits } = this.#limits.locate;
    return serverLocator({ table: [], dns: nodeDns(), clock: this.#clock, timeoutMs, preferred, limits });
  }

  /** A proxy core that takes what comes in here, and goes on to the next target whenever a way has failed. */
  proxy(
    o: Pick<
      ProxyCoreOptions,
      'route' | 'isOwn' | 'recordRoute' | 'dialogs' | 'failoverMs' | 'promptMs' | 'resourceValues'
    >,
  ): ProxyCore {
    const proxy = new ProxyCore({
      ...this.#limits.proxy,
      hops: this.overload?.signalling,
      heldStatus: this.overload?.control.status,
      ...o,
      transactions: this.transactions,
      transport: this.transport,
      locator: this.locator(['tls', 'tcp', 'udp']),
      clock: this.#clock,
      logger: this.#logger,
      failoverOn: wayFailed,
    });
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A probe of ours had an answer from there: the proxy need not wait until it tries it first again. */
  answered(destination: Destination): void {
    for (const proxy of this.#proxies) proxy.answered(destination);
  }

  /** Resolves when the sockets are open: what is sent before fails. */
  get listening(): Promise<void> {
    return this.#opened;
  }

  onApplicationBootstrap(): Promise<void> {
    return this.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.stop();
  }

  /** Opens all sockets, or none. @throws ListenError with a sentence for the operator */
  async start(): Promise<void> {
    try {
      await this.stack.start();
    } catch (error) {
      throw await this.#listenError(error);
    }
    this.#listening = true;
    this.#open();
    for (const { name, transport, host, port } of this.listeners()) {
      this.#logger.info('sip listening', { listener: name, transport, host, port });
    }
  }

  /**
   * Takes no new connection, turns away what a sibling can take, and finishes the rest: a connection is closed as soon
   * as nothing is under way over it. Resolves when every request has its answer, or after the drain time.
   */
  finish(): Promise<void> {
    return (this.#finished ??= this.#finish());
  }

  async #finish(): Promise<void> {
    if (!this.#listening) return;
    this.#take('finishing');
    this.transport.leave();
    const endIdle = (): void => {
      const busy = this.transactions.busyFlows();
      this.transport.endIdle((flow) => busy.has(flow));
    };
    endIdle();
    if (!(await this.transactions.idle(this.#drainMs, endIdle))) {
      this.#logger.warn('sip-not-finished', { requests: this.transactions.unanswered, ms: this.#drainMs });
    }
  }

  /** Asked before anybody else whether a new request comes in. */
  #take(phase: LeavingPhase): void {
    if (this.#leaving === undefined) {
      const { transactions } = this;
      const before = transactions.admit;
      transactions.admit = (request, flow) => {
        const refusal = this.#leaving && turnedAway(request, this.#leaving);
        return refusal && this.copesWithLeaving(flow) ? refusal : before(request, flow);
      };
    }
    this.#leaving = phase;
  }

  /** Finishes what is under way, at most for the drain time, then closes all sockets. */
  async stop(): Promise<void> {
    if (!this.#listening) return;
    await this.finish();
    this.#listening = false;
    this.overload?.control.stop();
    await this.stack.stop();
  }

  async #listenError(error: unknown): Promise<unknown> {
    if (!(error instanceof SipTransportError)) return error;
    // The transport names its listener; the operator knows it by its place in the configuration.
    const index = this.#listeners.findIndex(({ name }) => error.message.includes(name));
    const listener = this.#listeners[index];
    if (!listener) return new ListenError(error.message, { cause: error });
    const kind = listener.transport === 'udp' ? 'udp' : 'tcp';
    const where = `port ${listener.port}/${kind} on ${listener.host}`;
    const key = `set ${this.#element}.listeners[${index}].port`;
    if (error.reason !== 'address-in-use') {
      return new ListenError(`${where} cannot be opened: ${error.message}; ${key}`, { cause: error });
    }
    const owner = (await portOwner(listener.port, kind)) ?? 'another program';
    return new ListenError(`${where} is in use by ${owner}; ${key}`, { cause: error });
  }
}

/** Provides a SipEdge to an element's module: `imports: [], providers: [sipEdgeProvider(config)]`. */
export function sipEdgeProvider(config: SipEdgeConfig): FactoryProvider<SipEdge> {
  return {
    provide: SipEdge,
    inject: [ELEMENT, CLOCK, LOGGER, METRICS, HEALTH, LIMITS, DRAIN, TRANSACTION_SECRET],
    useFactory: (
      element: string,
      clock: Clock,
      logger: Logger,
      metrics: Metrics,
      health: Health,
      limits: Limits,
      drain: DrainTimes | null,
      transactionSecret: string | null,
    ) =>
      new SipEdge(config, {
        ...{ element, clock, logger, metrics, health, limits, drain, transactionSecret },
      }),
  };
}

function listenOptions(listener: SipListener, tls: TlsOptions | undefined, element: string): ListenOptions {
  const { name, transport, host, port } = listener;
  const secure = transport === 'tls' || transport === 'wss';
  if (secure && !tls) {
    throw new ListenError(
      `listener ${name} of ${element} speaks ${transport} and needs a certificate; set pki.folder`,
    );
  }
  const advertise = listener.advertise === undefined ? undefined : hostPort(listener.advertise);
  return {
    name,
    transport,
    host,
    port,
    ...(advertise ? { advertise } : {}),
    ...(listener.path === undefined ? {} : { path: listener.path }),
    ...(secure && tls ? { tls } : {}),
    ...(listener.requireClientCertificate === undefined
      ? {}
      : { requireClientCertificate: listener.requireClientCertificate }),
    ...(listener.clients === undefined ? {} : { clients: listener.clients }),
  };
}

/** Counts requests that came in and responses that went out, retransmissions included. */
function wireMeter(metrics: Metrics): WireMeter {
  const requests = metrics.counter('esinet_sip_requests_total', 'SIP requests received', [
    'method',
    'transport',
  ]);
  const responses = metrics.counter('esinet_sip_responses_total', 'SIP responses sent', ['class']);
  const byMethod = new Map<string, Map<TransportName, { inc(): void }>>();
  const byClass = ['1xx', '2xx', '3xx', '4xx', '5xx', '6xx'].map((name) =>
    responses.labelled({ class: name }),
  );
  const counterOf = (method: string, transport: TransportName) => {
    let byTransport = byMethod.get(method);
    if (!byTransport) byMethod.set(method, (byTransport = new Map()));
    let counter = byTransport.get(transport);
    if (!counter) byTransport.set(transport, (counter = requests.labelled({ method, transport })));
    return counter;
  };
  return {
    received: (message, { transport }) => {
      if (message.isRequest)
        counterOf(methods.has(message.method) ? message.method : 'other', transport).inc();
    },
    sent: (bytes) => {
      // 'S' of SIP/2.0 and its slash: no method has one there.
      if (bytes[0] === 0x53 && bytes[3] === 0x2f) byClass[(bytes[8] ?? 0) - 0x31]?.inc();
    },
  };
}
