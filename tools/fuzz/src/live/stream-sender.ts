import { type Socket, connect } from 'node:net';

/** Messages on one connection: what one of them broke must not keep all that follow from being read. */
const messagesPerConnection = 8;

/** Writes messages to a TCP port; opens a new connection where the old one was closed or has had its share. */
export class StreamSender {
  #socket: Socket | undefined;
  #written = 0;
  refusedConnections = 0;

  constructor(private readonly port: number) {}

  async send(bytes: Buffer): Promise<void> {
    const socket = await this.#connection();
    if (!socket) return;
    await new Promise<void>((resolve) => {
      socket.write(bytes, () => resolve());
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #connection(): Promise<Socket | undefined> {
    if (this.#socket?.writable && this.#written++ < messagesPerConnection) return this.#socket;
    this.#socket?.end();
    this.#written = 1;
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    this.#socket = socket;
    socket.resume();
    // Ends what the far side never ends.
    socket.setTimeout(10_000, () => socket.destroy());
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(socket));
      socket.once('close', () => resolve(undefined));
      socket.on('error', () => {
        this.refusedConnections++;
        resolve(undefined);
      });
    });
  }
}
