import { type Socket, connect } from 'node:net';

/** Messages on one connection, as on a stream. */
const messagesPerConnection = 8;
/** One frame in so many is none that RFC 6455 allows. */
const brokenShare = 0.06;

/** Writes messages to a SIP WebSocket server (RFC 7118), frame by frame, some frames being wrong. */
export class WebSocketSender {
  #socket: Socket | undefined;
  #written = 0;

  constructor(
    private readonly port: number,
    private readonly path: string,
  ) {}

  /** Takes a fixed number of random numbers, so that what follows does not depend on how the far side reacts. */
  async send(bytes: Buffer, random: () => number): Promise<void> {
    const frame = frameOf(bytes, random(), random());
    const socket = await this.#connection();
    if (!socket) return;
    await new Promise<void>((resolve) => {
      socket.write(frame, () => resolve());
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #connection(): Promise<Socket | undefined> {
    if (this.#socket?.writable && this.#written++ < messagesPerConnection) return this.#socket;
    this.#socket?.destroy();
    this.#written = 1;
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    this.#socket = socket;
    socket.setTimeout(10_000, () => socket.destroy());
    socket.write(
      `GET ${this.path} HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: ZnV6emZ1enpmdXp6ZnV6eg==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n',
    );
    return new Promise((resolve) => {
      socket.once('data', () => {
        socket.resume();
        resolve(socket);
      });
      socket.once('close', () => resolve(undefined));
      socket.on('error', () => resolve(undefined));
    });
  }
}

function frameOf(bytes: Buffer, what: number, how: number): Buffer {
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  const masked = Buffer.from(bytes.map((octet, i) => octet ^ (mask[i % 4] ?? 0)));
  const opcode = how < 0.5 ? 1 : 2;
  if (what > brokenShare) return Buffer.concat([header(0x80 | opcode, bytes.length), mask, masked]);
  const broken: readonly Buffer[] = [
    // Not masked.
    Buffer.concat([Buffer.from([0x80 | opcode, Math.min(bytes.length, 125)]), bytes.subarray(0, 125)]),
    // A length that no message has.
    Buffer.concat([Buffer.from([0x80 | opcode, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 1]), mask, masked]),
    // A reserved opcode; reserved bits; a continuation of nothing; a control frame in pieces.
    ...[0x83, 0xf1, 0x80, 0x09].map((first) => Buffer.concat([header(first, bytes.length), mask, masked])),
    // The first piece of a message that never ends.
    Buffer.concat([header(opcode, bytes.length), mask, masked]),
    // A ping, a pong, a close with a code that none has.
    Buffer.concat([Buffer.from([0x89, 0x80]), mask]),
    Buffer.concat([Buffer.from([0x8a, 0x84]), mask, mask]),
    Buffer.concat([Buffer.from([0x88, 0x82]), mask, Buffer.from([0, 0])]),
    bytes,
  ];
  return broken[Math.floor(how * broken.length)] ?? bytes;
}

function header(first: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, 0x80 | length]);
  if (length < 65_536) return Buffer.from([first, 0xfe, length >> 8, length & 0xff]);
  const long = Buffer.alloc(10);
  long[0] = first;
  long[1] = 0xff;
  long.writeUInt32BE(length, 6);
  return long;
}
