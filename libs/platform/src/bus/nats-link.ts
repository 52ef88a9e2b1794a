import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import { type ConnectionOptions, type NatsConnection, type PublishOptions, connect } from 'nats';
import type { NatsConfig } from './bus-config.js';
import { natsFailure } from './nats-failure.js';
import { natsProblem } from './nats-probe.js';

/** Bytes sent that no ping has confirmed; beyond, the server counts as one that does not read. */
const maxUnconfirmedBytes = 4_194_304;
/** The same failure is told again after this. */
const retellMs = 60_000;
/** How long what was sent last may take to go out at the end. */
const lastFlushMs = 500;

export interface LinkListener {
  /** A new connection; nothing has been sent over it. */
  up(connection: NatsConnection): void;
  /** May be sent to: at once after `up`, and again after a stall. */
  flows(): void;
  /** May not be sent to: lost, or it does not read. */
  stops(): void;
}

/**
 * One connection to one of the servers, made again for ever. A server that takes octets and does not answer (frozen,
 * or a path that swallows) is found by pings, gets nothing more to read, and is left for another in the end.
 */
export class NatsLink {
  #connection: NatsConnection | undefined;
  #flowing = false;
  #closed = false;
  #sent = 0;
  #confirmed = 0;
  #endPing: (() => void) | undefined;
  #attempt = 0;
  #failure = 'not reached yet';
  #told: { readonly failure: string; readonly at: number } | undefined;

  constructor(
    private readonly config: NatsConfig,
    private readonly o: {
      readonly options: () => Omit<ConnectionOptions, 'servers'>;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly listener: LinkListener;
    },
  ) {}

  /** Begins; resolves when connected or after `startWait`, whichever is first. */
  start(): Promise<void> {
    const connected = this.#dial();
    return new Promise((resolve) => {
      const timer = this.o.clock.after(this.config.startWait, resolve);
      // The timer does not keep the process, and nothing else may.
      const keep = setTimeout(() => undefined, this.config.startWait);
      void connected.then(() => {
        timer.cancel();
        clearTimeout(keep);
        resolve();
      });
    });
  }

  /** The connection while it may be sent to. */
  get open(): NatsConnection | undefined {
    return this.#flowing ? this.#connection : undefined;
  }

