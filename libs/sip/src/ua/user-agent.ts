import { type Clock, type IdSource, type Logger, messageOf } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import { hasOneVia } from '../codec/check-response.js';
import { parseNameAddr } from '../codec/name-addr.js';
import type { SipMessage } from '../codec/sip-message.js';
import { parseUri } from '../codec/uri.js';
import type { Destination } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import { FailedDestinations } from '../proxy/failed-destinations.js';
import { defaultProxyTimes } from '../proxy/proxy-settings.js';
import { priorityCapabilities } from '../priority/resource-priority.js';
import { orderForSize } from '../transaction/destination-order.js';
import type { RequestLocator } from '../transaction/locator-port.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import type { ClientTransaction } from '../transaction/client-transaction.js';
import type { TransactionLayer } from '../transaction/transaction-layer.js';
import { challengeAnswer, type Credentials } from './challenge.js';
import { MergedRequests } from './merged-requests.js';
import type { UasAnswer } from './uas-answer.js';
import { checkUasRequest } from './uas-check.js';

const largestCSeq = 2 ** 31 - 1;

export type UacOutcome =
  | { readonly kind: 'response'; readonly message: SipMessage }
  /** `timeout`: Timer F or B. `transport`: no connection. `unlocatable`: nowhere to send it. */
  | { readonly kind: 'failure'; readonly reason: 'timeout' | 'transport' | 'unlocatable' };

export interface UserAgentOptions {
  readonly transactions: TransactionLayer;
  readonly locator: RequestLocator;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /**
   * Answers a request that is in order. A throw or a rejection is answered 500. When left out, the user agent only sends
   * and takes no requests from the transaction layer.
   */
  readonly onRequest?: (request: SipMessage, flow: Flow) => UasAnswer | Promise<UasAnswer>;
  /** Methods understood. Default MESSAGE and OPTIONS. */
  readonly allow?: readonly string[];
  /** Body types understood, for Accept in answers to OPTIONS. Default any. */
  readonly accept?: readonly string[];
  /** Media types such as `text/plain`: a body of another one is 415. Default any, since a body may be read by people. */
  readonly bodyTypes?: readonly string[];
  /** Event packages it is a notifier of, for Allow-Events in answers to OPTIONS. RFC 6665 4.4.4 */
  readonly allowEvents?: readonly string[];
  /** Option tags understood in Require. Default none. */
  readonly supported?: readonly string[];
  /** Values of Resource-Priority that are known, lower case. Default none: the extension is not understood. RFC 4412 */
  readonly resourceValues?: readonly string[];
  /** Schemes of the Request-URIs answered, lower case; others are 416. Default sip, sips, tel, urn, im and pres. */
  readonly schemes?: readonly string[];
  /**
   * Where every request goes first. A URI with `lr` is put into Route as well, RFC 3261 8.1.2. Several are elements of
   * ours that stand for each other: one that over a reliable transport does not even say 100 (RFC 4320 4.1) within
   * `promptMs` is joined by the next, and those that failed lately are asked last. One of them by its name is as many
   * as RFC 3263 finds under it.
   */
  readonly outboundProxy?: Destination | string | Flow | readonly (Destination | { readonly uri: string })[];
  /** Default 500 ms. */
  readonly promptMs?: number;
  /**
   * A request that came a second time by another path, RFC 3261 8.2.2.2: `reject` answers 482; `repeat` answers as the
   * first one was answered, so that a proxy that had failed over reports a MESSAGE that did arrive as arrived.
   */
  readonly mergedRequests?: 'reject' | 'repeat';
}

export interface UacRequest {
  readonly method: string;
  readonly uri: string;
  /** name-addr or URI; a tag is added where there is none. */
  readonly from: string;
  readonly to: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
  readonly contentType?: string;
  /** Route set, topmost first: URIs or name-addrs. */
  readonly routes?: readonly string[];
  readonly destination?: Destination | Flow;
  readonly listener?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly credentials?: Credentials;
}

/**
 * Sends and answers requests: MESSAGE, OPTIONS and the like. RFC 3261 8. Of dialogs it knows nothing: who has one gives
 * Call-ID, CSeq, tags and routes with the request.
 */
export class UserAgent {
  readonly #allow: readonly string[];
  readonly #merged: MergedRequests;
  readonly #failures: FailedDestinations;
  #cseq = 0;

