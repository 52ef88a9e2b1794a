import { type Clock, type Logger, type Timer, messageOf, silentLogger, systemClock } from '@esinet/kernel';
import { type Bus, BusError, type RequestOptions, type SubscribeOptions, type Subscription } from './bus.js';
import { encodePayload } from './payload.js';
import { Reader } from './reader.js';
import { checkPattern, checkSubject, matches } from './subject.js';

export interface BusLimits {
  /** Messages one subscriber may have waiting; what comes on top is dropped and counted. */
  readonly maxPending: number;
  /** Requests one replier works on at a time; the others wait in its queue. */
  readonly maxConcurrentReplies: number;
  /** Bytes of JSON in one message: the default of a NATS server. */
  readonly maxPayloadBytes: number;
  /** How long a request waits when it does not say. */
  readonly requestTimeoutMs: number;
  /** Events that wait while the servers of the bus are away: how many, and how many bytes of them. */
  readonly maxBuffered: number;
  readonly maxBufferedBytes: number;
  /** The same of those that must not be lost. */
  readonly maxSpooled: number;
  readonly maxSpooledBytes: number;
}

export const defaultBusLimits: BusLimits = {
  maxPending: 10_000,
  maxConcurrentReplies: 256,
  maxPayloadBytes: 1_048_576,
  requestTimeoutMs: 2_000,
  maxBuffered: 10_000,
  maxBufferedBytes: 8_388_608,
  maxSpooled: 200_000,
  maxSpooledBytes: 67_108_864,
};

type Answer = { readonly text: string } | { readonly error: BusError };

interface Message {
  readonly subject: string;
  readonly text: string;
  readonly answer?: (answer: Answer) => void;
}

interface Subscriber {
  readonly pattern: string;
  readonly tokens: readonly string[];
  readonly queue: string | undefined;
  readonly reader: Reader<Message>;
}

/** Who a subject is for. */
interface Route {
  readonly each: readonly Subscriber[];
  /** Of each of these one member. */
  readonly queues: readonly (readonly [queue: string, members: readonly Subscriber[]])[];
}

/** Subjects whose readers are remembered. */
const maxRoutes = 1_000;

/** The bus of a single process. It keeps the manners of NATS, so that an element cannot tell the two apart. */
export class InProcessBus implements Bus {
  readonly #subscribers = new Set<Subscriber>();
  /** By subject; made anew after each change of subscribers. */
  readonly #routes = new Map<string, Route>();
  readonly #turns = new Map<string, number>();
  readonly #requests = new Set<(answer: Answer) => void>();
  readonly #limits: BusLimits;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #dropped = 0;
  #closed = false;

  constructor(o: { logger?: Logger; clock?: Clock; limits?: Partial<BusLimits> } = {}) {
    this.#limits = { ...defaultBusLimits, ...o.limits };
    this.#logger = o.logger ?? silentLogger;
    this.#clock = o.clock ?? systemClock;
  }

