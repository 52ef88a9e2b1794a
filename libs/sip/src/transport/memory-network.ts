import type { Clock } from '@esinet/kernel';
import { parseDatagram } from '../codec/datagram.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Destination, TransportName } from './destination.js';
import { SipTransportError } from './error.js';
import { ErrorCallbacks, type Flow } from './flow.js';
import type { InvalidMessage, ListenerDescription } from './layer.js';

/** A message between two nodes, as the network's `fate` sees it. */
export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly bytes: Buffer;
}

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Milliseconds each message takes. Default 0: the next turn of the clock. */
  readonly latencyMs?: number;
}

/**
 * A network without sockets for tests: messages travel on the clock, so that a `ManualClock` decides when. `fate` loses
 * or doubles what a test wants lost or doubled.
 */
export class MemoryNetwork {
  /** How many times a packet arrives. Default once. */
  fate: (packet: Packet) => number = () => 1;
  readonly #nodes = new Map<string, MemoryTransport>();

  constructor(private readonly options: MemoryNetworkOptions) {}

  /** A node at `address:port`, over UDP or a reliable transport. */
  node(o: { address: string; port?: number; transport?: TransportName; name?: string }): MemoryTransport {
    const node = new MemoryTransport(this, {
      address: o.address,
      port: o.port ?? 5060,
      transport: o.transport ?? 'udp',
      name: o.name ?? 'main',
    });
    this.#nodes.set(node.place, node);
    return node;
  }

  has(place: string): boolean {
    return this.#nodes.has(place);
  }

  remove(node: MemoryTransport): void {
    this.#nodes.delete(node.place);
  }

  /** For the nodes' own use. */
  carry(from: MemoryTransport, to: string, bytes: Buffer): void {
    const times = this.fate({ from: from.place, to, bytes });
    for (let i = 0; i < times; i++) {
      this.options.clock.after(this.options.latencyMs ?? 0, () => this.#nodes.get(to)?.arrive(from, bytes));
    }
  }
}

interface NodeDescription {
  readonly address: string;
  readonly port: number;
  readonly transport: TransportName;
  readonly name: string;
}

/** One node of a memory network; stands where a `TransportLayer` would. */
export class MemoryTransport {
  onMessage: (received: { message: SipMessage; flow: Flow }) => void = () => undefined;
  onInvalid: (problem: InvalidMessage) => void = () => undefined;
  readonly place: string;
  readonly #flows = new Map<string, MemoryFlow>();
  readonly #closed = new Set<(flow: Flow) => void>();

  constructor(
    private readonly network: MemoryNetwork,
    readonly description: NodeDescription,
  ) {
    this.place = `${description.address}:${description.port}`;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.network.remove(this);
    for (const flow of this.#flows.values()) this.close(flow);
    return Promise.resolve();
  }

  listeners(): readonly ListenerDescription[] {
    const { name, transport, address, port } = this.description;
    return [{ name, transport, host: address, port, advertised: this.place }];
  }

  sentBy(): string {
    return this.place;
  }

  flowTo(destination: Destination): Promise<Flow> {
    const to = `${destination.address}:${destination.port}`;
    if (this.description.transport !== 'udp' && !this.network.has(to)) {
      return Promise.reject(new SipTransportError('refused', `nobody at ${to}`));
    }
    return Promise.resolve(this.#flow(destination.address, destination.port));
  }

  flow(id: string): Flow | undefined {
    return this.#flows.get(id);
  }

  onFlowClosed(callback: (flow: Flow) => void): () => void {
    this.#closed.add(callback);
    return () => void this.#closed.delete(callback);
  }

  dropFlow(id: string): void {
    const flow = this.#flows.get(id);
    if (flow) this.close(flow);
  }

  /** Breaks a flow as a connection breaks. */
  close(flow: Flow): void {
    const known = this.#flows.get(flow.id);
    if (!known) return;
    this.#flows.delete(flow.id);
    known.break('closed');
    for (const callback of this.#closed) callback(flow);
  }

  send(to: string, bytes: Buffer): void {
    this.network.carry(this, to, bytes);
  }

  arrive(from: MemoryTransport, bytes: Buffer): void {
    const flow = this.#flow(from.description.address, from.description.port);
    const parsed = parseDatagram(bytes);
    if (parsed.kind === 'message') this.onMessage({ message: parsed.message, flow });
    else if (parsed.kind === 'invalid') {
      const { status, reason, message } = parsed;
      this.onInvalid({ status, reason, flow, ...(message ? { message } : {}) });
    }
  }

  #flow(address: string, port: number): MemoryFlow {
    const id = `${this.description.transport}|${address}|${port}`;
    let flow = this.#flows.get(id);
    if (!flow) this.#flows.set(id, (flow = new MemoryFlow(this, id, address, port)));
    return flow;
  }
}

class MemoryFlow implements Flow {
  open = true;
  readonly #errors = new ErrorCallbacks();

  constructor(
    private readonly node: MemoryTransport,
    readonly id: string,
    readonly remoteAddress: string,
    readonly remotePort: number,
  ) {}

  get transport(): TransportName {
    return this.node.description.transport;
  }

  get listener(): string {
    return this.node.description.name;
  }

  get localAddress(): string {
    return this.node.description.address;
  }

  get localPort(): number {
    return this.node.description.port;
  }

  get reliable(): boolean {
    return this.transport !== 'udp';
  }

  send(bytes: Buffer): void {
    if (this.open) this.node.send(`${this.remoteAddress}:${this.remotePort}`, bytes);
    else this.break('closed');
  }

  onError(callback: (reason: string) => void): () => void {
    return this.#errors.add(callback);
  }

  break(reason: string): void {
    this.open = false;
    this.#errors.fire(reason, () => undefined);
  }
}
