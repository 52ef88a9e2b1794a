import { randomIds, silentLogger, systemClock } from '@esinet/kernel';
import { writeCallInfo } from '@esinet/lmpe';
import {
  type SipMessage,
  type SipStack,
  UserAgent,
  createSipStack,
  parseDatagram,
  serverLocator,
  writeMultipart,
} from '@esinet/sip';
import { until } from '@esinet/testing';

export interface Travelling {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly contentType?: string;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly message: SipMessage;
}

/** A user agent of a caller on one road to the border: it sends what no proper APP would, and keeps what it gets. */
export class Traveller {
  readonly received: SipMessage[] = [];

  private constructor(
    private readonly stack: SipStack,
    private readonly agent: UserAgent,
    readonly uri: string,
    received: SipMessage[],
  ) {
    this.received = received;
  }

  static async open(port: number, transport: 'udp' | 'tcp' = 'tcp'): Promise<Traveller> {
    const stack = createSipStack({
      listeners: [{ name: 'traveller', transport, host: '127.0.0.1', port: 0 }],
      clock: systemClock,
      logger: silentLogger,
    });
    const received: SipMessage[] = [];
    const agent = new UserAgent({
      transactions: stack.transactions,
      locator: serverLocator({ table: [], clock: systemClock, timeoutMs: 100, preferred: [transport] }),
      clock: systemClock,
      ids: randomIds,
      logger: silentLogger,
      outboundProxy: { transport, address: '127.0.0.1', port },
      onRequest: (request) => {
        const copy = parseDatagram(Buffer.from(request.bytes), { maxMessage: 1_000_000 });
        if (copy.kind === 'message') received.push(copy.message);
        return { status: 200 };
      },
    });
    await stack.start();
    const own = stack.transport.listeners()[0]?.port ?? 0;
    return new Traveller(stack, agent, `sip:traveller-${own}@app.lab`, received);
  }

  async send(o: Travelling): Promise<Answered> {
    const outcome = await this.agent.send({
      method: 'MESSAGE',
      uri: o.uri ?? 'urn:service:sos',
      from: o.from ?? this.uri,
      to: o.to ?? 'urn:service:sos',
      headers: o.headers ?? [],
      ...(o.body !== undefined && { body: o.body }),
      ...(o.contentType !== undefined && { contentType: o.contentType }),
    });
    if (outcome.kind !== 'response') throw new Error(`no answer: ${outcome.reason}`);
    return { status: outcome.message.status, message: outcome.message };
  }

  /** What has come of one chat, once it is as many. */
  async of(callId: string, n = 1): Promise<SipMessage[]> {
    const mine = (): SipMessage[] =>
      this.received.filter((m) => m.values('Call-Info').some((value) => value.includes(callId)));
    await until(() => mine().length >= n);
    return mine();
  }

  close(): Promise<void> {
    return this.stack.stop();
  }
}

export function callIdOf(unique: string): string {
  return `urn:emergency:uid:callid:${unique}:app.lab`;
}

/** Call-Info lines of one message. */
export function identify(callId: string, messageType: number, messageId?: number): [string, string][] {
  return writeCallInfo({
    callId,
    messageType,
    element: 'app.lab',
    ...(messageId !== undefined && { messageId }),
  }).map((value) => ['Call-Info', value]);
}

export interface Part {
  readonly type: string;
  readonly id?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body: string | Buffer;
}

/** A multipart/mixed body of these parts. */
export function bodyOf(...parts: readonly Part[]): { contentType: string; body: Buffer } {
  return writeMultipart(
    parts.map(({ type, id, headers = [], body }) => ({
      headers: [
        ['Content-Type', type] as [string, string],
        ...(id === undefined ? [] : [['Content-ID', `<${id}>`] as [string, string]]),
        ...headers.map(([n, v]): [string, string] => [n, v]),
      ],
      body,
    })),
  );
}
