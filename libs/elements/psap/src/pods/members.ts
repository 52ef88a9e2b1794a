import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import type { Store } from '@esinet/platform';
import type { PodsConfig } from './config.js';
import { within } from './within.js';

export interface MembersOptions {
  readonly instance: string;
  /** Of this run of the process: tells it from another one under the same name. */
  readonly run: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: PodsConfig;
  /** When it is time to say that this process lives. */
  readonly onBeat: () => void;
  /** A process died, or left without a word. */
  readonly onGone: (instance: string) => void;
  /** This process was asleep, or the store has forgotten: what is ours may be another's by now. */
  readonly onLapse: () => void;
}

const prefix = 'psap:instance:';

/** Every so many beats it is looked for processes that nobody told of: to look through all keys is dear in a large store. */
const lookEvery = 60;

interface Sign {
  /** Monotonic milliseconds. */
  lease: number;
  bus: number;
}

/**
 * The processes that are there. A life is known by its lease in the store and by its voice on the bus: one of them is
 * enough, and while neither store nor bus works nobody is said to be dead.
 */
export class Members {
  readonly #signs = new Map<string, Sign>();
  /** Until when those that did not answer count as dead. Monotonic milliseconds. */
  readonly #suspects = new Map<string, number>();
  #beats = 0;
  #timer: Timer | undefined;
  #beating = false;
  #beaten: number | undefined;
  #ownVoice = Number.NEGATIVE_INFINITY;
  #leased = false;
  #closed = false;

  constructor(private readonly o: MembersOptions) {}

  /** Resolves when those that are there are known, or cannot be. */
  async start(): Promise<void> {
    await this.#beat();
    this.#next();
  }

  /** Others than this process, sorted. */
  others(): string[] {
    return [...this.#signs.keys()].sort();
  }

  async isAlive(instance: string): Promise<boolean> {
    if ((this.#suspects.get(instance) ?? 0) > this.o.clock.now()) return false;
    if (this.#signs.has(instance)) return true;
    try {
      if ((await this.#store(this.o.store.get(prefix + instance))) === undefined) return false;
    } catch {
      return false;
    }
    if (!this.#closed) this.#sign(instance, 'lease');
    return true;
  }

  /** Somebody said on the bus that it lives. Whether it was heard for the first time. */
  heard(instance: string): boolean {
    if (this.#closed) return false;
    if (instance === this.o.instance) {
      this.#ownVoice = this.o.clock.now();
      return false;
    }
    this.#suspects.delete(instance);
    const fresh = !Number.isFinite(this.#signs.get(instance)?.bus);
    this.#sign(instance, 'bus');
    return fresh;
  }

  /** Whether it has said lately that it lives. */
  hears(instance: string): boolean {
    const { clock, config } = this.o;
    return clock.now() - (this.#signs.get(instance)?.bus ?? Number.NEGATIVE_INFINITY) <= config.beat * 2.5;
  }

  /** It did not answer: what it has may be taken until it is heard again, or for the time of a lease. */
  suspect(instance: string): void {
    this.#suspects.set(instance, this.o.clock.now() + this.o.config.lease);
  }

  /** @throws nothing: a lease that cannot be given back runs out */
  async leave(): Promise<void> {
    this.stop();
    const { store, instance, run } = this.o;
    await this.#store(store.compareAndSet(prefix + instance, run, undefined)).catch(() => false);
  }

  stop(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer = this.o.clock.after(this.o.config.beat, () => {
      this.#next();
      void this.#beat();
    });
  }

  async #beat(): Promise<void> {
    if (this.#beating || this.#closed) return;
    this.#beating = true;
    const { clock, config, store, instance, logger } = this.o;
    const now = clock.now();
    const slept = this.#beaten !== undefined && now - this.#beaten > config.lease;
    this.#beaten = now;
    this.o.onBeat();
    let stored = false;
    try {
      const lapsed = await this.#renew();
      const looked = this.#beats++ % lookEvery === 0 ? await this.#store(store.keys(prefix)) : [];
      for (const key of looked) {
        const name = key.slice(prefix.length);
        if (name !== instance && !this.#signs.has(name)) this.#sign(name, 'lease');
      }
      for (const name of this.others()) {
        if ((await this.#store(store.get(prefix + name))) !== undefined) this.#sign(name, 'lease');
      }
      stored = true;
      if (lapsed) this.o.onLapse();
    } catch (error) {
      logger.warn('processes not known by the store', { reason: messageOf(error) });
    }
    if (slept) this.o.onLapse();
    else this.#bury(stored);
    this.#beating = false;
  }

  /** Whether the lease had been lost. */
  async #renew(): Promise<boolean> {
    const { store, instance, run, config, logger } = this.o;
    const key = prefix + instance;
    const ttl = { ttlMs: config.lease };
    if (await this.#store(store.compareAndSet(key, run, run, ttl))) return false;
    const other = await this.#store(store.get(key));
    // After a quick restart it is our own former one.
    if (other !== undefined && this.#leased) logger.error('another process has this name', { instance });
    await this.#store(store.set(key, run, ttl));
    const lost = this.#leased;
    this.#leased = true;
    return lost;
  }

  #bury(stored: boolean): void {
    const { clock, config, onGone } = this.o;
    const now = clock.now();
    const hears = now - this.#ownVoice <= config.lease;
    for (const [instance, sign] of [...this.#signs]) {
      const silent = now - sign.bus > config.lease;
      const lapsed = now - sign.lease > config.beat * 1.5;
      const dead = stored ? lapsed && (silent || now - sign.bus > config.beat * 2.5) : hears && silent;
      if (!dead) continue;
      this.#signs.delete(instance);
      this.#suspects.delete(instance);
      onGone(instance);
    }
  }

  #sign(instance: string, by: keyof Sign): void {
    const never = Number.NEGATIVE_INFINITY;
    const sign = this.#signs.get(instance) ?? { lease: never, bus: never };
    sign[by] = this.o.clock.now();
    this.#signs.set(instance, sign);
  }

  #store<T>(asked: Promise<T>): Promise<T> {
    return within(this.o.clock, this.o.config.storeWait, asked);
  }
}
