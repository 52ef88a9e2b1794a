import type { Clock, Timer } from '@esinet/kernel';
import { parseUri } from '@esinet/sip';
import type { ElementState, KnownStates, QueueState, ServiceState } from './state.js';
import { type StateKind, type StateOf, stateKinds, unreachable, wordOf } from './state-packages.js';

/** How a state came to be known. */
export type StateOrigin = 'sip' | 'bus';

/** One line of the table, for people. */
export interface KnownState<K extends StateKind = StateKind> {
  readonly kind: K;
  readonly state: StateOf[K];
  readonly origin: StateOrigin;
  /** Wall clock, milliseconds: when its owner was last heard; undefined: never. */
  readonly heardAt?: number;
}

export interface StateTableOptions {
  readonly clock: Clock;
  /** Milliseconds after which what only the bus told is not believed any more. Default 150 s: two and a half rounds. */
  readonly busSilenceMs?: number;
  /** States of one kind that the bus may bring; beyond it new ones are left out. Default 10,000. */
  readonly maxFromBus?: number;
}

interface Told<T> {
  readonly state: T;
  readonly heardAt: number | undefined;
  readonly lost: boolean;
}

class Entry<K extends StateKind> {
  sip: Told<StateOf[K]> | undefined;
  bus: Told<StateOf[K]> | undefined;
  timer: Timer | undefined;

  constructor(
    readonly kind: K,
    readonly key: string,
  ) {}

  /** SIP speaks where there is a subscription: it is the way that calls take. The bus fills the gaps. */
  get told(): (Told<StateOf[K]> & { readonly origin: StateOrigin }) | undefined {
    if (this.sip) return { ...this.sip, origin: 'sip' };
    return this.bus && { ...this.bus, origin: 'bus' };
  }

  get state(): StateOf[K] | undefined {
    const { told } = this;
    if (!told) return undefined;
    return told.lost ? unreachable(this.kind, told.state) : told.state;
  }
}

/** Services whose queues take nothing. */
const closed: ReadonlySet<string> = new Set(['Down', 'ScheduledMaintenanceDown']);

