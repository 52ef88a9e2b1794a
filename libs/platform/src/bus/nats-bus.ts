import { type Clock, type Logger, messageOf, randomIds, silentLogger } from '@esinet/kernel';
import {
  ErrorCode,
  type JetStreamClient,
  type Msg,
  NatsError,
  type NatsConnection,
  type Subscription as NatsSubscription,
  headers,
} from 'nats';
import type { CounterMetric } from '../telemetry/metrics.js';
import { Backlog } from './backlog.js';
import { type Bus, BusError, type RequestOptions, type SubscribeOptions, type Subscription } from './bus.js';
import type { NatsConfig } from './bus-config.js';
import type { AdapterPorts } from '../cluster/open-adapters.js';
import { DurableConsumer } from './durable-consumer.js';
import { type StreamState, ensureStream, keepEvent } from './jetstream.js';
import { NatsLink } from './nats-link.js';
import { natsOptions } from './nats-options.js';
import { Outbox, type OutboxEvent, type OutboxSpool, type Sending } from './outbox.js';
import { encodePayload } from './payload.js';
import { Reader } from './reader.js';
import { checkPattern, checkSubject, matches } from './subject.js';

/** The headers of NATS services (ADR-32): an answer with one of them is an error. */
const errorHeader = 'Nats-Service-Error';
const errorCodeHeader = 'Nats-Service-Error-Code';
/** Characters of an error that is told. */
const maxErrorText = 1_000;
/** Events that waited are sent so many at a time. */
const eventsPerTurn = 256;
/** Subjects that were checked are remembered. */
const maxKnownSubjects = 1_000;
/** Before the stream is asked for again, where nobody answered, and where the answer was no. */
const streamAgainMs = { unknown: 1_000, absent: 1_000, off: 30_000 };
/** Times that nobody answers for JetStream until it counts as not enabled. */
const maxAbsent = 3;
/** How long the events under way may take at the end. */
const lastEventsMs = 500;

interface Reading {
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly reader: Reader<Msg>;
  readonly isReply: boolean;
  /** On the present connection. */
  current: NatsSubscription | undefined;
}

/** The bus over NATS, with the manners of the one within a process. Works, and waits, while NATS is away. */
export class NatsBus implements Bus {
  readonly #link: NatsLink;
  readonly #readings = new Set<Reading>();
  readonly #requests = new Set<(error: BusError) => void>();
  readonly #backlog: Backlog;
  readonly #outbox: Outbox;
  readonly #durable: readonly (readonly string[])[];
  readonly #known = new Map<string, boolean>();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: AdapterPorts['metrics'];
  readonly #limits: AdapterPorts['limits']['bus'];
  readonly #lost: CounterMetric;
  readonly #connected: { set(value: number): void };
  readonly #kept: { set(value: number): void };
  readonly #idPrefix: string;
  #client: JetStreamClient | undefined;
  #stream: StreamState = 'unknown';
  #count = 0;
  #draining = false;
  #looking = false;
  #lostTold = false;
  #closed = false;

