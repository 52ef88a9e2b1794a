import { type Socket, createSocket } from 'node:dgram';
import { readIdentifiers } from '@esinet/lmpe';
import { type SipMessage, buildRequest, buildResponse, parseDatagram } from '@esinet/sip';

/** RFC 3261 17.1.2.2: T1 and T2, shorter for a link that is this machine, so that an outage is noticed as it ends. */
const firstPauseMs = 100;
const longestPauseMs = 400;

/** A bare UDP socket that speaks SIP: what it sends is what the test wrote, and it sends it until it is answered. */
export class Wire {
  /** Requests received, each copy of them, in order. */
  readonly requests: SipMessage[] = [];
  /** Status with which requests are answered; 0 leaves them unanswered. */
  answer: (request: SipMessage) => number = () => 200;
  readonly #waiting = new Map<string, (response: SipMessage) => void>();
  readonly #watching = new Map<string, (response: SipMessage) => void>();

  private constructor(
    private readonly socket: Socket,
    readonly port: number,
  ) {
    socket.on('message', (bytes, from) => this.#receive(bytes, from.port));
    // A far side that is away shows as ECONNREFUSED; what was sent is sent again.
    socket.on('error', () => undefined);
  }

  static async open(): Promise<Wire> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304, sendBufferSize: 4_194_304 });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new Wire(socket, socket.address().port);
  }

  sendOnce(port: number, bytes: Buffer): void {
    this.socket.send(bytes, port, '127.0.0.1', () => undefined);
  }

  /** Sends until the final answer comes, for `ms` at most. */
  send(port: number, bytes: Buffer, ms = 20_000): Promise<SipMessage | undefined> {
    const branch = branchOf(bytes);
    return new Promise((resolve) => {
      const until = performance.now() + ms;
      let pause = firstPauseMs;
      let timer: NodeJS.Timeout;
      const done = (response: SipMessage | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(branch);
        resolve(response);
      };
      const again = (): void => {
        if (performance.now() > until) return done(undefined);
        this.sendOnce(port, bytes);
        timer = setTimeout(again, pause);
        pause = Math.min(pause * 2, longestPauseMs);
      };
      this.#waiting.set(branch, done);
      again();
    });
  }

  /** Shows every copy of the answers to a request; the function it gives ends that. */
  onResponse(bytes: Buffer, look: (response: SipMessage) => void): () => void {
    const branch = branchOf(bytes);
    this.#watching.set(branch, look);
    return () => this.#watching.delete(branch);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(resolve));
  }

  #receive(datagram: Buffer, port: number): void {
    const parsed = parseDatagram(Buffer.from(datagram));
    if (parsed.kind !== 'message') return;
    const { message } = parsed;
    if (!message.isRequest) {
      this.#watching.get(message.topVia?.branch ?? '')?.(message);
      if (message.status >= 200) this.#waiting.get(message.topVia?.branch ?? '')?.(message);
      return;
    }
    const status = this.answer(message);
    this.requests.push(message);
    if (status > 0) this.sendOnce(port, buildResponse(message, status, undefined, { toTag: 'wire' }));
  }
}

function branchOf(bytes: Buffer): string {
  const parsed = parseDatagram(bytes);
  return (parsed.kind === 'message' && parsed.message.topVia?.branch) || '';
}

export interface ChatText {
  readonly wire: Wire;
  /** Unique part of the Call Identifier. */
  readonly chat: string;
  readonly messageType: number;
  readonly messageId?: number;
  readonly text?: string | Buffer;
  readonly from?: string;
  readonly uri?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly contentType?: string;
  /** What makes it another transaction; the same by default. */
  readonly attempt?: number;
}

/** A MESSAGE of a chat as an APP writes it (TS 103 698 6.1.2.7); the same input gives the same octets. */
export function chatMessage(o: ChatText): Buffer {
  const { wire, chat, messageType, messageId, attempt = 0 } = o;
  const name = `${chat}-${messageType}-${messageId ?? 0}`;
  const from = o.from ?? `sip:caller-${chat}@app.lab`;
  const identifiers: [string, string][] = [
    ['Call-Info', `<urn:emergency:uid:callid:${chat}:app.lab>; purpose=EmergencyCallData.CallId`],
    ['Call-Info', `<urn:emergency:uid:msgtype:${messageType}:app.lab>; purpose=EmergencyCallData.MsgType`],
  ];
  if (messageId !== undefined) {
    identifiers.push([
      'Call-Info',
      `<urn:emergency:uid:msgid:${messageId}:app.lab>; purpose=EmergencyCallData.MsgId`,
    ]);
  }
  return buildRequest({
    method: 'MESSAGE',
    uri: o.uri ?? 'urn:service:sos',
    headers: [
      ['Via', `SIP/2.0/UDP 127.0.0.1:${wire.port};rport;branch=z9hG4bK${name}-${attempt}`],
      ['Max-Forwards', '70'],
      ['From', `<${from}>;tag=${chat}`],
      ['To', '<urn:service:sos>'],
      ['Call-ID', `${name}@app.lab`],
      ['CSeq', '1 MESSAGE'],
      ...identifiers,
      ...(o.headers ?? []),
      ...(o.text === undefined
        ? []
        : [['Content-Type', o.contentType ?? 'text/plain; charset=utf-8'] as const]),
    ],
    ...(o.text === undefined ? {} : { body: o.text }),
  });
}

/** Type and identifier of a message of a PSAP, and the unique part of the Call Identifier. */
export function identifiersOf(m: SipMessage): { chat: string; messageType: number; messageId: number } {
  const {
    callId = '',
    messageType = Number.NaN,
    messageId = Number.NaN,
  } = readIdentifiers(m.values('Call-Info'));
  return { chat: callId.split(':')[4] ?? '', messageType, messageId };
}
