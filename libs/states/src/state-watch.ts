import type { Clock, Logger, Timer } from '@esinet/kernel';
import {
  type Destination,
  type EventSubscriber,
  type EventSubscription,
  type SipMessage,
  type SubscriptionEnd,
  parseUri,
} from '@esinet/sip';
import { type StateKind, type StateOf, statePackages } from './state-packages.js';
import { type AskedName, type StateFlaw, readStateBody } from './read-state.js';
import type { StateTable } from './state-table.js';
import type { ElementState, QueueState, ServiceState } from './state.js';

/** Times of a watch, milliseconds. */
export interface StateWatchTimes {
  /** How often an unchanged state is to be told: asked for as min-rate, RFC 6446 6. */
  readonly heartbeat: number;
  /** Without a word for so long the state is Unreachable. At half of it the subscription is refreshed. */
  readonly silence: number;
  /** Duration asked for. */
  readonly expires: number;
  /** Pause before the second attempt, doubled with each further one up to the longest. Each watch has its own share of jitter. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** Whoever has said that there is no such state is asked again after that. */
  readonly refusedPause: number;
}

export const defaultStateWatchTimes: StateWatchTimes = {
  heartbeat: 5_000,
  silence: 12_000,
  expires: 600_000,
  firstPause: 1_000,
  longestPause: 10_000,
  refusedPause: 300_000,
};

export interface StateWatchOptions<K extends StateKind> {
  readonly kind: K;
  /** What is subscribed to; of a queue also its name. */
  readonly uri: string;
  /** name-addr or URI of ours. */
  readonly from: string;
  /** Where NOTIFYs reach us: a name-addr. */
  readonly contact: string;
  readonly destination?: Destination;
  /** What it is called until it says so itself: a service's name (default `PSAP`), domain or element (default the host). */
  readonly named?: Pick<AskedName, 'name' | 'domain' | 'elementId'>;
  readonly subscriber: Pick<EventSubscriber, 'subscribe'>;
  readonly table: Pick<StateTable, 'heard' | 'lost' | 'forget'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly times?: Partial<StateWatchTimes>;
  readonly onEvent?: (what: 'heard' | 'unreadable' | 'lost' | 'refused' | 'unreachable') => void;
}

/**
 * Keeps the state of one element, service or queue in the table by a subscription of its own (RFC 6665 4.1), and says
 * `Unreachable` of it once nothing is heard for too long. Whoever answers that there is no such state is not unreachable:
 * of that one nothing is known.
 */
export class StateWatch<K extends StateKind> {
  readonly #times: StateWatchTimes;
  readonly #asked: AskedName;
  #about: StateOf[K];
  #subscription: EventSubscription | undefined;
  #silence: Timer | undefined;
  #probe: Timer | undefined;
  #again: Timer | undefined;
  #refused = false;
  #reachable = true;
  #closed = false;

  constructor(private readonly o: StateWatchOptions<K>) {
    this.#times = { ...defaultStateWatchTimes, ...o.times };
    this.#asked = askedName(o);
    this.#about = placeholder(o.kind, this.#asked);
  }

  start(): void {
    this.#expect();
    this.#subscribe();
  }

