import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import { type Bus, BusError, type Subscription, subjectToken } from '@esinet/platform';
import { z } from 'zod';

/** What one process asks another that has the call. */
export type Asked = 'take' | 'order' | 'negotiate' | 'execute';

/** What the asked one says: its answer, or that the call is not its own. */
export type Said = { readonly answer: unknown } | { readonly moved: true };

/** `unheard`: nobody was there to hear it, so that nothing was done. */
export type Heard = Said | { readonly silent: true; readonly unheard: boolean };

const saidSchema = z.union([z.object({ moved: z.literal(true) }), z.object({ answer: z.unknown() })]);
const keysSchema = z.object({ by: z.string(), keys: z.array(z.string()) });
const whoSchema = z.object({ by: z.string(), key: z.string() });
const hereSchema = z.object({ by: z.string(), key: z.string() });
const aliveSchema = z.object({ instance: z.string() });

export interface PodLineOptions {
  readonly instance: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds for others to say that a call is theirs. */
  readonly askMs: number;
  readonly onAsked: (what: Asked, payload: unknown) => Promise<Said>;
  readonly has: (key: string) => boolean;
  readonly onAlive: (instance: string) => void;
  readonly onTaken: (by: string, keys: readonly string[]) => void;
  readonly onReleased: (by: string, keys: readonly string[]) => void;
}

const unheardOf: ReadonlySet<string> = new Set(['no-responders', 'payload', 'subject', 'closed']);

/** Keys in one message of the bus. */
const portion = 1_000;

/** How the processes of a PSAP talk to each other. What others say is checked; nothing here throws but a mistake of ours. */
export class PodLine {
  readonly #subscriptions: Subscription[] = [];
  readonly #waiting = new Map<string, Set<(instance: string) => void>>();

  constructor(private readonly o: PodLineOptions) {}

  start(): void {
    const { bus, instance } = this.o;
    for (const what of ['take', 'order', 'negotiate', 'execute'] as const) {
      this.#subscriptions.push(
        bus.reply(subject(instance, what), (payload) => this.o.onAsked(what, payload)),
      );
    }
    this.#on(subject(instance, 'here'), hereSchema, ({ by, key }) => {
      for (const found of this.#waiting.get(key) ?? []) found(by);
    });
    this.#on('psap.who', whoSchema, ({ by, key }) => {
      if (by !== instance && this.o.has(key)) this.#publish(subject(by, 'here'), { by: instance, key });
    });
    this.#on('psap.alive', aliveSchema, (alive) => this.o.onAlive(alive.instance));
    this.#on('psap.taken', keysSchema, ({ by, keys }) => {
      if (by !== instance) this.o.onTaken(by, keys);
    });
    this.#on('psap.released', keysSchema, ({ by, keys }) => {
      if (by !== instance) this.o.onReleased(by, keys);
    });
  }

  stop(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
  }

  /** Silence where nobody listens, it takes too long, or it failed there. */
  async ask(instance: string, what: Asked, payload: object, timeoutMs: number): Promise<Heard> {
    try {
      const said = await this.o.bus.request(subject(instance, what), payload, { timeoutMs });
      const read = saidSchema.safeParse(said);
      if (!read.success) return { silent: true, unheard: false };
      return 'moved' in read.data ? { moved: true } : { answer: read.data.answer };
    } catch (error) {
      const reason = error instanceof BusError ? error.code : messageOf(error);
      this.o.logger.warn('another process did not answer', { instance, what, reason });
      return { silent: true, unheard: unheardOf.has(reason) };
    }
  }

  /** The process that says first that a call is its own. */
  who(key: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      const done = (instance?: string): void => {
        timer.cancel();
        waiting.delete(done);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        resolve(instance);
      };
      const timer: Timer = this.o.clock.after(this.o.askMs, () => done());
      waiting.add(done);
      this.#publish('psap.who', { by: this.o.instance, key });
    });
  }

  alive(): void {
    this.#publish('psap.alive', { instance: this.o.instance });
  }

  taken(keys: readonly string[]): void {
    this.#keys('psap.taken', keys);
  }

  released(keys: readonly string[]): void {
    this.#keys('psap.released', keys);
  }

  #keys(on: string, keys: readonly string[]): void {
    for (let i = 0; i < keys.length; i += portion) {
      this.#publish(on, { by: this.o.instance, keys: keys.slice(i, i + portion) });
    }
  }

  #publish(on: string, payload: object): void {
    try {
      this.o.bus.publish(on, payload);
    } catch (error) {
      this.o.logger.error('not said on the bus', { subject: on, reason: messageOf(error) });
    }
  }

  #on<T>(pattern: string, schema: z.ZodType<T>, take: (value: T) => void): void {
    const heard = this.o.bus.subscribe(pattern, (payload) => {
      const read = schema.safeParse(payload);
      if (read.success) take(read.data);
    });
    this.#subscriptions.push(heard);
  }
}

function subject(instance: string, what: string): string {
  return `psap.owner.${subjectToken(instance)}.${what}`;
}
