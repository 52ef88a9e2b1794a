import { randomIds, silentLogger, systemClock } from '@esinet/kernel';
import { newCallId, readIdentifiers, writeCallInfo } from '@esinet/lmpe';
import { type SipStack, UserAgent, createSipStack, parseNameAddr, serverLocator } from '@esinet/sip';

const element = 'app.lab';
const answerMs = 5_000;

/** A caller on UDP that numbers its messages as it is told, which no proper APP would do. */
export class BareCaller {
  /** Where each chat goes on, once its centre has spoken. */
  readonly replyTo = new Map<string, string>();
  readonly #from = `sip:bare-${randomIds.token(8)}@${element}`;

  private constructor(
    private readonly stack: SipStack,
    private readonly agent: UserAgent,
  ) {}

  static async open(port: number): Promise<BareCaller> {
    const [clock, logger] = [systemClock, silentLogger];
    const stack = createSipStack({
      listeners: [{ name: 'bare', transport: 'udp', host: '127.0.0.1', port: 0 }],
      clock,
      logger,
    });
    const holder: { caller?: BareCaller } = {};
    const agent = new UserAgent({
      transactions: stack.transactions,
      locator: serverLocator({ table: [], clock, timeoutMs: 100, preferred: ['udp'] }),
      ...{ clock, ids: randomIds, logger },
      outboundProxy: { transport: 'udp', address: '127.0.0.1', port },
      mergedRequests: 'repeat',
      onRequest: (request) => {
        const { callId } = readIdentifiers(request.values('Call-Info'));
        const replyTo = parseNameAddr(request.header('Reply-To') ?? '')?.uri;
        if (callId !== undefined && replyTo !== undefined) holder.caller?.replyTo.set(callId, replyTo);
        return { status: 200 };
      },
    });
    await stack.start();
    const caller = new BareCaller(stack, agent);
    holder.caller = caller;
    return caller;
  }

  newChat(): string {
    return newCallId(randomIds, element);
  }

  /** Status of the final answer, 0 where there was none. The message with the identifier 1 starts the chat. */
  async send(chat: string, messageId: number, text: string): Promise<number> {
    const start = messageId === 1;
    const uri = start ? 'urn:service:sos' : await this.#target(chat);
    const headers = writeCallInfo({ callId: chat, messageType: start ? 257 : 259, messageId, element });
    const outcome = await this.agent.send({
      method: 'MESSAGE',
      uri,
      from: this.#from,
      to: uri,
      headers: headers.map((value) => ['Call-Info', value] as const),
      contentType: 'text/plain; charset=utf-8',
      body: text,
    });
    return outcome.kind === 'response' ? outcome.message.status : 0;
  }

  close(): Promise<void> {
    return this.stack.stop();
  }

  async #target(chat: string): Promise<string> {
    for (const until = performance.now() + answerMs; performance.now() < until;) {
      const known = this.replyTo.get(chat);
      if (known !== undefined) return known;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return 'urn:service:sos';
  }
}