  constructor(private readonly options: UserAgentOptions) {
    this.#allow = options.allow ?? ['MESSAGE', 'OPTIONS'];
    const { queue, timers } = options.transactions;
    this.#merged = new MergedRequests(queue, timers.timeout, options.mergedRequests ?? 'reject');
    this.#failures = new FailedDestinations(options.clock, defaultProxyTimes.cooldownMs);
    if (options.onRequest) options.transactions.onRequest = (tx) => this.handle(tx);
  }

  /** RFC 3261 8.2: checks a request, has it answered, answers. Never throws. */
  handle(tx: ServerTransaction): void {
    const { request } = tx;
    try {
      const refusal = checkUasRequest(request, this.#allow, this.options);
      if (refusal) return tx.refuse(refusal);
      if (this.#merged.merge(tx)) return;
      if (request.method === 'OPTIONS') return this.#answer(tx, this.#capabilities());
      const answer = this.options.onRequest?.(request, tx.flow) ?? { status: 501 };
      if (answer instanceof Promise) {
        answer
          .then((settled) => this.#answer(tx, settled))
          .catch((error: unknown) => this.#failed(tx, error));
      } else this.#answer(tx, answer);
    } catch (error) {
      this.#failed(tx, error);
    }
  }

  /** Sends a request and waits for its final response. Never rejects. RFC 3261 8.1 */
  async send(o: UacRequest): Promise<UacOutcome> {
    try {
      return await this.#send(o);
    } catch (error) {
      this.options.logger.error('sip-send-failed', { method: o.method, reason: messageOf(error) });
      return { kind: 'failure', reason: 'transport' };
    }
  }

  async #send(o: UacRequest): Promise<UacOutcome> {
    const { ids } = this.options;
    const callId = o.callId ?? ids.token(24);
    const from = withTag(o.from, ids);
    const routes = this.#routes(o);
    let cseq = o.cseq ?? this.#nextCSeq();
    const write = (number: number, extra: readonly (readonly [string, string])[]) =>
      buildRequest({
        method: o.method,
        uri: o.uri,
        headers: [
          ...routes.map((route): [string, string] => ['Route', nameAddr(route)]),
          ['Max-Forwards', '70'],
          ['From', from],
          ['To', nameAddr(o.to)],
          ['Call-ID', callId],
          ['CSeq', `${number} ${o.method}`],
          ...extra,
          ...(o.headers ?? []),
          ...(o.contentType === undefined ? [] : [['Content-Type', o.contentType] as const]),
        ],
        ...(o.body === undefined ? undefined : { body: o.body }),
      });
    const first = write(cseq, []);
    const destinations = await this.#destinations(o, routes, first.length);
    if (destinations.length === 0) return { kind: 'failure', reason: 'unlocatable' };
    const outcome = await this.#tryEach(first, destinations, o.listener);
    if (outcome.kind !== 'response' || !o.credentials) return outcome;
    // RFC 3261 22.2: once more with credentials, with the same Call-ID and the next CSeq.
    const authorization = challengeAnswer(outcome.message, o.method, o.uri, o.body, o.credentials);
    if (!authorization) return outcome;
    cseq = o.cseq === undefined ? this.#nextCSeq() : cseq + 1;
    return this.#tryEach(write(cseq, [authorization]), destinations, o.listener);
  }

  /** RFC 3263 4.3: the next destination on a failed transport, a timeout or a 503; the first good answer counts. */
  #tryEach(
    bytes: Buffer,
    destinations: readonly (Destination | Flow)[],
    listener: string | undefined,
  ): Promise<UacOutcome> {
    const { promptMs = defaultProxyTimes.promptMs, transactions } = this.options;
    const prompt = Array.isArray(this.options.outboundProxy);
    return new Promise((resolve) => {
      let outcome: UacOutcome = { kind: 'failure', reason: 'unlocatable' };
      let begun = 0;
      let open = 0;
      const next = (): void => {
        const destination = destinations[begun];
        if (!destination) {
          if (open === 0) resolve(outcome);
          return;
        }
        begun++;
        open++;
        let joined = false;
        const join = (): void => {
          joined = true;
          client.distrust();
          this.#failures.failed(destination);
          next();
        };
        const isPrompt = prompt && begun < destinations.length && destination.transport !== 'udp';
        const silence = isPrompt ? transactions.queue.after(promptMs, join) : undefined;
        const client = this.#transact(bytes, destination, listener, {
          heard: () => silence?.cancel(),
          ended: (ended) => {
            silence?.cancel();
            open--;
            outcome = ended;
            const isAnswered = ended.kind === 'response';
            if (isAnswered) this.#failures.answered(destination);
            if (isAnswered && ended.message.status !== 503) return resolve(ended);
            if (!isAnswered) this.#failures.failed(destination);
            // Whoever was joined has a successor already; the last one to end gives the outcome.
            if (!joined || begun >= destinations.length) next();
          },
        });
      };
      next();
    });
  }

