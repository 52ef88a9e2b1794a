import {
  Server,
  type CustomTransportStrategy,
  ClientProxy,
  type ReadPacket,
  type WritePacket,
} from '@nestjs/microservices';
import { type Observable, defaultIfEmpty, isObservable, lastValueFrom } from 'rxjs';
import type { Bus, Subscription } from './bus.js';

/** What handlers of requests on the bus are marked with. */
export { MessagePattern, Payload } from '@nestjs/microservices';

/**
 * Lets Nest's `ClientProxy` speak over a Bus: `send` is a request with one answer, `emit` publishes. Patterns are
 * subjects. Closing leaves the bus, which is shared, open.
 */
export class BusClient extends ClientProxy {
  constructor(
    private readonly bus: Bus,
    private readonly timeoutMs?: number,
  ) {
    super();
  }

  connect(): Promise<Bus> {
    return Promise.resolve(this.bus);
  }

  close(): void {
    // The bus belongs to the platform.
  }

  unwrap<T>(): T {
    return this.bus as T;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    let wanted = true;
    const subject = this.normalizePattern(packet.pattern as string);
    const options = this.timeoutMs === undefined ? {} : { timeoutMs: this.timeoutMs };
    this.bus.request(subject, packet.data, options).then(
      (response) => wanted && callback({ response, isDisposed: true }),
      (err: unknown) => wanted && callback({ err, isDisposed: true }),
    );
    return () => {
      wanted = false;
    };
  }

  protected dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    this.bus.publish(this.normalizePattern(packet.pattern as string), packet.data);
    return Promise.resolve(undefined as T);
  }
}

/**
 * Lets the `@MessagePattern` and `@EventPattern` handlers of a Nest microservice listen on a Bus. All instances with the
 * same `queue` share the work: each message goes to one of them.
 */
export class BusServer extends Server implements CustomTransportStrategy {
  readonly #subscriptions: Subscription[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly queue?: string,
  ) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    const options = this.queue === undefined ? {} : { queue: this.queue };
    try {
      for (const [pattern, handler] of this.messageHandlers) {
        if (handler.isEventHandler) {
          // Of several handlers of one pattern, Nest's first calls the others.
          const handle = async (data: unknown): Promise<void> => void (await last(await handler(data)));
          this.#subscriptions.push(this.bus.subscribe(pattern, handle, options));
        } else {
          const answer = async (data: unknown): Promise<unknown> => last(await handler(data));
          this.#subscriptions.push(this.bus.reply(pattern, answer, options));
        }
      }
      callback();
    } catch (error) {
      callback(error);
    }
  }

  close(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
  }

  on(): void {
    // A bus in the process has no connection whose events could be told.
  }

  unwrap<T>(): T {
    return this.bus as T;
  }
}

/** A request has one answer: of a stream, its last value. */
async function last(result: unknown): Promise<unknown> {
  const value: unknown = await result;
  return isObservable(value)
    ? lastValueFrom((value as Observable<unknown>).pipe(defaultIfEmpty(null)))
    : value;
}
