import type { Clock, Logger } from '@esinet/kernel';
import {
  type Metrics,
  type NextHop,
  type SipEdge,
  StatesEdge,
  type StatesEdgePorts,
  type Subscription,
  hearStates,
  isMutual,
} from '@esinet/platform';
import {
  type Destination,
  type RequestLocator,
  type SipMessage,
  type TransportName,
  isSecure,
  parseNameAddr,
  parseUri,
} from '@esinet/sip';
import {
  type ElementState,
  type QueueStateSource,
  type ServiceState,
  type StateKind,
  type StateSource,
  type StateTable,
  StateWatch,
  derived,
} from '@esinet/states';
import type { EsrpStatesConfig } from './config.js';
import { OwnQueues, noQueues } from './own-queues.js';

const kinds = { ElementState: 'element', ServiceState: 'service', QueueState: 'queue' } as const;

export interface EsrpStatesOptions {
  readonly config: EsrpStatesConfig;
  /** The host table of the router. */
  readonly hosts: ReadonlyMap<string, readonly NextHop[]>;
  readonly table: StateTable;
  /** 0 up to 1. Default Math.random. */
  readonly random?: () => number;
}

/** The states of a router: its own are told, those of its next hops are known. */
export class EsrpStates {
  readonly edge: StatesEdge;
  readonly #watches: StateWatch<StateKind>[] = [];
  readonly #events: ReturnType<Metrics['counter']>;
  readonly #queues: OwnQueues;
  #source: QueueStateSource = noQueues;
  #unwatch: () => void = () => undefined;
  #bus: Subscription | undefined;

  constructor(
    private readonly o: EsrpStatesOptions,
    private readonly ports: StatesEdgePorts & { readonly edge: SipEdge },
  ) {
    const { config } = o;
    const { edge } = ports;
    this.#events = ports.metrics.counter(
      'esinet_state_watch_events_total',
      'What became of subscriptions to states of others',
      ['package', 'what'],
    );
    this.#queues = new OwnQueues(() => this.#source, config.element);
    const isOwn = (text: string): boolean => {
      const uri = parseUri(text);
      return uri !== undefined && (uri.host === config.element || edge.isOwnAddress(uri));
    };
    const told = {
      element: isOwn,
      service: (uri: string) => (isOwn(uri) ? this.#service() : undefined),
      queue: (uri: string) => this.#queues.source(uri),
      announced: () => this.#announced(),
    };
    this.edge = new StatesEdge(
      {
        config,
        told,
        // What has a way to go yet is somebody else's.
        isOurs: (request) => isOwn(request.requestUri) && routesOf(request).every(isOwn),
        isInside: isMutual,
        locator: hostTable(o.hosts, edge.locator(['tcp', 'tls', 'udp'])),
      },
      ports,
    );
    // What follows from the element's own state is told with it.
    this.edge.health.source.onChange(() => this.edge.changed());
  }

  /** The queues before the next hops; none until this is called. */
  tellQueues(source: QueueStateSource): void {
    this.#unwatch();
    this.#source = source;
    this.#unwatch = source.onChange(() => this.edge.changed());
    this.edge.changed();
  }

  /** Once the sockets are open. */
  start(): void {
    const { config, table } = this.o;
    this.edge.start();
    if (config.bus) this.#bus = hearStates(this.ports.bus, table);
    for (const each of config.subscribe) for (const one of each.packages) this.#watch(each, kinds[one]);
  }

  async close(): Promise<void> {
    this.#unwatch();
    this.#bus?.unsubscribe();
    for (const watch of this.#watches) watch.close();
    await this.#unsubscribed();
    await this.edge.close();
    this.o.table.close();
  }

  /** Notifiers are given the time to say goodbye, or they would call one who is gone. */
  async #unsubscribed(): Promise<void> {
    const { clock } = this.ports;
    const until = clock.now() + this.o.config.farewell;
    while (clock.now() < until && this.#watches.some((watch) => !watch.over)) {
      await new Promise<void>((resolve) => clock.after(20, resolve));
    }
  }

  #watch({ uri, name, domain }: EsrpStatesConfig['subscribe'][number], kind: StateKind): void {
    const { config, table, hosts } = this.o;
    const { clock, logger }: { clock: Clock; logger: Logger } = this.ports;
    const { transport } = this.ports.edge.transactions;
    const [hop] = hosts.get(parseUri(uri)?.host ?? '') ?? [];
    const over = hop?.transport ?? namedTransport(uri) ?? 'tcp';
    const watch = new StateWatch({
      kind,
      uri,
      from: `sip:${config.element}`,
      contact: contact(transport.sentBy(over), over),
      named: { name, ...(domain !== undefined && { domain }) },
      subscriber: this.edge.subscriber,
      table,
      clock,
      logger,
      random: this.o.random ?? Math.random,
      onEvent: (what) => this.#events.inc({ package: kind, what }),
      times: {
        heartbeat: config.heartbeat,
        silence: config.silence,
        expires: config.duration,
        firstPause: config.firstPause,
        longestPause: config.longestPause,
        refusedPause: config.refusedPause,
      },
    });
    this.#watches.push(watch);
    watch.start();
  }

  #service(): StateSource<ServiceState> {
    return derived(this.edge.health.source, (state) => serviceOf(state));
  }

  *#announced() {
    const state = this.#service().current();
    if (state) yield { kind: 'service', state } as const;
    for (const queue of this.#queues.list()) yield { kind: 'queue', state: queue } as const;
  }
}

/** The one service of a router is as the router is. */
function serviceOf({ elementId, state, reason }: ElementState): ServiceState {
  return {
    service: { name: 'ESRP', domain: elementId },
    serviceState: {
      state:
        state === 'ServiceDisruption'
          ? 'Partial'
          : state === 'ScheduledMaintenance'
            ? 'ScheduledMaintenanceAvailable'
            : state,
      ...(reason !== undefined && { reason }),
    },
  };
}

/** Undefined hops of a Route are nobody we are. */
function routesOf(request: SipMessage): string[] {
  return request.values('Route').map((value) => parseNameAddr(value)?.uri ?? '');
}

function namedTransport(uri: string): TransportName | undefined {
  const parsed = parseUri(uri);
  if (parsed?.scheme === 'sips') return 'tls';
  const named = parsed?.params.get('transport')?.toLowerCase();
  return named === 'udp' || named === 'tcp' || named === 'tls' ? named : undefined;
}

/** RFC 3261 8.1.1.8, 26.2.2 */
function contact(sentBy: string, over: TransportName): string {
  const scheme = isSecure(over) ? 'sips' : 'sip';
  return `<${scheme}:${sentBy}${over === 'udp' ? '' : ';transport=tcp'}>`;
}

/** Hosts of the table by their next hops, all others as RFC 3263 has it. */
function hostTable(hosts: ReadonlyMap<string, readonly NextHop[]>, others: RequestLocator): RequestLocator {
  return {
    async locate(uri) {
      const host = typeof uri === 'string' ? parseUri(uri)?.host : uri.host;
      const hops = hosts.get(host ?? '');
      if (!hops || hops.length === 0) return others.locate(uri);
      const found: Destination[] = [];
      for (const hop of hops) {
        if ('address' in hop) found.push(hop);
        else found.push(...(await others.locate(hop.uri)));
      }
      return found;
    },
  };
}
