import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** RFC 8446 5.1: the type of a handshake record, with which a TLS client begins. No HTTP method begins with it. */
const handshakeRecord = 0x16;

/**
 * Plain HTTP and TLS on the port of the plain server. A connection is handed to its server when its first octet has
 * come; one that sends nothing in time is closed. The plain server goes on listening, counting and closing; the other
 * gets its sockets from here.
 */
export class SharedPort {
  readonly #silent = new Set<Socket>();

  constructor(
    plain: Server,
    private readonly secure: Server,
    private readonly firstOctetMs: number,
  ) {
    const serve = plain.listeners('connection') as ((socket: Socket) => void)[];
    plain.removeAllListeners('connection');
    plain.on('connection', (socket: Socket) =>
      this.#look(socket, (octet) => {
        if (octet === handshakeRecord) secure.emit('connection', socket);
        else for (const listener of serve) listener.call(plain, socket);
      }),
    );
    // What http.Server starts when it listens: the look at the time requests take.
    plain.on('listening', () => secure.emit('listening'));
    plain.on('close', () => secure.close());
  }

  /** Ends what has not begun or waits for another request. */
  closeIdle(): void {
    for (const socket of this.#silent) socket.destroy();
    this.secure.closeIdleConnections();
  }

  #look(socket: Socket, serve: (octet: number) => void): void {
    this.#silent.add(socket);
    const done = (): void => {
      clearTimeout(timer);
      this.#silent.delete(socket);
      socket.off('data', first).off('error', ignore).off('end', done).off('close', done);
    };
    const ignore = (): void => undefined;
    const first = (chunk: Buffer): void => {
      done();
      socket.pause();
      socket.unshift(chunk);
      serve(chunk[0] ?? 0);
      // What was put back comes first: nothing is read from the wire before this turn of the loop has ended.
      process.nextTick(() => socket.resume());
    };
    const timer = setTimeout(() => socket.destroy(), this.firstOctetMs);
    socket.on('data', first).on('error', ignore).on('close', done);
    // Half-open: whoever has nothing more to say before having said anything.
    socket.on('end', () => this.#silent.has(socket) && socket.destroy());
  }
}