  note(): string | undefined {
    if (this.#flowing) return undefined;
    return this.#connection
      ? 'NATS does not answer; events wait'
      : `NATS is not reached (${this.#failure}); events wait`;
  }

  /** Whether it went out. @throws NatsError when the server takes no message of that size */
  send(subject: string, text: string, options?: PublishOptions): boolean {
    const connection = this.open;
    if (!connection || connection.isClosed()) return false;
    connection.publish(subject, text, options);
    this.count(text.length);
    return true;
  }

  /** Tells of bytes that were sent beside `send`. */
  count(bytes: number): void {
    this.#sent += bytes;
    const unconfirmed = this.#sent - this.#confirmed;
    if (unconfirmed < maxUnconfirmedBytes / 2 || !this.#connection) return;
    if (unconfirmed >= maxUnconfirmedBytes) this.#stop();
    this.#ping(this.#connection);
  }

  /** Resolves when the server has worked on all that was sent. Rejects when it does not. */
  async flush(): Promise<void> {
    await this.#connection?.flush();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const connection = this.#connection;
    if (!connection) return;
    let late: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (late = setTimeout(resolve, lastFlushMs)));
    if (this.#flowing) await Promise.race([connection.flush().catch(() => undefined), limit]);
    clearTimeout(late);
    this.#flowing = false;
    this.#connection = undefined;
    this.#endPing?.();
    await connection.close().catch(() => undefined);
  }

  async #dial(): Promise<void> {
    while (!this.#closed) {
      for (const server of shuffled(this.config.servers)) {
        const connection = await this.#try(server);
        if (connection) return this.#take(connection, server);
        if (this.#closed) return;
      }
      await this.#pause();
    }
  }

  async #try(server: string): Promise<NatsConnection | undefined> {
    const { host } = new URL(server);
    try {
      const problem = await natsProblem(server, this.config.connectTimeout);
      if (problem !== undefined) this.#tell(host, problem);
      else if (!this.#closed) return await connect({ ...this.o.options(), servers: server });
    } catch (error) {
      this.#tell(host, natsFailure(error, this.config));
    }
    return undefined;
  }

  /** Each kind of failure once, and again every minute: a server that is away for a day must not fill the log. */
  #tell(server: string, reason: string): void {
    this.#failure = `${server}: ${reason}`;
    const now = this.o.clock.now();
    if (this.#told?.failure === reason && now - this.#told.at < retellMs) return;
    this.#told = { failure: reason, at: now };
    this.o.logger.warn('bus not reached', { server, reason });
  }

  #pause(): Promise<void> {
    const { reconnectWait, reconnectWaitMax } = this.config;
    const wait = Math.min(reconnectWaitMax, reconnectWait * 2 ** Math.min(this.#attempt++, 16));
    return new Promise((resolve) => void this.o.clock.after(wait * (0.5 + Math.random()), resolve));
  }

  #take(connection: NatsConnection, server: string): void {
    if (this.#closed) return void connection.close().catch(() => undefined);
    this.#connection = connection;
    this.#told = undefined;
    this.#attempt = 0;
    this.#sent = this.#confirmed = 0;
    this.o.logger.info('bus reached', {
      server: new URL(server).host,
      version: connection.info?.version ?? '',
    });
    void connection.closed().then((error) => this.#lost(connection, error));
    void this.#watchErrors(connection);
    this.o.listener.up(connection);
    this.#flow();
    this.#ping(connection);
  }

  #lost(connection: NatsConnection, error: void | Error): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#endPing?.();
    this.#stop();
    if (this.#closed) return;
    this.#failure = error ? natsFailure(error, this.config) : 'the connection was lost';
    this.o.logger.warn('bus lost', { reason: this.#failure });
    // At once: another server may be there.
    void this.#dial();
  }

  async #watchErrors(connection: NatsConnection): Promise<void> {
    try {
      const told = new Set<string>();
      for await (const { type, permissionContext } of connection.status()) {
        if ((type as string) !== 'error' || !permissionContext) continue;
        const { operation, subject } = permissionContext as { operation: string; subject: string };
        const what = `${operation} ${subject}`;
        if (told.has(what) || told.size >= 100) continue;
        told.add(what);
        this.o.logger.error('bus permission missing', { operation, subject });
      }
    } catch (error) {
      this.o.logger.debug('bus status ended', { reason: messageOf(error) });
    }
  }

  /** One ping after another, each from when the last one was answered. */
  #ping(connection: NatsConnection): void {
    if (this.#connection !== connection || this.#endPing) return;
    const { clock } = this.o;
    const { stalledAfter, deadAfter } = this.config;
    const sent = this.#sent;
    const stalled = clock.after(stalledAfter, () => {
      if (this.#connection !== connection || !this.#flowing) return;
      this.o.logger.warn('bus does not answer', { afterMs: stalledAfter });
      this.#stop();
    });
    const dead = clock.after(deadAfter, () => {
      if (this.#connection === connection) void connection.close().catch(() => undefined);
    });
    const end = (this.#endPing = (): void => {
      this.#endPing = undefined;
      stalled.cancel();
      dead.cancel();
    });
    connection.flush().then(
      () => {
        if (this.#connection !== connection) return;
        end();
        this.#confirmed = sent;
        this.#flow();
        clock.after(stalledAfter, () => this.#ping(connection));
      },
      () => undefined,
    );
  }

  #flow(): void {
    if (this.#flowing || !this.#connection) return;
    this.#flowing = true;
    this.o.listener.flows();
  }

  #stop(): void {
    if (!this.#flowing) return;
    this.#flowing = false;
    this.o.listener.stops();
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
