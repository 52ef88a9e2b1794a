import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  type NatsConnection,
  headers,
} from 'nats';
import type { CounterMetric, Metrics } from '../telemetry/metrics.js';

/** Deliveries of one event after which it is put aside. */
export const maxDeliveries = 5;
/** Before the next delivery of an event whose handler failed, times the number of deliveries. */
const againMs = 200;
/** How long a handler may take before the event is given to another. */
const ackWaitMs = 30_000;
/** Before a consumer that ended is looked for again. */
const reopenMs = 1_000;

/**
 * Reads the events that NATS keeps, each until it was handled: at least once, those of one consumer in order unless one
 * fails. An event that fails five times goes to `dead.<its subject>` with the reason, is told as an error and counted,
 * and the others go on.
 */
export class DurableConsumer {
  #messages: ConsumerMessages | undefined;
  #closed = false;
  readonly #dead: CounterMetric;

  constructor(
    private readonly bus: { readonly connection: NatsConnection | undefined },
    private readonly o: {
      /** Of the consumer: instances with the same name share the events. Letters, digits, - and _. */
      readonly name: string;
      readonly stream: string;
      readonly subject: string;
      readonly handle: (payload: unknown, subject: string) => Promise<void>;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly metrics: Metrics;
    },
  ) {
    this.#dead = o.metrics.counter(
      'esinet_bus_dead_letters_total',
      'Events that could not be handled and were put aside',
      ['consumer'],
    );
    void this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#messages?.close();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const { connection } = this.bus;
      try {
        if (connection) await this.#read(connection);
      } catch (error) {
        this.o.logger.warn('events not read', { consumer: this.o.name, reason: messageOf(error) });
      }
      if (!this.#closed) await new Promise<void>((resolve) => void this.o.clock.after(reopenMs, resolve));
    }
  }

  async #read(connection: NatsConnection): Promise<void> {
    const { name, stream, subject } = this.o;
    const manager = await connection.jetstreamManager();
    await manager.consumers.add(stream, {
      durable_name: name,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitMs * 1_000_000,
      deliver_policy: DeliverPolicy.All,
      // We count ourselves: the server would only stop delivering.
      max_deliver: -1,
    });
    const consumer = await connection.jetstream().consumers.get(stream, name);
    const messages = (this.#messages = await consumer.consume({ max_messages: 100 }));
    for await (const message of messages) await this.#take(message, connection);
  }

  async #take(message: JsMsg, connection: NatsConnection): Promise<void> {
    const { deliveryCount } = message.info;
    // One that ends the process each time comes back with its count.
    if (deliveryCount > maxDeliveries) return this.#putAside(message, connection, 'never handled');
    try {
      await this.o.handle(JSON.parse(message.string()), message.subject);
      message.ack();
    } catch (error) {
      if (deliveryCount >= maxDeliveries) this.#putAside(message, connection, messageOf(error));
      else message.nak(againMs * deliveryCount);
    }
  }

  #putAside(message: JsMsg, connection: NatsConnection, reason: string): void {
    const { subject } = message;
    try {
      const told = headers();
      told.set('Esinet-Consumer', this.o.name);
      told.set('Esinet-Reason', reason.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500) || 'failed');
      connection.publish(`dead.${subject}`, message.data, { headers: told });
      message.term();
      this.#dead.inc({ consumer: this.o.name });
      this.o.logger.error('event put aside', { consumer: this.o.name, subject, reason });
    } catch (error) {
      // It comes again.
      this.o.logger.warn('event not put aside', { subject, reason: messageOf(error) });
    }
  }
}