  #transact(
    bytes: Buffer,
    destination: Destination | Flow,
    listener: string | undefined,
    told: { heard(): void; ended(outcome: UacOutcome): void },
  ): ClientTransaction {
    return this.options.transactions.request(
      { bytes, destination, ...(listener === undefined ? undefined : { listener }) },
      {
        // RFC 3261 8.1.3.3
        accepts: hasOneVia,
        onResponse: (message) => {
          told.heard();
          if (message.status >= 200) told.ended({ kind: 'response', message });
        },
        onFailure: (reason) => told.ended({ kind: 'failure', reason }),
      },
    );
  }

  /** RFC 3261 8.1.1.5: below 2**31. Requests have a Call-ID each, so that it may begin anew. */
  #nextCSeq(): number {
    this.#cseq = this.#cseq >= largestCSeq ? 1 : this.#cseq + 1;
    return this.#cseq;
  }

  #routes(o: UacRequest): readonly string[] {
    const { outboundProxy } = this.options;
    const routes = o.routes ?? [];
    if (o.destination || typeof outboundProxy !== 'string') return routes;
    const uri = uriOf(outboundProxy);
    return parseUri(uri)?.params.has('lr') ? [uri, ...routes] : routes;
  }

  async #destinations(
    o: UacRequest,
    routes: readonly string[],
    bytes: number,
  ): Promise<readonly (Destination | Flow)[]> {
    const fixed = o.destination ?? this.options.outboundProxy;
    if (isList(fixed)) {
      const found = await Promise.all(
        fixed.map((hop) => ('uri' in hop ? this.#located(hop.uri) : Promise.resolve([hop]))),
      );
      return this.#failures.lastTried(found.flat(), (destination) => destination);
    }
    if (fixed !== undefined && typeof fixed !== 'string') return [fixed];
    // RFC 3261 8.1.2: the outbound proxy, else the first Route, else the Request-URI.
    const hop = uriOf(fixed ?? routes[0] ?? o.uri);
    return orderForSize(await this.options.locator.locate(hop), bytes);
  }

  /** None where the name is not found: the others of the list are there. */
  #located(uri: string): Promise<readonly Destination[]> {
    return this.options.locator.locate(uri).catch((error: unknown) => {
      this.options.logger.warn('sip-proxy-not-located', { reason: messageOf(error) });
      return [];
    });
  }

  #capabilities(): UasAnswer {
    const { accept, allowEvents, resourceValues } = this.options;
    return {
      status: 200,
      headers: [
        ['Accept', accept?.join(', ') ?? '*/*'],
        ...(allowEvents ? [['Allow-Events', allowEvents.join(', ')] as const] : []),
        ...priorityCapabilities(resourceValues),
      ],
    };
  }

  #answer(tx: ServerTransaction, answer: UasAnswer): void {
    const withAllow =
      tx.request.method === 'OPTIONS' && answer.status < 300
        ? { ...answer, headers: [['Allow', this.#allow.join(', ')] as const, ...(answer.headers ?? [])] }
        : answer;
    tx.respond(withAllow);
    this.#merged.answered(tx, withAllow);
    withAllow.sent?.();
  }

  #failed(tx: ServerTransaction, error: unknown): void {
    this.options.transactions.counters.errors++;
    this.options.logger.error('sip-answer-failed', { method: tx.request.method, reason: messageOf(error) });
    this.#answer(tx, { status: 500 });
  }
}

function isList(
  fixed: UserAgentOptions['outboundProxy'],
): fixed is readonly (Destination | { readonly uri: string })[] {
  return Array.isArray(fixed);
}

function uriOf(text: string): string {
  return text.includes('<') ? (parseNameAddr(text)?.uri ?? text) : text;
}

/** In angle brackets: a bare URI with parameters would lose them to the header, RFC 3261 20.10 */
function nameAddr(text: string): string {
  return text.includes('<') ? text : `<${text}>`;
}

/** RFC 3261 8.1.1.3 */
function withTag(from: string, ids: IdSource): string {
  const address = nameAddr(from);
  return parseNameAddr(address)?.tag === undefined ? `${address};tag=${ids.token(16)}` : address;
}
