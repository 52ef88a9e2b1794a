import type { Clock } from '@esinet/kernel';
import type { SendOutcome } from '@esinet/lmpe';
import type { AppIncoming, AppRequest } from '@esinet/lmpe-client';
import { type Core, type Message, UserAgent } from 'sip.js';
import { exactUri, fromParts, grantedSeconds, readIncoming } from './sip-values.js';
import { oneLine, writeBody } from './write-body.js';

export interface SipAgentOptions {
  /** URL of the provider's SIP over WebSocket, `wss://…`. */
  readonly server: string;
  readonly user: string;
  readonly password: string;
  readonly domain: string;
  /** User part of the Contact, the same over all connections of one chat. */
  readonly contact: string;
  /** Letters and digits only: a deployed PSAP takes a hyphen for the end of it. */
  readonly boundary: () => string;
  readonly clock: Clock;
  readonly connectWithinMs: number;
  /** The final answer to a MESSAGE that came in. */
  readonly onMessage: (message: AppIncoming) => number;
  readonly onOpened: () => void;
  readonly onLost: () => void;
}

export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly seconds: number }
  | { readonly kind: 'refused'; readonly status: number };

/**
 * One WebSocket with a sip.js user agent on it. A lost connection gets a new one, so that no transaction of the old
 * holds up the new: sip.js lets a REGISTER wait for 32 s before another may go out.
 */
export class SipAgent {
  readonly #agent: UserAgent;
  readonly #waiting = new Set<() => void>();
  #open = true;
  #heardAt: number;

  constructor(private readonly o: SipAgentOptions) {
    this.#heardAt = o.clock.now();
    const uri = UserAgent.makeURI(`sip:${o.user}@${o.domain}`);
    if (!uri) throw new TypeError('user and domain make no SIP URI');
    this.#agent = new UserAgent({
      uri,
      authorizationUsername: o.user,
      authorizationPassword: o.password,
      contactName: o.contact,
      transportOptions: {
        server: o.server,
        traceSip: false,
        connectionTimeout: Math.ceil(o.connectWithinMs / 1_000),
      },
      // What sip.js writes to the console holds texts and places of people.
      logBuiltinEnabled: false,
      logConfiguration: false,
      userAgentString: 'esinet',
      delegate: {
        onConnect: () => this.#open && o.onOpened(),
        onDisconnect: () => this.#lost(),
        onMessage: (message) => this.#receive(message),
      },
    });
    this.#listen();
  }

  /** When something was heard last, on the clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  connect(): void {
    // Whatever goes wrong comes as onDisconnect as well.
    this.#agent.start().catch(() => this.#lost());
  }

  /** RFC 3261 10.2; `seconds: 0` takes the registration back. */
  async register(seconds: number): Promise<RegisterOutcome> {
    const { domain, contact } = this.o;
    const core = this.#agent.userAgentCore;
    const { aor } = core.configuration;
    const request = core.makeOutgoingRequestMessage(
      'REGISTER',
      exactUri(`sip:${domain}`, domain),
      aor,
      aor,
      {},
      [`Contact: ${this.#agent.contact.toString({ register: true })};expires=${seconds}`],
    );
    const outcome = await this.#answer((delegate) => core.register(request, delegate));
    if (typeof outcome === 'string') return { kind: 'refused', status: 0 };
    const status = outcome.statusCode ?? 0;
    if (status < 200 || status > 299) return { kind: 'refused', status };
    return {
      kind: 'registered',
      seconds: grantedSeconds(outcome.getHeaders('contact'), outcome.getHeader('expires'), contact, seconds),
    };
  }

  async message(request: AppRequest): Promise<SendOutcome> {
    const { domain } = this.o;
    const core = this.#agent.userAgentCore;
    const target = UserAgent.makeURI(request.uri);
    const from = fromParts(request.from);
    const to = target ?? exactUri(`sip:112@${domain}`, domain);
    const body = writeBody(request.parts, this.o.boundary());
    const message = core.makeOutgoingRequestMessage(
      'MESSAGE',
      exactUri(request.uri, domain),
      UserAgent.makeURI(from.uri) ?? core.configuration.aor,
      to,
      { ...(from.tag !== undefined && { fromTag: from.tag }) },
      request.headers.map(([name, value]) => `${oneLine(name)}: ${oneLine(value)}`),
      body && { contentDisposition: 'render', contentType: body.contentType, content: body.body },
    );
    const outcome = await this.#answer((delegate) => core.request(message, delegate));
    return typeof outcome === 'string'
      ? { kind: 'failure', reason: outcome }
      : { kind: 'answered', status: outcome.statusCode ?? 0 };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const giveUp of [...this.#waiting]) giveUp();
    const { transport, userAgentCore } = this.#agent;
    // Not within a change of the transport's state: sip.js takes that for a loop.
    queueMicrotask(() => {
      userAgentCore.dispose();
      transport.disconnect().catch(() => undefined);
    });
  }

  /** The final answer to a request, or why there is none. */
  #answer(
    send: (delegate: Core.OutgoingRequestDelegate) => unknown,
  ): Promise<Core.IncomingResponseMessage | string> {
    return new Promise((resolve) => {
      const giveUp = (): void => resolve('connection lost');
      if (!this.#open) return giveUp();
      this.#waiting.add(giveUp);
      const done = ({ message }: Core.IncomingResponse): void => {
        this.#waiting.delete(giveUp);
        // RFC 3261 8.1.3.1: what sip.js makes up for a time-out or a dead socket was on no wire.
        resolve(message.hasHeader('via') ? message : 'no answer');
      };
      try {
        send({ onAccept: done, onReject: done, onRedirect: done });
      } catch (error) {
        this.#waiting.delete(giveUp);
        resolve(error instanceof Error ? error.message : 'error');
      }
    });
  }

  #receive(message: Message): void {
    const statusCode = this.o.onMessage(readIncoming(message.request));
    if (statusCode >= 200 && statusCode < 300) void message.accept({ statusCode });
    else void message.reject({ statusCode: statusCode >= 400 && statusCode < 700 ? statusCode : 500 });
  }

  /** sip.js throws on some of what is no SIP: none of it may reach the page. */
  #listen(): void {
    const { transport } = this.#agent;
    const read = transport.onMessage;
    transport.onMessage = (text) => {
      if (!this.#open) return;
      this.#heardAt = this.o.clock.now();
      try {
        read?.(text);
      } catch {
        // Dropped, as a datagram of noise is.
      }
    };
  }

  #lost(): void {
    if (!this.#open) return;
    this.close();
    this.o.onLost();
  }
}