  private constructor(
    private readonly config: NatsConfig,
    o: AdapterPorts,
    spool: OutboxSpool | undefined,
  ) {
    const { clock, metrics } = o;
    this.#metrics = metrics;
    const logger = (this.#logger = o.logger.child({ part: 'bus' }));
    this.#clock = clock;
    this.#limits = o.limits.bus;
    this.#durable = config.durable.map((pattern) => pattern.split('.'));
    this.#idPrefix = `${o.instance}-${randomIds.token(12)}`;
    const { maxBuffered, maxBufferedBytes, maxSpooled, maxSpooledBytes } = this.#limits;
    this.#backlog = new Backlog({ maxEvents: maxBuffered, maxBytes: maxBufferedBytes });
    this.#connected = metrics.gauge('esinet_bus_connected', 'Whether NATS is reached and answers');
    this.#kept = metrics.gauge('esinet_bus_kept', 'Whether NATS keeps the events that must not be lost');
    this.#lost = metrics.counter(
      'esinet_bus_lost_total',
      'Events and questions that were given up, by reason',
      ['reason'],
    );
    const waiting = metrics.gauge('esinet_bus_waiting', 'Events that wait to be kept by NATS');
    this.#connected.set(0);
    this.#kept.set(0);
    waiting.set(0);
    this.#outbox = new Outbox({
      send: (event) => this.#keep(event),
      spool,
      limits: {
        maxEvents: maxSpooled,
        maxBytes: maxSpooledBytes,
        maxInFlight: config.jetstream.maxInFlight,
      },
      clock,
      logger,
      onDropped: (reason) => this.#lost.inc({ reason }),
      onSize: (events) => waiting.set(events),
    });
    this.#link = new NatsLink(config, {
      options: natsOptions(config, o),
      clock,
      logger,
      listener: {
        up: (connection) => this.#up(connection),
        flows: () => this.#flows(),
        stops: () => this.#stops(),
      },
    });
  }

  /**
   * Waits for NATS for `startWait` and goes on without it.
   *
   * @throws with a sentence for the operator when the configuration cannot work
   */
  static async open(config: NatsConfig, o: AdapterPorts, spool?: OutboxSpool): Promise<NatsBus> {
    const bus = new NatsBus(config, o, spool);
    await bus.#outbox.load();
    await bus.#link.start();
    return bus;
  }

  /** Resolves when the server knows of all that was subscribed to and sent. Rejects while there is none. */
  async settled(): Promise<void> {
    if (!this.#link.open) throw new BusError('unreachable', 'NATS is not reached');
    await this.#link.flush();
  }

  /** The present connection, for what is beyond a Bus; undefined while it may not be sent to. */
  get connection(): NatsConnection | undefined {
    return this.#link.open;
  }

  /** Reads the events of a subject that NATS keeps; see `DurableConsumer`. Instances with the same name share them. */
  readKept(o: {
    readonly name: string;
    readonly subject: string;
    readonly handle: (payload: unknown, subject: string) => Promise<void>;
  }): DurableConsumer {
    const { stream } = this.config.jetstream;
    const [clock, logger, metrics] = [this.#clock, this.#logger, this.#metrics];
    return new DurableConsumer(this, { ...o, stream, clock, logger, metrics });
  }

  publish(subject: string, payload: unknown): void {
    const isDurable = this.#isDurable(subject);
    const text = this.#encode(payload);
    if (this.#closed) return;
    if (isDurable) {
      const id = `${this.#idPrefix}-${++this.#count}`;
      this.#outbox.add({ id, subject, text, lane: laneOf(subject, payload) });
      return;
    }
    if (this.#backlog.size === 0 && this.#sent(subject, text)) return;
    const gone = this.#backlog.add(subject, text);
    if (gone === 0) return;
    this.#lost.inc({ reason: 'full' }, gone);
    if (this.#lostTold) return;
    this.#lostTold = true;
    this.#logger.warn('events lost: too many wait for the bus', { limit: this.#limits.maxBuffered });
  }

  subscribe(
    pattern: string,
    handler: (payload: unknown, subject: string) => void | Promise<void>,
    options: SubscribeOptions = {},
  ): Subscription {
    return this.#add(pattern, options.queue, { concurrency: 1, isReply: false }, async (message) => {
      try {
        await handler(JSON.parse(message.string()), message.subject);
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
    const concurrency = this.#limits.maxConcurrentReplies;
    return this.#add(pattern, options.queue, { concurrency, isReply: true }, async (message) => {
      try {
        const answer = await handler(JSON.parse(message.string()), message.subject);
        this.#respond(message, this.#encode(answer));
      } catch (error) {
        this.#logger.warn('bus request failed', { pattern, reason: messageOf(error) });
        this.#respondError(message, messageOf(error));
      }
    });
  }

  async request(subject: string, payload: unknown, options: RequestOptions = {}): Promise<unknown> {
    this.#isDurable(subject);
    const text = this.#encode(payload);
    if (this.#closed) throw closedError();
    const connection = this.#link.open;
    if (!connection) throw new BusError('unreachable', 'NATS is not reached');
    const timeoutMs = options.timeoutMs ?? this.config.requestTimeout ?? this.#limits.requestTimeoutMs;
    let end: ((error: BusError) => void) | undefined;
    try {
      const answer = await new Promise<Msg>((resolve, reject) => {
        end = reject;
        this.#requests.add(reject);
        connection.request(subject, text, { timeout: Math.max(1, timeoutMs) }).then(resolve, reject);
        this.#link.count(text.length);
      });
      const error = answer.headers?.get(errorHeader);
      if (error) throw new BusError('remote', error);
      return JSON.parse(answer.string());
    } catch (error) {
      throw this.#requestError(error, { subject, timeoutMs, connection });
    } finally {
      if (end) this.#requests.delete(end);
    }
  }

  note(): string | undefined {
    const away = this.#link.note();
    if (away !== undefined) return away;
    if (this.#stream === 'off')
      return 'NATS keeps no events: those who are away when they are sent miss them';
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reader } of this.#readings) reader.end();
    this.#readings.clear();
    for (const end of [...this.#requests]) end(closedError());
    const until = this.#clock.now() + lastEventsMs;
    while (
      this.#link.open &&
      (this.#outbox.size > 0 || this.#backlog.size > 0) &&
      this.#clock.now() < until
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await this.#outbox.close();
    await this.#link.close();
    this.#connected.set(0);
  }

  #add(
    pattern: string,
    queue: string | undefined,
    o: { readonly concurrency: number; readonly isReply: boolean },
    deliver: (message: Msg) => Promise<void>,
  ): Subscription {
    checkPattern(pattern, queue);
    if (this.#closed) throw closedError();
    const reader = new Reader({ maxPending: this.#limits.maxPending, concurrency: o.concurrency }, deliver);
    const reading: Reading = { pattern, queue, reader, isReply: o.isReply, current: undefined };
    this.#readings.add(reading);
    const connection = this.#link.open;
    if (connection) this.#attach(reading, connection);
    return {
      pattern,
      get dropped() {
        return reader.dropped;
      },
      unsubscribe: () => {
        this.#readings.delete(reading);
        reader.end();
        reading.current?.unsubscribe();
        reading.current = undefined;
      },
    };
  }

  #attach(reading: Reading, connection: NatsConnection): void {
    const { pattern, queue } = reading;
    try {
      reading.current = connection.subscribe(pattern, {
        ...(queue !== undefined && { queue }),
        callback: (error, message) => {
          if (error) this.#logger.error('bus subscription refused', { pattern, reason: messageOf(error) });
          else this.#take(reading, message);
        },
      });
    } catch (error) {
      // Closed in this moment: the next connection has it.
      this.#logger.debug('bus subscription waits', { pattern, reason: messageOf(error) });
    }
  }

  #take({ reader, pattern, isReply }: Reading, message: Msg): void {
    if (reader.take(message)) return;
    this.#lost.inc({ reason: 'slow' });
    if (reader.dropped === 1) {
      this.#logger.warn('bus subscriber too slow', { pattern, limit: this.#limits.maxPending });
    }
    if (isReply) this.#respondError(message, `too many requests wait on ${message.subject}`);
  }

  #respond(message: Msg, text: string): void {
    try {
      message.respond(text);
      this.#link.count(text.length);
    } catch (error) {
      this.#logger.debug('answer not sent', { reason: messageOf(error) });
    }
  }

  #respondError(message: Msg, text: string): void {
    try {
      const told = headers();
      // A header is one line.
      told.set(errorHeader, text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, maxErrorText) || 'failed');
      told.set(errorCodeHeader, '500');
      message.respond('null', { headers: told });
    } catch (error) {
      this.#logger.debug('answer not sent', { reason: messageOf(error) });
    }
  }

  #requestError(
    error: unknown,
    o: { readonly subject: string; readonly timeoutMs: number; readonly connection: NatsConnection },
  ): BusError {
    if (error instanceof BusError) return error;
    const code = error instanceof NatsError ? (error.code as ErrorCode) : undefined;
    if (code === ErrorCode.NoResponders)
      return new BusError('no-responders', `nobody answers on ${o.subject}`);
    if (this.#closed) return closedError();
    // The library calls it a timeout, too, when the connection goes.
    if (o.connection.isClosed()) return new BusError('unreachable', 'NATS was lost');
    if (code === ErrorCode.Timeout)
      return new BusError('timeout', `no answer on ${o.subject} within ${o.timeoutMs} ms`);
    if (code === ErrorCode.MaxPayloadExceeded) return new BusError('payload', 'larger than the server takes');
    return new BusError('remote', messageOf(error));
  }

  #up(connection: NatsConnection): void {
    this.#client = connection.jetstream();
    for (const reading of this.#readings) this.#attach(reading, connection);
    this.#stream = 'unknown';
    if (this.#durable.length > 0) void this.#readyStream(connection);
  }

  async #readyStream(connection: NatsConnection, absent = 1): Promise<void> {
    const before = this.#stream;
    // Told once for each connection.
    let state = await ensureStream(connection, this.config, before === 'off' ? silentLogger : this.#logger);
    if (this.#closed || connection.isClosed()) return;
    if (state === 'absent' && (absent >= maxAbsent || before === 'off')) {
      if (before !== 'off')
        this.#logger.error('events are not kept by NATS', {
          reason: 'JetStream is not enabled on the server',
        });
      state = 'off';
    }
    this.#stream = state;
    this.#kept.set(state === 'ready' ? 1 : 0);
    if (this.#mayKeep && this.#link.open === connection) this.#outbox.open();
    if (state === 'ready') return;
    const next = state === 'absent' ? absent + 1 : 1;
    this.#clock.after(streamAgainMs[state], () => void this.#readyStream(connection, next));
  }

  /** Whether it is known what becomes of events that must not be lost. */
  get #mayKeep(): boolean {
    return this.#stream === 'ready' || this.#stream === 'off';
  }

  #flows(): void {
    this.#connected.set(1);
    this.#lostTold = false;
    if (this.#mayKeep) this.#outbox.open();
    this.#drainSoon();
  }

  #stops(): void {
    this.#connected.set(0);
    this.#outbox.pause();
  }

  #drainSoon(): void {
    if (this.#draining || this.#backlog.size === 0) return;
    this.#draining = true;
    setImmediate(() => {
      this.#draining = false;
      for (let left = eventsPerTurn; left > 0; left--) {
        const event = this.#backlog.peek();
        if (!event || !this.#sent(...event)) return;
        this.#backlog.take();
      }
      this.#drainSoon();
    });
  }

  /** Whether that is done with: sent, or larger than the server takes. */
  #sent(subject: string, text: string): boolean {
    try {
      return this.#link.send(subject, text);
    } catch (error) {
      this.#lost.inc({ reason: 'refused' });
      this.#logger.error('event lost: refused', { subject, reason: messageOf(error) });
      return true;
    }
  }

  async #keep(event: OutboxEvent): Promise<Sending> {
    const client = this.#client;
    if (!client || !this.#link.open || !this.#mayKeep) return { result: 'again' };
    if (this.#stream === 'off') {
      return { result: this.#link.send(event.subject, event.text) ? 'kept' : 'again' };
    }
    this.#link.count(event.text.length);
    const sending = await keepEvent(client, event, this.config.jetstream.ackTimeout);
    if (sending.result === 'again') this.#lookForStream();
    return sending;
  }

  /** It may have been deleted. */
  #lookForStream(): void {
    const connection = this.#link.open;
    if (!connection || this.#looking) return;
    this.#looking = true;
    this.#clock.after(streamAgainMs.unknown, () => {
      this.#looking = false;
      if (this.#link.open === connection) void this.#readyStream(connection);
    });
  }

  #encode(payload: unknown): string {
    return encodePayload(payload, this.#limits.maxPayloadBytes);
  }

  /** Whether events of that subject must not be lost. @throws BusError `subject` */
  #isDurable(subject: string): boolean {
    const known = this.#known.get(subject);
    if (known !== undefined) return known;
    checkSubject(subject);
    const tokens = subject.split('.');
    const isDurable = this.#durable.some((pattern) => matches(pattern, tokens));
    if (this.#known.size >= maxKnownSubjects) this.#known.clear();
    this.#known.set(subject, isDurable);
    return isDurable;
  }
}

/** Events of one chat keep their order; others only that of their subject. */
function laneOf(subject: string, payload: unknown): string {
  const callId =
    typeof payload === 'object' && payload !== null && 'callId' in payload ? payload.callId : undefined;
  return typeof callId === 'string' ? callId : subject;
}

function closedError(): BusError {
  return new BusError('closed', 'the bus is closed');
}
