import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import { editMessage } from '../codec/edit.js';
import { parseDatagram } from '../codec/datagram.js';
import { unlimited } from '../codec/limits.js';
import type { SipMessage } from '../codec/sip-message.js';
import { isIpv4 } from '../codec/host.js';
import { parseUri, type Uri } from '../codec/uri.js';
import type { Destination } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import type { HopGuard } from '../overload/signalling.js';
import { listenerOfSide } from '../transaction/listener-side.js';
import type { RequestLocator } from '../transaction/locator-port.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import type { TransactionLayer } from '../transaction/transaction-layer.js';
import { isFlow, type TransactionTransport } from '../transaction/transport-port.js';
import { DialogSeal, type InDialog } from './dialog-seal.js';
import { FailedDestinations } from './failed-destinations.js';
import { forwardStateless } from './forward-ack.js';
import { defaultProxyTimes, type ProxySettings, retriable } from './proxy-settings.js';
import { ResponseContext } from './response-context.js';
import { listenerNamed } from './record-route.js';
import { withoutOwnMaddr } from './request-uri.js';
import type { ForwardDecision, ForwardTarget, OwnAnswer, RouteDecision } from './route-decision.js';
import { preprocessRoute } from './route-preprocess.js';
import { ownCapabilities, validateRequest } from './validate.js';

export interface ProxyCoreOptions {
  readonly transactions: TransactionLayer;
  readonly transport: TransactionTransport;
  readonly locator: RequestLocator;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * What becomes of a request, RFC 3261 16.5. A throw or a rejection is answered 500. ACK for a 2xx is asked too.
   * `dialog` is there where the request came by a sealed Record-Route value of ours: it goes where Route and
   * Request-URI say, RFC 3261 16.5 and 16.12.
   */
  readonly route: (
    request: SipMessage,
    flow: Flow,
    dialog?: InDialog,
  ) => RouteDecision | Promise<RouteDecision>;
  /** Names us, in a Route or as the host of an OPTIONS ping. Addresses of the listeners are ours in any case. */
  readonly isOwn: (uri: Uri) => boolean;
  /** Stay in the path of the dialogs that forwarded requests set up. Default false. RFC 3261 16.6 step 4 */
  readonly recordRoute?: boolean;
  /**
   * Seal the Record-Route values, so that requests of dialogs set up here are known by them. The secret is to be the same
   * in every process that serves this address; `ways`: each value also holds how its side is reached.
   */
  readonly dialogs?: { readonly secret: Buffer; readonly ways?: boolean };
  /** RFC 3261 16.6 step 11. Default 185 s. */
  readonly timerCMs?: number;
  /**
   * Without any response for so long the next target gets the request as well. Default 4 s. A MESSAGE cannot be taken
   * back: both may deliver it, and the records at the end must know it by its identifiers.
   */
  readonly failoverMs?: number;
  /** The same over a reliable transport where the next target is a sibling. Default 500 ms. */
  readonly promptMs?: number;
  /** The same while a connection is being opened. Default 2 s. */
  readonly connectMs?: number;
  /** How long a silent or refusing destination is tried after the others. Default 30 s. */
  readonly cooldownMs?: number;
  /** Final responses after which the next target is tried. Default 408, 430 and 503. */
  readonly failoverOn?: (status: number) => boolean;
  /** Which next hops have asked for less, or do not answer. Default: all may have everything. RFC 7339 5.5, 5.9 */
  readonly hops?: HopGuard | undefined;
  /** The answer when every target has asked for less. Default 486. RFC 7339 5.10, TS 103 698 6.1.2.9 */
  readonly heldStatus?: number | undefined;
  /** The answer when no target could be reached. Default 500, RFC 3261 16.7 step 6. */
  readonly unreachableStatus?: number;
  /** Option tags understood in Proxy-Require. Default none. */
  readonly supported?: readonly string[];
  /** Values of Resource-Priority that are known, lower case. Default none: the extension is not understood. RFC 4412 */
  readonly resourceValues?: readonly string[];
  /** Header fields the route function looks at besides Request-URI and Route: a change in them is no loop. RFC 5393 */
  readonly loopFields?: (request: SipMessage) => string;
  /** Take every request from the transaction layer. Default true; else the owner calls `handle`. */
  readonly takeRequests?: boolean;
}

/** A request after RFC 3261 16.4. */
interface Taken {
  readonly request: SipMessage;
  /** Where it came by both of our Record-Route values: the listener of the side it goes on to. */
  readonly listener?: string;
  readonly dialog?: InDialog;
}