  /** Messages dropped so far, over all subscribers. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What nobody subscribes to is not even encoded: most events of a message have no reader. */
  publish(subject: string, payload: unknown): void {
    const route = this.#routeOf(subject);
    if (this.#closed || (route.each.length === 0 && route.queues.length === 0)) return;
    this.#dispatch({ subject, text: this.#encode(payload) }, route);
  }

  subscribe(
    pattern: string,
    handler: (payload: unknown, subject: string) => void | Promise<void>,
    options: SubscribeOptions = {},
  ): Subscription {
    return this.#add(pattern, options.queue, 1, async (message) => {
      try {
        await handler(JSON.parse(message.text), message.subject);
      } catch (error) {
        this.#logger.error('bus handler failed', { pattern, reason: messageOf(error) });
      }
    });
  }

  reply(
    pattern: string,
    handler: (payload: unknown, subject: string) => Promise<unknown>,
    options: SubscribeOptions = {},
  ): Subscription {
    return this.#add(pattern, options.queue, this.#limits.maxConcurrentReplies, async (message) => {
      let answer: Answer;
      try {
        answer = { text: this.#encode(await handler(JSON.parse(message.text), message.subject)) };
      } catch (error) {
        this.#logger.warn('bus request failed', { pattern, reason: messageOf(error) });
        answer = { error: new BusError('remote', messageOf(error)) };
      }
      message.answer?.(answer);
    });
  }

  async request(subject: string, payload: unknown, options: RequestOptions = {}): Promise<unknown> {
    const route = this.#routeOf(subject);
    const text = this.#encode(payload);
    if (this.#closed) throw new BusError('closed', 'the bus is closed');
    const timeoutMs = options.timeoutMs ?? this.#limits.requestTimeoutMs;
    const answer = await new Promise<Answer>((resolve) => {
      let timer: Timer | undefined = undefined;
      const settle = (value: Answer): void => {
        timer?.cancel();
        this.#requests.delete(settle);
        resolve(value);
      };
      this.#requests.add(settle);
      timer = this.#clock.after(timeoutMs, () =>
        settle({ error: new BusError('timeout', `no answer on ${subject} within ${timeoutMs} ms`) }),
      );
      if (this.#dispatch({ subject, text, answer: settle }, route) === 0) {
        settle({ error: new BusError('no-responders', `nobody answers on ${subject}`) });
      }
    });
    if ('error' in answer) throw answer.error;
    return JSON.parse(answer.text);
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const { reader } of this.#subscribers) reader.end();
    this.#subscribers.clear();
    this.#routes.clear();
    for (const settle of [...this.#requests]) settle({ error: new BusError('closed', 'the bus is closed') });
    return Promise.resolve();
  }

  #add(
    pattern: string,
    queue: string | undefined,
    concurrency: number,
    deliver: (message: Message) => Promise<void>,
  ): Subscription {
    checkPattern(pattern, queue);
    if (this.#closed) throw new BusError('closed', 'the bus is closed');
    const reader = new Reader({ maxPending: this.#limits.maxPending, concurrency }, deliver);
    const subscriber: Subscriber = { pattern, tokens: pattern.split('.'), queue, reader };
    this.#subscribers.add(subscriber);
    this.#routes.clear();
    return {
      pattern,
      get dropped() {
        return reader.dropped;
      },
      unsubscribe: () => {
        this.#subscribers.delete(subscriber);
        this.#routes.clear();
        reader.end();
      },
    };
  }

  #routeOf(subject: string): Route {
    const known = this.#routes.get(subject);
    if (known) return known;
    checkSubject(subject);
    const tokens = subject.split('.');
    const each: Subscriber[] = [];
    const queues = new Map<string, Subscriber[]>();
    for (const subscriber of this.#subscribers) {
      if (!matches(subscriber.tokens, tokens)) continue;
      if (subscriber.queue === undefined) {
        each.push(subscriber);
        continue;
      }
      const members = queues.get(subscriber.queue);
      if (members) members.push(subscriber);
      else queues.set(subscriber.queue, [subscriber]);
    }
    const route = { each, queues: [...queues] };
    if (this.#routes.size >= maxRoutes) this.#routes.clear();
    this.#routes.set(subject, route);
    return route;
  }

  /** Hands a message to everyone it is for; the number of subscribers it was for. */
  #dispatch(message: Message, route: Route): number {
    for (const subscriber of route.each) this.#enqueue(subscriber, message);
    let reached = route.each.length;
    for (const [queue, members] of route.queues) {
      const turn = this.#turns.get(queue) ?? 0;
      this.#turns.set(queue, (turn + 1) % Number.MAX_SAFE_INTEGER);
      const member = members[turn % members.length];
      if (member) {
        reached++;
        this.#enqueue(member, message);
      }
    }
    return reached;
  }

  #enqueue({ pattern, reader }: Subscriber, message: Message): void {
    if (reader.take(message)) return;
    this.#dropped++;
    if (reader.dropped === 1) {
      this.#logger.warn('bus subscriber too slow', { pattern, limit: this.#limits.maxPending });
    }
    message.answer?.({ error: new BusError('remote', `too many requests wait on ${message.subject}`) });
  }

  #encode(payload: unknown): string {
    return encodePayload(payload, this.#limits.maxPayloadBytes);
  }
}
