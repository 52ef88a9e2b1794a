import type { Clock, Logger, Timer } from '@esinet/kernel';
import { messageOf } from '@esinet/kernel';
import type { Connection } from './connection.js';
import { type Destination, plainAddress } from './destination.js';
import type { Flow } from './flow.js';
import type { TransportLimits } from './limits.js';

/** What makes two sends share a connection: transport, address, port, TLS name and authority, and the side they belong to. */
export function reuseKey(destination: Destination, listener: string): string {
  const { transport, address, port, serverName, authority } = destination;
  const name = `${serverName?.toLowerCase() ?? ''}|${authority ?? ''}`;
  return `${transport}|${plainAddress(address)}|${port}|${name}|${listener}`;
}

/** Keys one connection may stand under: a peer that sends ever new sent-by ports gets no further. */
const maxAliases = 64;

/** The open connections: by id, by where they lead, and those being opened. */
export class Connections {
  readonly #open = new Map<string, Connection>();
  /** Accepted ones, the oldest first, that had sent no message when last looked at. */
  readonly #silent = new Set<Connection>();
  readonly #reusable = new Map<string, Connection>();
  readonly #keys = new Map<Connection, string[]>();
  readonly #pending = new Map<string, Promise<Connection>>();
  readonly #closedCallbacks = new Set<(flow: Flow) => void>();
  #sweeper: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly limits: TransportLimits,
  ) {}

  get size(): number {
    return this.#open.size + this.#pending.size;
  }

  get full(): boolean {
    return this.size >= this.limits.maxConnections;
  }

  /** Whether one more may come. Connections that were opened to us and never said anything give way to it. */
  makeRoom(): boolean {
    for (const connection of this.#silent) {
      if (!this.full) break;
      if (connection.hadMessage) this.#silent.delete(connection);
      else connection.close('gave-way');
    }
    return !this.full;
  }

  /** Where the process has no descriptor left: the accepted connection that has been unused for longest is closed. */
  giveWay(): void {
    let oldest: Connection | undefined;
    const rank = (each: Connection): number => (each.hadMessage ? each.lastUsedAt : -Infinity);
    for (const each of this.#open.values()) {
      if (!each.client && (!oldest || rank(each) < rank(oldest))) oldest = each;
    }
    oldest?.close('no-descriptors');
  }

  /** Ends the accepted connections that `isBusy` knows nothing of. */
  endIdle(isBusy: (id: string) => boolean, reason: string): void {
    for (const each of [...this.#open.values()]) if (!each.client && !isBusy(each.id)) each.end(reason);
  }

  get(id: string): Connection | undefined {
    return this.#open.get(id);
  }

  add(connection: Connection): void {
    this.#open.set(connection.id, connection);
    if (!connection.client) this.#silent.add(connection);
    this.#sweeper ??= this.clock.after(this.limits.sweepMs, () => this.#sweep());
  }

  /** From now on sends with this key go over the connection. */
  reuse(key: string, connection: Connection): void {
    if (!connection.open || this.#reusable.get(key) === connection) return;
    this.#reusable.set(key, connection);
    const keys = this.#keys.get(connection);
    if (!keys) this.#keys.set(connection, [key]);
    else if (keys.length < maxAliases) keys.push(key);
    else this.#reusable.delete(key);
  }

  /** The open connection with this key. */
  reusable(key: string): Connection | undefined {
    const existing = this.#reusable.get(key);
    return existing?.open ? existing : undefined;
  }

  /** The connection with this key: the open one, the one being opened, else the one `open` opens. */
  async obtain(key: string, open: () => Promise<Connection>): Promise<Connection> {
    const existing = this.reusable(key);
    if (existing) return existing;
    const pending = this.#pending.get(key);
    if (pending) return pending;
    const opening = open().finally(() => this.#pending.delete(key));
    this.#pending.set(key, opening);
    return opening;
  }

  onClosed(callback: (flow: Flow) => void): () => void {
    const entry = (flow: Flow) => callback(flow);
    this.#closedCallbacks.add(entry);
    return () => void this.#closedCallbacks.delete(entry);
  }

  /** To be called by each connection as it closes. */
  closed(connection: Connection): void {
    if (!this.#open.delete(connection.id)) return;
    this.#silent.delete(connection);
    for (const key of this.#keys.get(connection) ?? []) {
      if (this.#reusable.get(key) === connection) this.#reusable.delete(key);
    }
    this.#keys.delete(connection);
    for (const callback of this.#closedCallbacks) {
      try {
        callback(connection);
      } catch (error) {
        this.logger.error('flow-closed-callback-threw', { reason: messageOf(error) });
      }
    }
  }

  /** Ends every connection; those that have not gone `graceMs` later are cut. */
  closeAll(reason: string, graceMs: number): void {
    this.#sweeper?.cancel();
    this.#sweeper = undefined;
    const ending = [...this.#open.values()];
    for (const connection of ending) connection.end(reason);
    if (ending.length === 0) return;
    this.clock.after(graceMs, () => ending.forEach((connection) => connection.abandon()));
  }

  #sweep(): void {
    this.#sweeper = undefined;
    const now = this.clock.now();
    for (const connection of this.#open.values()) connection.sweep(now);
    for (const connection of this.#silent) if (connection.hadMessage) this.#silent.delete(connection);
    if (this.#open.size > 0) this.#sweeper = this.clock.after(this.limits.sweepMs, () => this.#sweep());
  }
}