/** The decision with this listener for targets that name none. */
function leavingBy(listener: string | undefined, decision: ForwardDecision): ForwardDecision {
  if (listener === undefined) return decision;
  const named = (target: ForwardTarget) =>
    target.listener !== undefined || (target.destination && isFlow(target.destination))
      ? target
      : { ...target, listener };
  return { ...decision, targets: decision.targets.map(named) };
}

/** A transaction-stateful proxy, RFC 3261 16: what comes in is checked, routed and forwarded in the order of that text. */
export class ProxyCore {
  readonly #settings: ProxySettings;
  #local: ReadonlySet<string> | undefined;

  constructor(private readonly options: ProxyCoreOptions) {
    this.#settings = {
      transactions: options.transactions,
      locator: options.locator,
      clock: options.clock,
      logger: options.logger,
      recordRoute: options.recordRoute ?? false,
      timerCMs: options.timerCMs ?? defaultProxyTimes.timerCMs,
      failoverMs: options.failoverMs ?? defaultProxyTimes.failoverMs,
      promptMs: options.promptMs ?? defaultProxyTimes.promptMs,
      connectMs: options.connectMs ?? defaultProxyTimes.connectMs,
      unreachableStatus: options.unreachableStatus ?? 500,
      failures: new FailedDestinations(options.clock, options.cooldownMs ?? defaultProxyTimes.cooldownMs),
      hops: options.hops,
      heldStatus: options.heldStatus ?? 486,
      failoverOn: options.failoverOn ?? retriable,
      sentBy: (transport, listener) => {
        const side = listener && listenerOfSide(options.transport.listeners(), transport, listener);
        return options.transport.sentBy(transport, side);
      },
      loopHash: (request, flow) => this.#loopHash(request, flow),
      ...(options.dialogs && {
        dialogs: { seal: new DialogSeal(options.dialogs.secret), ways: options.dialogs.ways ?? false },
      }),
    };
    if (options.takeRequests === false) return;
    options.transactions.onRequest = (tx) => this.handle(tx);
    options.transactions.onAck = (ack, flow) => void this.handleAck(ack, flow);
  }

  /** What a request as it came shows of a dialog set up through here. */
  inDialog(request: SipMessage): InDialog | undefined {
    if (!this.#settings.dialogs || request.to?.tag === undefined || !request.has('Route')) return undefined;
    const { passed = [] } =
      preprocessRoute(
        request,
        (uri) => this.#isOwn(uri),
        () => false,
      ) ?? {};
    return this.#dialogOf(request, passed[passed.length - 1]);
  }

  /** Takes one request all the way; never throws. */
  handle(tx: ServerTransaction): void {
    try {
      const taken = this.#preprocessed(tx.request, tx.flow);
      const { request, dialog } = taken;
      const refusal = this.#refusal(request, tx.flow, dialog);
      if (refusal) return tx.refuse(refusal);
      const decision = this.options.route(request, tx.flow, dialog);
      if (decision instanceof Promise) {
        decision.then(
          (settled) => this.#follow(tx, taken, settled),
          (error: unknown) => this.#failed(tx, error),
        );
      } else this.#follow(tx, taken, decision);
    } catch (error) {
      this.#failed(tx, error);
    }
  }

  /** An ACK for a 2xx goes on without state. RFC 3261 16.11 */
  async handleAck(ack: SipMessage, flow: Flow): Promise<void> {
    try {
      const { request, listener, dialog } = this.#preprocessed(ack, flow);
      if (this.#refusal(request, flow, dialog)) return;
      const asked = this.options.route(request, flow, dialog);
      // Without a wait where none is needed: the next request of the dialog must not overtake it.
      const decision = asked instanceof Promise ? await asked : asked;
      if (decision.kind !== 'forward') return;
      await forwardStateless(this.#settings, request, flow, leavingBy(listener, decision));
    } catch (error) {
      this.options.logger.warn('sip-ack-not-forwarded', { reason: messageOf(error) });
    }
  }

  /** Somebody else had an answer from there: it is no longer tried after the others. */
  answered(destination: Destination): void {
    this.#settings.failures.answered(destination);
  }

  #follow(tx: ServerTransaction, { request, listener }: Taken, decision: RouteDecision): void {
    try {
      switch (decision.kind) {
        case 'forward':
          // RFC 3261 16.5: no target at all is 480.
          if (decision.targets.length === 0) return this.#unfollowed(tx, decision, 480);
          if (tx.cancelled) return this.#unfollowed(tx, decision, 487);
          // RFC 3261 16.3 step 3, where it was left to the route function.
          if (request.method === 'REGISTER' && request.maxForwards === 0)
            return this.#unfollowed(tx, decision, 483);
          return new ResponseContext(this.#settings, tx, request, leavingBy(listener, decision)).begin();
        case 'discard':
          return tx.discard();
        case 'reject':
          return tx.refuse(decision);
        case 'answer':
          return tx.respond(decision);
      }
    } catch (error) {
      this.#failed(tx, error);
    }
  }

  #unfollowed(tx: ServerTransaction, { onOutcome }: ForwardDecision, status: number): void {
    tx.respond({ status });
    onOutcome?.({ status, target: -1 });
  }

  #failed(tx: ServerTransaction, error: unknown): void {
    this.options.transactions.counters.errors++;
    this.options.logger.error('sip-route-failed', { method: tx.request.method, reason: messageOf(error) });
    tx.respond({ status: 500 });
  }

  /** RFC 3261 16.4 */
  #preprocessed(request: SipMessage, flow: Flow): Taken {
    const isOwn = (uri: Uri) => this.#isOwn(uri);
    const change = preprocessRoute(request, isOwn, (uri) => uri.params.has('lr') && isOwn(uri));
    const passed = change?.passed ?? [];
    const asked = change?.requestUri ?? request.requestUri;
    const uri = asked.includes('maddr') ? parseUri(asked) : undefined;
    const requestUri = (uri && withoutOwnMaddr(uri, flow, isOwn)) ?? change?.requestUri;
    if (!change && requestUri === undefined) return { request };
    const edits = change?.edits ?? [];
    const parsed = parseDatagram(
      editMessage(request, { edits, ...(requestUri === undefined ? undefined : { requestUri }) }),
      unlimited,
    );
    if (parsed.kind !== 'message') return { request };
    // Two values of ours: the lower one names the side that the dialog goes on to.
    const beyond = passed.length > 1 ? passed[passed.length - 1] : undefined;
    const listener = beyond && listenerNamed(beyond, this.options.transport.listeners());
    const side = listener === undefined ? undefined : { listener };
    const dialog = this.#dialogOf(parsed.message, passed[passed.length - 1]);
    return { request: parsed.message, ...side, ...(dialog && { dialog: { ...dialog, ...side } }) };
  }

  /** Only what has both tags is within a dialog. RFC 3261 12.2.2 */
  #dialogOf(request: SipMessage, passed: Uri | undefined): InDialog | undefined {
    if (request.to?.tag === undefined) return undefined;
    return this.#settings.dialogs?.seal.open(passed?.user, request);
  }

  #refusal(request: SipMessage, flow: Flow, dialog: InDialog | undefined): OwnAnswer | undefined {
    // An OPTIONS within a dialog is for its other end.
    if (request.method === 'OPTIONS' && !dialog) {
      const uri = parseUri(request.requestUri);
      // RFC 3261 11: OPTIONS to the proxy itself, as peers send to see whether it lives. Behind a load balancer or NAT they
      // name an address that is not ours: nobody else can be meant by an address without a user and without a Route.
      const ours = uri && uri.user === undefined && (this.#isOwn(uri) || isAddress(uri.host));
      if (ours && !request.has('Route')) return ownCapabilities(this.options.resourceValues);
    }
    return validateRequest(request, {
      supported: this.options.supported ?? [],
      resourceValues: this.options.resourceValues,
      isOurSentBy: (sentBy) => this.#localAddresses().has(sentBy),
      loopHash: () => this.#loopHash(request, flow),
    });
  }

  /** RFC 5393 4.2.1: everything that decides where the request goes, and what tells one transaction from another. */
  #loopHash(request: SipMessage, flow: Flow): string {
    const routes = request.has('Route') ? request.headerLines('Route').join() : '';
    const fields = this.options.loopFields?.(request) ?? '';
    const cseq = request.cseq?.number ?? 0;
    const text = `${request.requestUri}\n${routes}\n${flow.listener}\n${request.callId ?? ''}\n${cseq}\n${fields}`;
    return this.options.transactions.shortHash(text);
  }

  #isOwn(uri: Uri): boolean {
    if (this.options.isOwn(uri)) return true;
    const secure = uri.scheme === 'sips' || uri.params.get('transport')?.toLowerCase() === 'tls';
    return this.#localAddresses().has(`${uri.host}:${uri.port ?? (secure ? 5061 : 5060)}`);
  }

  #localAddresses(): ReadonlySet<string> {
    if (this.#local) return this.#local;
    const addresses = new Set<string>();
    for (const listener of this.options.transport.listeners()) {
      addresses.add(`${listener.host.toLowerCase()}:${listener.port}`);
      const advertised = listener.advertised.toLowerCase();
      addresses.add(/:\d+$/.test(advertised) ? advertised : `${advertised}:5060`);
    }
    // Ports are known for good once the listeners have started.
    if (this.options.transport.listeners().every((listener) => listener.port !== 0)) this.#local = addresses;
    return addresses;
  }
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || isIpv4(host);
}