  /** Unsubscribes; what is known stays known. */
  close(): void {
    this.#closed = true;
    for (const timer of [this.#silence, this.#probe, this.#again]) timer?.cancel();
    this.#subscription?.unsubscribe();
  }

  /** Whether nothing of it is left at the notifier. */
  get over(): boolean {
    const state = this.#subscription?.state;
    return state === undefined || state === 'terminated' || state === 'retry-wait';
  }

  #subscribe(): void {
    const { kind, uri, from, contact, destination, subscriber } = this.o;
    const { heartbeat, expires, firstPause, longestPause } = this.#times;
    const { event, mediaType } = statePackages[kind];
    // Those who lost the same peer in the same moment do not all come back in the same moment.
    const share = 0.5 + this.o.random();
    this.#subscription = subscriber.subscribe({
      uri,
      from,
      contact,
      event: `${event};min-rate=${rate(heartbeat)}`,
      accept: [mediaType],
      expires: Math.round(expires / 1_000),
      firstPause: Math.round(firstPause * share),
      longestPause: Math.round(longestPause * Math.min(1, share)),
      ...(destination && { destination }),
      onNotify: (notify) => this.#notified(notify),
      onLost: (end) => this.#failed(end),
      onEnd: (end) => this.#over(end),
    });
  }

  #notified(notify: SipMessage): void {
    if (this.#closed) return;
    const { kind, table, onEvent, logger } = this.o;
    this.#refused = false;
    this.#expect();
    if (notify.body.length === 0) return;
    const read = readStateBody(kind, notify.body, this.#asked);
    if (!read.ok) {
      onEvent?.('unreadable');
      logger.warn('state-unreadable', {
        package: statePackages[kind].event,
        flaw: read.error satisfies StateFlaw,
      });
      return;
    }
    const state = this.#named(read.value);
    this.#about = state;
    if (!this.#reachable)
      logger.info('state-heard-again', { package: statePackages[kind].event, of: this.o.uri });
    this.#reachable = true;
    onEvent?.('heard');
    table.heard(kind, state, 'sip');
  }

  /** A queue is known by the URI that was asked for: that is what calls are routed to. */
  #named(state: StateOf[K]): StateOf[K] {
    return this.o.kind === 'queue' ? { ...state, queueUri: this.o.uri } : state;
  }

  #failed(end: SubscriptionEnd): void {
    this.#refused = isRefusal(end);
    this.o.onEvent?.(this.#refused ? 'refused' : 'lost');
  }

  #over(end: SubscriptionEnd): void {
    if (this.#closed) return;
    this.#failed(end);
    this.#subscription = undefined;
    const { refusedPause } = this.#times;
    this.#again = this.o.clock.after(refusedPause * (0.5 + this.o.random()), () => this.#subscribe());
  }

  /** From now on the time runs in which the next word has to come. */
  #expect(): void {
    const { clock } = this.o;
    const { silence } = this.#times;
    this.#silence?.cancel();
    this.#silence = clock.after(silence, () => this.#silent());
    this.#probeIn(silence / 2);
  }

  /** A notifier that knows no min-rate says the state when it is asked; one that has started afresh says 481. */
  #probeIn(ms: number): void {
    this.#probe?.cancel();
    this.#probe = this.o.clock.after(ms, () => {
      this.#subscription?.refresh();
      this.#probeIn(ms);
    });
  }

  #silent(): void {
    const { kind, uri, table, onEvent, logger } = this.o;
    if (this.#refused) {
      table.forget(kind, this.#about);
      return;
    }
    if (this.#reachable) logger.warn('state-unreachable', { package: statePackages[kind].event, of: uri });
    this.#reachable = false;
    onEvent?.('unreachable');
    table.lost(kind, this.#about);
  }
}

/** Answers that say nothing of the peer itself: it, or what stands before it, is away; or has forgotten us. */
const notRefused: ReadonlySet<number> = new Set([408, 481, 502, 503, 504]);

/** The peer lives and will not tell: no such event, no such resource, not to us, no room. */
function isRefusal(end: SubscriptionEnd): boolean {
  if (end.why === 'terminated') return end.reason === 'noresource' || end.reason === 'rejected';
  return end.why === 'refused' && !notRefused.has(end.status);
}

/** RFC 6446 9.2 */
function rate(heartbeatMs: number): string {
  return Math.min(99, 1_000 / heartbeatMs)
    .toFixed(6)
    .replace(/\.?0+$/, '');
}

function askedName({ uri, named }: Pick<StateWatchOptions<StateKind>, 'uri' | 'named'>): AskedName {
  const host = parseUri(uri)?.host ?? '';
  return { elementId: host, name: 'PSAP', domain: host, queueUri: uri, ...named };
}

function placeholder<K extends StateKind>(kind: K, asked: AskedName): StateOf[K] {
  const { elementId = '', name = '', domain = '', queueUri = '' } = asked;
  const all: StateOf = {
    element: { elementId, state: 'Unreachable' } satisfies ElementState,
    service: { service: { name, domain }, serviceState: { state: 'Unreachable' } } satisfies ServiceState,
    queue: { queueUri, queueLength: 0, queueMaxLength: 0, state: 'Unreachable' } satisfies QueueState,
  };
  return all[kind];
}
