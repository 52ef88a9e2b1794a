import { type RemoteInfo, type Socket, createSocket } from 'node:dgram';

/** What happens to datagrams, in both directions; shares of 1. */
export interface Weather {
  readonly loss: number;
  readonly duplicate: number;
  /** Held back for `lateMs`, so that later ones overtake them. */
  readonly late: number;
  readonly lateMs: number;
}

export const calm: Weather = { loss: 0, duplicate: 0, late: 0, lateMs: 50 };

/** A client that was not heard of for so long is forgotten. */
const idleMs = 120_000;

interface Client {
  readonly socket: Socket;
  seenAt: number;
}

/**
 * What stands before the borders for callers on UDP: sends each datagram to the first border that is there, from one port
 * for each caller, and loses, doubles and delays as it is told.
 */
export class UdpBalancer {
  weather: Weather = calm;
  readonly counts = { lost: 0, doubled: 0, late: 0 };
  readonly #clients = new Map<string, Client>();
  readonly #sweep: NodeJS.Timeout;

  private constructor(
    private readonly front: Socket,
    /** The port of the first border that is there; undefined: none is. */
    private readonly target: () => number | undefined,
    private readonly random: () => number,
  ) {
    front.on('message', (bytes, from) => this.#inwards(bytes, from));
    front.on('error', () => undefined);
    this.#sweep = setInterval(() => this.#forgetIdle(), idleMs / 4);
    this.#sweep.unref();
  }

  static async open(target: () => number | undefined, random = Math.random): Promise<UdpBalancer> {
    return new UdpBalancer(await bound(), target, random);
  }

  get port(): number {
    return this.front.address().port;
  }

  close(): void {
    clearInterval(this.#sweep);
    this.front.close();
    for (const { socket } of this.#clients.values()) socket.close();
    this.#clients.clear();
  }

  #inwards(bytes: Buffer, from: RemoteInfo): void {
    const key = `${from.address}:${from.port}`;
    const known = this.#clients.get(key);
    if (known) {
      known.seenAt = performance.now();
      return this.#onwards(known.socket, bytes);
    }
    bound().then(
      (socket) => {
        const raced = this.#clients.get(key);
        if (raced) {
          socket.close();
          return this.#onwards(raced.socket, bytes);
        }
        socket.on('message', (answer) => {
          this.#weathered(() => this.front.send(answer, from.port, from.address, () => undefined));
        });
        socket.on('error', () => undefined);
        this.#clients.set(key, { socket, seenAt: performance.now() });
        this.#onwards(socket, bytes);
      },
      () => undefined,
    );
  }

  #onwards(socket: Socket, bytes: Buffer): void {
    this.#weathered(() => {
      const port = this.target();
      if (port !== undefined) socket.send(bytes, port, '127.0.0.1', () => undefined);
    });
  }

  #weathered(send: () => void): void {
    const { loss, duplicate, late, lateMs } = this.weather;
    const safely = (): void => {
      try {
        send();
      } catch {
        // Closed meanwhile.
      }
    };
    if (this.random() < loss) {
      this.counts.lost++;
      return;
    }
    if (this.random() < duplicate) {
      this.counts.doubled++;
      safely();
    }
    if (this.random() < late) {
      this.counts.late++;
      setTimeout(safely, lateMs).unref();
    } else safely();
  }

  #forgetIdle(): void {
    const old = performance.now() - idleMs;
    for (const [key, { socket, seenAt }] of this.#clients) {
      if (seenAt > old) continue;
      this.#clients.delete(key);
      socket.close();
    }
  }
}

function bound(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1_048_576 });
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
