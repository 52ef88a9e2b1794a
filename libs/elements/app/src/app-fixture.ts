import { countingIds, silentLogger, systemClock } from '@esinet/kernel';
import { writeCallInfo } from '@esinet/lmpe';
import {
  type Flow,
  type ListenOptions,
  type SipMessage,
  type UasAnswer,
  UserAgent,
  createSipStack,
  parseDatagram,
  serverLocator,
} from '@esinet/sip';
import { until } from '@esinet/testing';

/** The far side: a SIP user agent on one socket that answers over the flow a request came on. */
export class FarSide {
  readonly received: SipMessage[] = [];
  readonly flows: Flow[] = [];
  answer: (request: SipMessage) => UasAnswer = () => ({ status: 200 });
  readonly #stack;
  readonly #agent: UserAgent;

  constructor(listener: Omit<ListenOptions, 'name' | 'host' | 'port'>) {
    this.#stack = createSipStack({
      listeners: [{ ...listener, name: 'far', host: '127.0.0.1', port: 0 }],
      clock: systemClock,
      logger: silentLogger,
    });
    this.#agent = new UserAgent({
      transactions: this.#stack.transactions,
      locator: serverLocator({ table: [], clock: systemClock, timeoutMs: 500, preferred: ['tcp'] }),
      clock: systemClock,
      ids: countingIds(`f${Math.floor(performance.now())}`),
      logger: silentLogger,
      allow: ['MESSAGE', 'REGISTER', 'OPTIONS'],
      onRequest: (request, flow) => {
        const copy = parseDatagram(Buffer.from(request.bytes));
        if (copy.kind === 'message') this.received.push(copy.message);
        this.flows.push(flow);
        return this.answer(request);
      },
    });
  }

  async start(): Promise<number> {
    await this.#stack.start();
    return this.#stack.transport.listeners()[0]?.port ?? 0;
  }

  /** A MESSAGE of a PSAP in that chat, over the flow of the last request. */
  async say(
    callId: string,
    messageType: number,
    messageId: number | undefined,
    text: string,
    o: { replyTo?: string; from?: string } = {},
  ): Promise<number> {
    const flow = this.flows.at(-1);
    if (!flow) return 0;
    const identifiers = writeCallInfo({
      callId,
      messageType,
      element: 'psap.lab',
      ...(messageId !== undefined && { messageId }),
    });
    const outcome = await this.#agent.send({
      method: 'MESSAGE',
      uri: 'sip:ana@provider.lab',
      from: o.from ?? 'sip:madrid@esinet.lab',
      to: 'sip:ana@provider.lab',
      destination: flow,
      headers: [
        ['Reply-To', o.replyTo ?? 'sip:madrid@esinet.lab'],
        ...identifiers.map((value) => ['Call-Info', value] as const),
      ],
      body: text,
      contentType: 'text/plain; charset=utf-8',
    });
    return outcome.kind === 'response' ? outcome.message.status : 0;
  }

  drop(flow: string): void {
    this.#stack.transport.dropFlow(flow, 'dropped by the test');
  }

  request(n: number): Promise<SipMessage> {
    return until(() => this.received[n - 1]);
  }

  close(): Promise<void> {
    return this.#stack.stop();
  }
}