/** The states of others as they were last heard. Reading is synchronous and never fails. */
export class StateTable implements KnownStates {
  readonly #entries: { readonly [K in StateKind]: Map<string, Entry<K>> } = {
    element: new Map(),
    service: new Map(),
    queue: new Map(),
  };
  /** Services by their domain. */
  readonly #byDomain = new Map<string, Set<Entry<'service'>>>();
  readonly #listeners = new Set<(kind: StateKind, state: StateOf[StateKind]) => void>();
  readonly #clock: Clock;
  readonly #busSilenceMs: number;
  readonly #maxFromBus: number;

  constructor(o: StateTableOptions) {
    this.#clock = o.clock;
    this.#busSilenceMs = o.busSilenceMs ?? 150_000;
    this.#maxFromBus = o.maxFromBus ?? 10_000;
  }

  element(elementId: string): ElementState | undefined {
    return this.#entries.element.get(elementId.toLowerCase())?.state;
  }

  service(name: string, domain: string): ServiceState | undefined {
    const entries = this.#entries.service;
    const whole = entries.get(serviceKey({ name, domain }));
    if (whole) return whole.state;
    const byId = entries.get(idKey(name)) ?? entries.get(idKey(domain));
    if (byId) return byId.state;
    // One that always gives its id with its name.
    const lower = name.toLowerCase();
    for (const entry of this.#byDomain.get(domain.toLowerCase()) ?? []) {
      if (entry.told?.state.service.name.toLowerCase() === lower) return entry.state;
    }
    return undefined;
  }

  queue(queueUri: string): QueueState | undefined {
    const key = queueKey(queueUri);
    const state = this.#entries.queue.get(key)?.state;
    if (state?.state === 'Unreachable' || !this.#isClosed(key)) return state;
    return { ...(state ?? { queueUri, queueLength: 0, queueMaxLength: 0 }), state: 'Inactive' };
  }

  /** Every state there is, elements first; in the order of their names. */
  list(): KnownState[] {
    return stateKinds.flatMap((kind) =>
      [...this.#entries[kind].values()]
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .flatMap((entry): KnownState[] => {
          const { told } = entry;
          const state =
            kind === 'queue' && told ? this.queue((told.state as QueueState).queueUri) : entry.state;
          if (!told || !state) return [];
          const { origin, heardAt } = told;
          return [{ kind, state, origin, ...(heardAt !== undefined && { heardAt }) }];
        }),
    );
  }

  /** Called after a state has become another one; of queues also when that of their service has. */
  onChange(listener: (kind: StateKind, state: StateOf[StateKind]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Its owner has said how it is. False: left out, the table has as many as it may. */
  heard<K extends StateKind>(kind: K, state: StateOf[K], origin: StateOrigin): boolean {
    const key = stateKey(kind, state);
    const entries = this.#entries[kind];
    if (origin === 'bus' && !entries.has(key) && entries.size >= this.#maxFromBus) return false;
    this.#change(kind, key, (entry) => {
      entry[origin] = { state, heardAt: this.#clock.wall(), lost: false };
      if (origin === 'bus') this.#expectAgain(entry);
    });
    return true;
  }

  /** Nothing is heard of it any more. `about` names it, should it never have been heard. */
  lost<K extends StateKind>(kind: K, about: StateOf[K]): void {
    this.#change(kind, stateKey(kind, about), (entry) => {
      const { state, heardAt } = entry.sip ?? { state: about, heardAt: undefined };
      entry.sip = { state, heardAt, lost: true };
    });
  }

  /** Whoever was asked has no such thing: what the bus says counts again, if it says anything. */
  forget<K extends StateKind>(kind: K, about: StateOf[K]): void {
    const key = stateKey(kind, about);
    if (this.#entries[kind].has(key)) this.#change(kind, key, (entry) => void (entry.sip = undefined));
  }

  close(): void {
    for (const kind of stateKinds) for (const entry of this.#entries[kind].values()) entry.timer?.cancel();
    this.#listeners.clear();
  }

  #change<K extends StateKind>(kind: K, key: string, change: (entry: Entry<K>) => void): void {
    const entries = this.#entries[kind] as unknown as Map<string, Entry<K>>;
    const entry = entries.get(key) ?? new Entry(kind, key);
    const before = wordsOf(entry.state);
    const closedBefore = kind === 'service' && isClosed(entry);
    change(entry);
    if (entry.told) entries.set(key, entry);
    else entries.delete(key);
    if (kind === 'service') this.#indexDomain(entry as unknown as Entry<'service'>);
    const { state } = entry;
    if (state && wordsOf(state) !== before) this.#tell(kind, state);
    if (kind === 'service' && isClosed(entry) !== closedBefore) this.#tellQueuesOf(entry);
  }

  #indexDomain(entry: Entry<'service'>): void {
    const domain = entry.told?.state.service.domain.toLowerCase();
    for (const [each, entries] of this.#byDomain) {
      if (each !== domain && entries.delete(entry) && entries.size === 0) this.#byDomain.delete(each);
    }
    if (domain === undefined) return;
    const entries = this.#byDomain.get(domain);
    if (entries) entries.add(entry);
    else this.#byDomain.set(domain, new Set([entry]));
  }

  #expectAgain<K extends StateKind>(entry: Entry<K>): void {
    entry.timer?.cancel();
    entry.timer = this.#clock.after(this.#busSilenceMs, () =>
      this.#change(entry.kind, entry.key, (silent) => {
        if (silent.bus) silent.bus = { ...silent.bus, lost: true };
      }),
    );
  }

  /** Whether the service that a queue belongs to is down: that of its domain, or one that is named as the queue is. */
  #isClosed(key: string): boolean {
    for (const entry of this.#byDomain.get(hostOf(key)) ?? []) {
      if (isClosed(entry) && owns(entry, key)) return true;
    }
    return false;
  }

  #tellQueuesOf(entry: Entry<StateKind>): void {
    for (const queue of this.#entries.queue.values()) {
      const told = queue.told?.state;
      if (told && owns(entry as Entry<'service'>, queue.key)) {
        const state = this.queue(told.queueUri);
        if (state) this.#tell('queue', state);
      }
    }
  }

  #tell(kind: StateKind, state: StateOf[StateKind]): void {
    for (const listener of this.#listeners) listener(kind, state);
  }
}

function isClosed(entry: Entry<StateKind>): boolean {
  const { told } = entry;
  return told !== undefined && !told.lost && closed.has(wordOf(entry.kind, told.state));
}

function owns(entry: Entry<'service'>, queue: string): boolean {
  const service = entry.told?.state.service;
  if (!service) return false;
  if (service.serviceId !== undefined) return queueKey(service.serviceId) === queue;
  return service.domain.toLowerCase() === hostOf(queue);
}

function wordsOf(state: object | undefined): string {
  return JSON.stringify(state) ?? '';
}

function stateKey<K extends StateKind>(kind: K, state: StateOf[K]): string {
  switch (kind) {
    case 'element':
      return (state as ElementState).elementId.toLowerCase();
    case 'service':
      return serviceKey((state as ServiceState).service);
    default:
      return queueKey((state as QueueState).queueUri);
  }
}

function serviceKey({ name, serviceId, domain }: ServiceState['service']): string {
  return serviceId === undefined ? `${name}@${domain}`.toLowerCase() : idKey(serviceId);
}

function idKey(serviceId: string): string {
  return `=${queueKey(serviceId)}`;
}

/** RFC 3261 19.1.4: the user as it is, the host in lower case; parameters name no other queue. */
export function queueKey(uri: string): string {
  const parsed = parseUri(uri);
  if (!parsed?.host) return uri;
  const user = parsed.user === undefined ? '' : `${parsed.user}@`;
  return `sip:${user}${parsed.host.toLowerCase()}${parsed.port === undefined ? '' : `:${parsed.port}`}`;
}

function hostOf(key: string): string {
  return parseUri(key)?.host.toLowerCase() ?? '';
}
