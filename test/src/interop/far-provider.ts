import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Inbox } from './inbox.js';

/** A request as the far side got it. */
export interface FarRequest {
  readonly method: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly text: string;
}

/** What it answers to a request; undefined: nothing at all. */
export type FarAnswer = (request: FarRequest) => number | undefined;

/** The far end of a SIP WebSocket (RFC 7118) that a test can make silent, wrong or hostile. */
export class FarProvider {
  readonly requests: FarRequest[] = [];
  /** Status of the answers to what it sent. */
  readonly answers = new Inbox<{ readonly cseq: number; readonly status: number }>();
  connections = 0;
  answer: FarAnswer = () => 200;
  #cseq = 0;
  #socket: WebSocket | undefined;

  private constructor(private readonly server: WebSocketServer) {
    server.on('connection', (socket) => {
      this.connections++;
      this.#socket = socket;
      socket.on('message', (data) => this.#take(socket, (data as Buffer).toString('utf8')));
    });
  }

  static async open(): Promise<FarProvider> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'sip' });
    await new Promise((resolve) => server.once('listening', resolve));
    return new FarProvider(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/sip`;
  }

  of(method: string): FarRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Anything, as it is. */
  write(data: string | Buffer): void {
    this.#socket?.send(data);
  }

  /** Sends a MESSAGE; gives the status of its answer. */
  async message(o: {
    readonly to: string;
    readonly headers: readonly string[];
    readonly body?: string;
    readonly from?: string;
  }): Promise<number> {
    const cseq = ++this.#cseq;
    const body = o.body ?? '';
    this.write(
      [
        `MESSAGE ${o.to} SIP/2.0`,
        `Via: SIP/2.0/WS far.invalid;branch=z9hG4bK${cseq}`,
        'Max-Forwards: 70',
        `From: <sip:${o.from ?? 'psap'}@esinet.lab>;tag=far`,
        `To: <${o.to}>`,
        'Call-ID: far-call',
        `CSeq: ${cseq} MESSAGE`,
        ...o.headers,
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
    return (await this.answers.take((answer) => answer.cseq === cseq)).status;
  }

  breakConnection(): void {
    this.#socket?.terminate();
  }

  async close(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(socket: WebSocket, text: string): void {
    const end = text.indexOf('\r\n\r\n');
    const [first = '', ...headers] = text.slice(0, end).split('\r\n');
    const value = (name: string): string =>
      headers
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim() ?? '';
    if (first.startsWith('SIP/2.0 ')) {
      this.answers.put({ cseq: Number.parseInt(value('cseq'), 10), status: Number(first.split(' ')[1]) });
      return;
    }
    const request = { method: first.split(' ')[0] ?? '', headers, body: text.slice(end + 4), text };
    this.requests.push(request);
    const status = this.answer(request);
    if (status === undefined) return;
    socket.send(
      [
        `SIP/2.0 ${status} Whatever`,
        ...headers.filter((line) => /^(via|from|call-id|cseq|contact):/i.test(line)),
        `To: ${value('to')};tag=far`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  }
}
