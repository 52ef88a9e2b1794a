import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import { type Bus, type NextHop, type Store, type Subscription, nextHopSchema } from '@esinet/platform';
import { z } from 'zod';

/** Header field by which one border tells another that it has passed a message on; taken off there, and at the public side. */
export const relayedBy = 'Esinet-Relayed-By';

/** What each border says of itself to the others, beside the store. */
const subject = 'bcf.instances';
const presenceSchema = z.object({ instance: z.string().min(1).max(63), address: z.string().max(300) });

/** Siblings that a message to a chat nobody knows here is offered to. */
const mostAsked = 4;

/** What is known of a sibling is asked for again after this part of the time it announces itself for. */
const renewals = 3;

/** Siblings remembered. */
const mostKnown = 1_000;

interface Known {
  /** Its private side; undefined where it is gone. */
  readonly hop: NextHop | undefined;
  /** Monotonic ms. */
  readonly asked: number;
}

/**
 * The other borders of this ESInet that are alive, and where their private side is. Each says so in the store, for a while
 * and again and again, and on the bus. With the store away what was known last still counts: a border that is gone refuses
 * the connection, and the next way is tried.
 */
export class Siblings {
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<void>>();
  #timer: Timer | undefined;
  #closed = false;
  readonly #subscription: Subscription;

  constructor(
    private readonly o: {
      readonly instance: string;
      readonly store: Store;
      readonly bus: Bus;
      readonly clock: Clock;
      readonly logger: Logger;
      /** Next hops that are configured, by instance: they count before what a sibling says of itself. */
      readonly configured: Readonly<Record<string, NextHop>>;
      readonly presenceMs: number;
      /** How long a message waits to hear of a sibling. */
      readonly timeoutMs: number;
    },
  ) {
    this.#subscription = o.bus.subscribe(subject, (payload) => {
      const told = presenceSchema.safeParse(payload);
      if (told.success && told.data.instance !== o.instance)
        this.#learnt(told.data.instance, told.data.address);
    });
  }

  /** Says from now on that this border is alive. `address` is its private side as a next hop; empty if nobody could use it. */
  announce(address: string): void {
    const tell = (): void => {
      if (this.#closed) return;
      const { store, bus, instance, presenceMs, clock, logger } = this.o;
      bus.publish(subject, { instance, address });
      this.#timer = clock.after(presenceMs / renewals, tell);
      store.set(keyOf(instance), address, { ttlMs: presenceMs }).catch((error: unknown) => {
        logger.debug('bcf-presence-not-told', { reason: messageOf(error) });
      });
    };
    tell();
  }

  /** Takes it back: the others need not wait for the time to pass. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#subscription.unsubscribe();
    this.o.bus.publish(subject, { instance: this.o.instance, address: '' });
    this.o.store.delete(keyOf(this.o.instance)).catch(() => undefined);
  }

  /** Whether something may still be reached through it: unless it is known to be gone. */
  isAlive(instance: string): boolean {
    const known = this.#known.get(instance);
    if (!known) void this.learn([instance]);
    return !known || known.hop !== undefined;
  }

  /** Its private side, as far as it was learnt. */
  hop(instance: string): NextHop | undefined {
    return this.#known.get(instance)?.hop;
  }

  /** Those that were lately heard of, the latest first. */
  alive(): readonly NextHop[] {
    const configured = Object.entries(this.o.configured).flatMap(([instance, hop]) =>
      instance === this.o.instance || this.#known.has(instance) ? [] : [hop],
    );
    const lately = this.o.clock.now() - 2 * this.o.presenceMs;
    const known = [...this.#known.values()]
      .filter(({ asked }) => asked > lately)
      .sort((a, b) => b.asked - a.asked);
    return [...known.flatMap(({ hop }) => hop ?? []), ...configured].slice(0, mostAsked);
  }

  /** Resolves when it is known of these whether they are alive, or cannot be; undefined where it is known already. Never rejects. */
  learn(instances: readonly (string | undefined)[]): Promise<unknown> | undefined {
    const { clock, presenceMs, instance } = this.o;
    const stale = clock.now() - presenceMs / renewals;
    const asked = instances.flatMap((each) => {
      if (each === undefined || each === instance) return [];
      const known = this.#known.get(each);
      if (known && known.asked > stale) return [];
      const asking = this.#asking.get(each) ?? this.#ask(each);
      // What is known serves until there is better.
      return known ? [] : [asking];
    });
    return asked.length === 0 ? undefined : Promise.all(asked);
  }

  /** `address` undefined: it is gone. */
  #learnt(instance: string, address: string | undefined): void {
    const { clock, configured } = this.o;
    const hop = address === undefined ? undefined : (configured[instance] ?? hopOf(address));
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(instance, { hop, asked: clock.now() });
  }

  #ask(instance: string): Promise<void> {
    const { store, clock, configured, timeoutMs } = this.o;
    const answered = (text: string | undefined): void => this.#learnt(instance, text);
    const failed = (): void => {
      const hop = this.#known.get(instance)?.hop ?? configured[instance];
      if (hop) this.#known.set(instance, { hop, asked: clock.now() });
    };
    const asking = new Promise<void>((resolve) => {
      const timer = clock.after(timeoutMs, resolve);
      store
        .get(keyOf(instance))
        .then(answered, failed)
        .finally(() => {
          timer.cancel();
          this.#asking.delete(instance);
          resolve();
        });
    });
    this.#asking.set(instance, asking);
    return asking;
  }
}

/** What is in the store is somebody's word: only what can be a next hop is one. */
function hopOf(text: string): NextHop | undefined {
  const read = nextHopSchema.safeParse(text);
  return read.success ? read.data : undefined;
}

function keyOf(instance: string): string {
  return `bcf:instance:${instance}`;
}
