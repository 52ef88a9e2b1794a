import { type Socket, createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Logger, messageOf } from '@esinet/kernel';
import { hostPort, plainAddress, sendingProblem } from './destination.js';
import { SipTransportError, reasonOf } from './error.js';
import { ErrorCallbacks, type Flow } from './flow.js';
import type { TransportLimits } from './limits.js';
import { SelfProbe, probeBytes } from './self-probe.js';
import type { Doorkeeper } from './doorkeeper.js';

/** The address is a literal already: node:dgram would otherwise ask the resolver's threads on every send. */
function lookupLiteral(
  hostname: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, hostname, hostname.includes(':') ? 6 : 4);
}

/** One bound UDP socket: what comes in goes to `onDatagram`, what goes out leaves from its port. */
export class UdpSocket {
  #socket: Socket | undefined;
  #queued = 0;
  #bound: { address: string; port: number; v6: boolean } | undefined;
  #probe: SelfProbe | undefined;

  constructor(
    readonly name: string,
    private readonly limits: TransportLimits,
    private readonly logger: Logger,
    private readonly onDatagram: (bytes: Buffer, flow: UdpFlow) => void,
    private readonly doorkeeper: () => Doorkeeper | undefined = () => undefined,
  ) {}

  get open(): boolean {
    return this.#bound !== undefined;
  }

  get address(): string {
    return this.#bound?.address ?? '';
  }

  get port(): number {
    return this.#bound?.port ?? 0;
  }

  get v6(): boolean {
    return this.#bound?.v6 ?? false;
  }

  bind(host: string, port: number): Promise<void> {
    const v6 = isIPv6(host);
    const socket = createSocket({
      type: v6 ? 'udp6' : 'udp4',
      lookup: lookupLiteral,
      recvBufferSize: this.limits.udpReceiveBufferBytes,
    });
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      socket.on('error', (error) => {
        // Once bound, an error of the socket (an ICMP report, say) concerns one datagram, never the listener.
        if (this.#bound)
          return this.logger.warn('udp-error', { listener: this.name, reason: messageOf(error) });
        socket.close();
        reject(
          new SipTransportError(
            reasonOf(error) === 'address-in-use' ? 'address-in-use' : 'listen',
            `udp listener ${this.name} on ${hostPort(host, port)}: ${messageOf(error)}`,
          ),
        );
      });
      socket.on('message', (bytes, remote) => {
        if (bytes.length === probeBytes && this.#probe?.takes(bytes, performance.now())) return;
        if (this.#bound) this.#received(bytes, plainAddress(remote.address), remote.port);
      });
      socket.bind({ address: host, port, exclusive: false }, () => {
        const bound = socket.address();
        this.#bound = { address: bound.address, port: bound.port, v6 };
        resolve();
      });
    });
  }

  #received(bytes: Buffer, address: string, port: number): void {
    const doorkeeper = this.doorkeeper();
    if (!doorkeeper) return this.onDatagram(bytes, new UdpFlow(this, address, port));
    try {
      if (doorkeeper.drops(bytes, this.name, address)) return;
    } catch (error) {
      this.failed(error);
    }
    this.onDatagram(bytes, new UdpFlow(this, address, port));
    doorkeeper.read();
  }

  /** `done` gets the reason of a failure, at once or later; it is not called on success. */
  send(bytes: Buffer, address: string, port: number, done: (reason: string) => void): void {
    const bound = this.#bound;
    if (!bound || !this.#socket) return done('closed');
    const forbidden = sendingProblem(address, port);
    if (forbidden) return done(`forbidden-destination-${forbidden}`);
    if (bytes.length > this.limits.maxDatagramBytes) return done('too-large');
    const v4 = !address.includes(':');
    if (!bound.v6 && !v4) return done('address-family');
    if (this.#queued > this.limits.maxDatagramQueueBytes) return done('queue-full');
    try {
      this.#socket.send(bytes, port, bound.v6 && v4 ? `::ffff:${address}` : address, (error) => {
        this.#queued -= bytes.length;
        if (error) done(reasonOf(error));
      });
      this.#queued += bytes.length;
    } catch (error) {
      done(reasonOf(error));
    }
  }

  /** Milliseconds that what arrives has waited for us lately. Whoever wants to know asks often: each asking is a probe. */
  receiveDelay(): number {
    const bound = this.#bound;
    if (!bound || !this.#socket) return 0;
    const now = performance.now();
    this.#probe ??= new SelfProbe(now);
    const any = bound.address === '0.0.0.0' ? '127.0.0.1' : bound.address === '::' ? '::1' : bound.address;
    try {
      this.#socket.send(this.#probe.make(now), bound.port, any, () => undefined);
    } catch {
      // Without a probe nothing is known, which is no delay.
    }
    return this.#probe.waitMs(now);
  }

  flowTo(address: string, port: number): UdpFlow {
    return new UdpFlow(this, plainAddress(address), port);
  }

  failed(error: unknown): void {
    this.logger.error('udp-callback-threw', { listener: this.name, reason: messageOf(error) });
  }

  close(): Promise<void> {
    const socket = this.#socket;
    if (!this.#bound || !socket) return Promise.resolve();
    this.#bound = undefined;
    return new Promise((resolve) => socket.close(() => resolve()));
  }
}

/** A peer seen from one UDP socket. Cheap: a new one may be made for each datagram; equal ids mean the same flow. */
export class UdpFlow implements Flow {
  readonly transport = 'udp';
  readonly reliable = false;
  #errors: ErrorCallbacks | undefined;

  constructor(
    private readonly socket: UdpSocket,
    readonly remoteAddress: string,
    readonly remotePort: number,
  ) {}

  get id(): string {
    return `udp|${this.socket.name}|${this.remoteAddress}|${this.remotePort}`;
  }

  get listener(): string {
    return this.socket.name;
  }

  get localAddress(): string {
    return this.socket.address;
  }

  get localPort(): number {
    return this.socket.port;
  }

  get open(): boolean {
    return this.socket.open;
  }

  send(bytes: Buffer): void {
    this.socket.send(bytes, this.remoteAddress, this.remotePort, (reason) =>
      this.#errors?.fire(reason, (error) => this.socket.failed(error)),
    );
  }

  onError(callback: (reason: string) => void): () => void {
    return (this.#errors ??= new ErrorCallbacks()).add(callback);
  }
}
