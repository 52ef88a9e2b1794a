import { randomIds, silentLogger, systemClock } from '@esinet/kernel';
import {
  type SipMessage,
  type SipStack,
  UserAgent,
  createSipStack,
  serverLocator,
  writeMultipart,
} from '@esinet/sip';
import { Inbox } from './interop/inbox.js';
import { callInfo, messageTypeOf } from './interop/chat-body.js';

export interface Part {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface StartMessage {
  readonly text?: string;
  /** Header fields besides the identifiers. */
  readonly headers?: readonly (readonly [string, string])[];
  /** Body parts after the text. */
  readonly parts?: readonly Part[];
  readonly uri?: string;
  readonly identifiers?: boolean;
  /** Unique part of the Call Identifier; a new one when not given. */
  readonly callId?: string;
}

export interface Started {
  readonly callId: string;
  readonly status: number;
  /** Milliseconds to the final answer. */
  readonly milliseconds: number;
  /** The PSAP's own start. */
  readonly start: SipMessage;
  /** User part of its Reply-To. */
  readonly centre: string;
}

/** A bare SIP user agent on UDP that can send starts no proper APP would send. */
export class Caller {
  readonly #inbox = new Inbox<SipMessage>();

  private constructor(
    private readonly stack: SipStack,
    private readonly agent: UserAgent,
    readonly uri: string,
    private readonly inboxOf: (caller: Caller) => void,
  ) {
    this.inboxOf(this);
  }

  static async open(bcfPort: number): Promise<Caller> {
    const clock = systemClock;
    const logger = silentLogger;
    const stack = createSipStack({
      listeners: [{ name: 'caller', transport: 'udp', host: '127.0.0.1', port: 0 }],
      clock,
      logger,
    });
    let receive: (request: SipMessage) => void = () => undefined;
    const agent = new UserAgent({
      transactions: stack.transactions,
      locator: serverLocator({ table: [], clock, timeoutMs: 100, preferred: ['udp'] }),
      clock,
      ids: randomIds,
      logger,
      outboundProxy: { transport: 'udp', address: '127.0.0.1', port: bcfPort },
      onRequest: (request) => {
        receive(request);
        return { status: 200 };
      },
    });
    await stack.start();
    const port = stack.transport.listeners()[0]?.port ?? 0;
    return new Caller(stack, agent, `sip:caller-${port}@app.lab`, (caller) => {
      receive = (request) => caller.#inbox.put(request);
    });
  }

  /** Sends a start and waits for the PSAP's own. */
  async start(o: StartMessage): Promise<Started> {
    const callId = o.callId ?? randomIds.token(26);
    const begun = performance.now();
    const status = await this.send({ ...o, callId });
    const milliseconds = performance.now() - begun;
    const start = await this.#inbox.take(
      (m) =>
        messageTypeOf(m.values('Call-Info')) === 257 &&
        (o.identifiers === false || m.values('Call-Info').some((value) => value.includes(callId))),
    );
    const replyTo = start.header('Reply-To') ?? '';
    return {
      callId,
      status,
      milliseconds,
      start,
      centre: replyTo.slice(replyTo.indexOf(':') + 1, replyTo.indexOf('@')),
    };
  }

  /** Sends a start; gives the status of its final answer. */
  async send(o: StartMessage): Promise<number> {
    const callId = o.callId ?? randomIds.token(26);
    const multipart = writeMultipart(
      [
        { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: o.text ?? 'help' },
        ...(o.parts ?? []).map(({ headers, body }) => ({
          headers: headers.map(([n, v]): [string, string] => [n, v]),
          body,
        })),
      ],
      { boundary: 'lab-part' },
    );
    const identifiers = callInfo({
      callId,
      messageId: 1,
      messageType: 257,
      text: '',
      latitude: 0,
      longitude: 0,
    });
    const outcome = await this.agent.send({
      method: 'MESSAGE',
      uri: o.uri ?? 'urn:service:sos',
      from: this.uri,
      to: 'urn:service:sos',
      headers: [
        ...(o.identifiers === false ? [] : identifiers.map((value) => ['Call-Info', value] as const)),
        ...(o.headers ?? []),
      ],
      contentType: multipart.contentType,
      body: multipart.body,
    });
    if (outcome.kind !== 'response') throw new Error(`no answer: ${outcome.reason}`);
    return outcome.message.status;
  }

  async close(): Promise<void> {
    await this.stack.stop();
  }
}
