import type { Clock, Logger, Timer } from '@esinet/kernel';
import { type Bus, type Subscription, isSipUri } from '@esinet/platform';
import type { Queues } from './queues.js';
import { uriKey } from './uri-key.js';

/** Registrations that changed, and at intervals all of them. */
const toldSubject = 'queues.registered';
/** Whoever begins asks for all of them. */
const askSubject = 'queues.current';

/** Registrations in one message: some 20 kB. */
const perMessage = 100;
/** How long the end of a registration is remembered: what was told before it may still be on its way. */
const endRememberedMs = 60_000;

/** Versions follow the time of day: one that is further ahead than any clock would shut out all that come after it. */
const aheadMs = 86_400_000;

/** A registration as routers tell it each other. */
export interface ToldRegistration {
  readonly queueUri: string;
  readonly dequeuerUri: string;
  /** 1 to 5. */
  readonly preference: number;
  /** Milliseconds from when it is told; 0 where it has ended. */
  readonly forMs: number;
  /** Grows with each change of this registration, whichever router takes it. */
  readonly version: number;
}

export interface SharedRegistrationsPorts {
  readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two times that all are told. */
  readonly everyMs: number;
  /** Whether this element has a way of its own to that domain. */
  readonly isReachable: (domain: string) => boolean;
}

interface Version {
  readonly version: number;
  /** When it ended, monotonic. */
  readonly endedAt?: number;
}

/**
 * Makes a registration at one router one at all routers of the element: each tells the others of a change at once and of
 * all it knows now and then, so that a message lost or a router begun late is made good. The later change counts.
 */
export class SharedRegistrations {
  readonly #versions = new Map<string, Version>();
  readonly #subscriptions: Subscription[] = [];
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    private readonly queues: Queues,
    private readonly ports: SharedRegistrationsPorts,
  ) {}

  start(): void {
    const { bus } = this.ports;
    this.#subscriptions.push(
      bus.subscribe(toldSubject, (payload) => this.#heard(payload)),
      bus.subscribe(askSubject, () => this.#tell(this.#all())),
    );
    bus.publish(askSubject, {});
    this.#round();
  }

  /** A dequeuer has registered here, or has ended its registration. */
  changed(queueUri: string, dequeuerUri: string, ended: boolean): void {
    const { clock } = this.ports;
    const key = keyOf(queueUri, dequeuerUri);
    const version = Math.max(clock.wall(), (this.#versions.get(key)?.version ?? 0) + 1);
    this.#versions.set(key, { version, ...(ended && { endedAt: clock.now() }) });
    const registered = this.#all().filter((each) => keyOf(each.queueUri, each.dequeuerUri) === key);
    const end = { queueUri, dequeuerUri, preference: 1, forMs: 0, version };
    this.#tell(ended ? [end] : registered);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #round(): void {
    if (this.#closed) return;
    const now = this.ports.clock.now();
    for (const [key, { endedAt }] of this.#versions) {
      if (endedAt !== undefined && now - endedAt > endRememberedMs) this.#versions.delete(key);
    }
    this.#tell(this.#all());
    this.#timer = this.ports.clock.after(this.ports.everyMs, () => this.#round());
  }

  #all(): ToldRegistration[] {
    const now = this.ports.clock.now();
    return [...this.queues.all].flatMap(({ uri: queueUri, dequeuers }) =>
      (dequeuers?.inOrder() ?? []).map(({ dequeuerUri, preference, until }) => ({
        ...{ queueUri, dequeuerUri, preference },
        forMs: Math.max(1, Math.round(until - now)),
        version: this.#versions.get(keyOf(queueUri, dequeuerUri))?.version ?? 0,
      })),
    );
  }

  #tell(registrations: readonly ToldRegistration[]): void {
    for (let at = 0; at < registrations.length; at += perMessage) {
      this.ports.bus.publish(toldSubject, { registrations: registrations.slice(at, at + perMessage) });
    }
  }

  #heard(payload: unknown): void {
    if (this.#closed) return;
    let any = false;
    for (const each of readTold(payload)) any = this.#take(each) || any;
    if (any) this.queues.reconsider();
  }

  /** Whether it was news. */
  #take({ queueUri, dequeuerUri, preference, forMs, version }: ToldRegistration): boolean {
    const queue = this.queues.named(queueUri);
    if (!queue?.dequeuers) return false;
    const { dequeuers } = queue;
    const key = keyOf(queue.uri, dequeuerUri);
    const { clock, logger } = this.ports;
    if (version <= (this.#versions.get(key)?.version ?? 0)) return false;
    if (version > clock.wall() + aheadMs) return false;
    if (forMs === 0) {
      this.#versions.set(key, { version, endedAt: clock.now() });
      dequeuers.remove(dequeuerUri);
    } else {
      const [domain = ''] = uriKey(dequeuerUri).hop.split(':');
      if (!this.ports.isReachable(domain)) return false;
      const until = clock.now() + Math.min(forMs, dequeuers.config.longest);
      if (!dequeuers.register({ dequeuerUri, preference, until })) return false;
      this.#versions.set(key, { version });
    }
    logger.info(forMs === 0 ? 'dequeuer deregistered elsewhere' : 'dequeuer registered elsewhere', {
      queue: queue.uri,
    });
    queue.registered();
    return true;
  }
}

function keyOf(queueUri: string, dequeuerUri: string): string {
  return `${uriKey(queueUri).uri}\n${dequeuerUri}`;
}

/** What can be read of it: a router of another version, or a stranger on the bus, breaks nothing. */
export function readTold(payload: unknown): readonly ToldRegistration[] {
  const list = (payload as { registrations?: unknown } | null | undefined)?.registrations;
  return Array.isArray(list) ? list.slice(0, perMessage).filter(isTold) : [];
}

function isTold(value: unknown): value is ToldRegistration {
  if (typeof value !== 'object' || value === null) return false;
  const { queueUri, dequeuerUri, preference, forMs, version } = value as Record<string, unknown>;
  const isWhole = (of: unknown, least: number, most: number): boolean =>
    typeof of === 'number' && Number.isSafeInteger(of) && of >= least && of <= most;
  return (
    typeof queueUri === 'string' &&
    isSipUri(queueUri) &&
    typeof dequeuerUri === 'string' &&
    dequeuerUri.length <= 2_048 &&
    isSipUri(dequeuerUri) &&
    isWhole(preference, 1, 5) &&
    isWhole(forMs, 0, 31_536_000_000) &&
    isWhole(version, 1, Number.MAX_SAFE_INTEGER)
  );
}
