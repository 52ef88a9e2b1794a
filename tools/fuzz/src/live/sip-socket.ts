import { createSocket, type Socket } from 'node:dgram';
import { type SipMessage, buildRequest, buildResponse, parseDatagram } from '@esinet/sip';

/** Pause before a probe is sent again: a datagram may be lost where a queue is full. */
const againMs = 200;

/** One UDP port of the fuzzer: sends whatever it is given, answers requests, and can ask whether somebody is there. */
export class SipSocket {
  /** Message types of requests that came for a chat, by the unique part of its Call Identifier. */
  readonly #waiting = new Map<string, (response: SipMessage) => void>();
  onRequest: (request: SipMessage) => void = () => undefined;
  received = 0;
  #probes = 0;

  private constructor(
    private readonly socket: Socket,
    readonly port: number,
  ) {
    socket.on('message', (bytes, from) => this.#receive(bytes, from.port));
    socket.on('error', () => undefined);
  }

  static async open(): Promise<SipSocket> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304, sendBufferSize: 4_194_304 });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new SipSocket(socket, socket.address().port);
  }

  send(port: number, bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.socket.send(bytes, port, '127.0.0.1', () => resolve()));
  }

  /** Sends a request until its final answer, `ms` at most. The branch is that of `bytes`. */
  ask(port: number, branch: string, bytes: Buffer, ms: number): Promise<number | undefined> {
    return new Promise((resolve) => {
      const again = setInterval(() => void this.send(port, bytes), againMs);
      const done = (status: number | undefined): void => {
        clearInterval(again);
        clearTimeout(late);
        this.#waiting.delete(branch);
        resolve(status);
      };
      const late = setTimeout(() => done(undefined), ms);
      this.#waiting.set(branch, (response) => done(response.status));
      void this.send(port, bytes);
    });
  }

  /** RFC 3261 11: OPTIONS to the element itself. */
  options(port: number, ms: number): Promise<number | undefined> {
    const branch = `z9hG4bKprobe${this.#probes++}`;
    const bytes = buildRequest({
      method: 'OPTIONS',
      uri: `sip:127.0.0.1:${port}`,
      headers: [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${this.port};rport;branch=${branch}`],
        ['Max-Forwards', '70'],
        ['From', '<sip:probe@app.lab>;tag=p'],
        ['To', `<sip:127.0.0.1:${port}>`],
        ['Call-ID', `${branch}@app.lab`],
        ['CSeq', '1 OPTIONS'],
      ],
    });
    return this.ask(port, branch, bytes, ms);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(resolve));
  }

  #receive(datagram: Buffer, port: number): void {
    this.received++;
    const parsed = parseDatagram(Buffer.from(datagram));
    if (parsed.kind !== 'message') return;
    const { message } = parsed;
    if (message.isRequest) {
      this.onRequest(message);
      if (message.method !== 'ACK')
        void this.send(port, buildResponse(message, 200, undefined, { toTag: 'fuzz' }));
    } else if (message.status >= 200) {
      this.#waiting.get(message.topVia?.branch ?? '')?.(message);
    }
  }
}
