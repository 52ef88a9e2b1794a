import type { Timer } from '@esinet/kernel';
import { buildRequest } from '../codec/build.js';
import { parseDatagram } from '../codec/datagram.js';
import { unlimited } from '../codec/limits.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Flow } from '../transport/flow.js';
import { branchOfKey } from './branch.js';
import type { Effect } from './effect.js';
import { type InviteClientEvent, type InviteClientState, inviteClient } from './invite-client.js';
import {
  type NonInviteClientEvent,
  type NonInviteClientState,
  nonInviteClient,
} from './non-invite-client.js';
import type { TimerQueue, TimerTarget } from './timer-queue.js';
import { TimerSlots } from './timer-slots.js';
import type { SipTimers } from './timers.js';

export type ClientFailure = 'timeout' | 'transport';

/** What a client transaction tells its user; nothing more after `onFailure` or, unless INVITE, a final response. */
export interface ClientTransactionEvents {
  /**
   * Asked of each response first: one that cannot be for this user is dropped before it counts, RFC 3261 18.1.2. Default
   * all are taken.
   */
  accepts?(response: SipMessage): boolean;
  /** With our own Via still on top. An INVITE may bring several 2xx. RFC 6026 7.2 */
  onResponse(response: SipMessage): void;
  /** `timeout`: Timer B or F. `transport`: no flow could be had, or it broke. */
  onFailure(reason: ClientFailure): void;
}

/** RFC 3261 17.1: one request on its way. */
export interface ClientTransaction {
  readonly branch: string;
  /** The request has been given to a flow. False while a connection is being opened. */
  readonly sent: boolean;
  /** Nothing final has come and nothing has failed. */
  readonly pending: boolean;
  /**
   * Nothing came over its connection when something should have: the connection is dropped, as it may be half-open, and
   * the request goes out once more over a new one. Nothing happens over UDP or where the flow was given.
   */
  distrust(): void;
  /** An INVITE is cancelled as soon as a provisional response allows it, RFC 3261 9.1; other methods are not. */
  cancel(): void;
}

/** Writes the request, given the Via value that belongs on top. */
export type Compose = (via: string) => Buffer;

/** What a client transaction needs of its layer. */
export interface ClientSurroundings {
  readonly timers: SipTimers;
  readonly queue: TimerQueue;
  transmit(bytes: Buffer, flow: Flow): void;
  ended(record: ClientRecord): void;
  gaveUp(reason: ClientFailure): void;
  dropFlow(flow: Flow): void;
  failed(what: string, error: unknown): void;
  /** A CANCEL in a client transaction of its own. */
  sendCancel(bytes: Buffer, branch: string, flow: Flow): void;
}

type State = InviteClientState | NonInviteClientState;

export class ClientRecord implements TimerTarget, ClientTransaction {
  state: State = { name: 'initial' };
  pending = true;
  /** Opens the connection anew, where there is an address to do so. Used once at most. */
  reopen: (() => Promise<Flow>) | undefined;
  #flow: Flow | undefined;
  #bytes: Buffer | undefined;
  #unsubscribe: (() => void) | undefined;
  #cancel: 'no' | 'wanted' | 'sent' = 'no';
  readonly #timers = new TimerSlots();
  #cancelled: Timer | undefined;
  #reliable = true;
  #sent = false;

  constructor(
    private readonly around: ClientSurroundings,
    readonly key: string,
    readonly invite: boolean,
    private events: ClientTransactionEvents | undefined,
  ) {}

  get sent(): boolean {
    return this.#sent;
  }

  /** Where its answer is to come from, while it waits for one. */
  get awaitedFrom(): Flow | undefined {
    return this.pending ? this.#flow : undefined;
  }

  get branch(): string {
    return branchOfKey(this.key);
  }

  start(flow: Flow, bytes: Buffer): void {
    if (!this.pending) return;
    this.#flow = flow;
    this.#sent = true;
    this.#reliable = flow.reliable;
    this.#bytes = bytes;
    this.#unsubscribe = flow.onError(() => this.#broken(flow));
    this.event('start');
  }

  /**
   * The connection broke under a request that is out. A reused connection may have been closed by the peer in the very
   * moment we wrote to it, so the same request goes out once more over a new one: same branch, so that a peer which had
   * taken it already sees a repetition.
   */
  #broken(flow: Flow): void {
    if (flow !== this.#flow) return;
    const { reopen } = this;
    const name = this.state.name;
    if (!reopen || !this.pending || (name !== 'trying' && name !== 'calling'))
      return this.event('transport error');
    this.reopen = undefined;
    reopen().then(
      (fresh) => {
        if (!this.pending || !this.#bytes) return;
        this.#flow = fresh;
        this.#unsubscribe = fresh.onError(() => this.#broken(fresh));
        this.around.transmit(this.#bytes, fresh);
      },
      () => this.event('transport error'),
    );
  }

  /** No flow could be had. */
  unreachable(): void {
    if (!this.pending) return;
    this.state = { name: 'terminated' };
    this.#fail('transport');
    this.#end();
  }

  accepts(message: SipMessage): boolean {
    return this.events?.accepts?.(message) ?? true;
  }

  response(message: SipMessage): void {
    const { status } = message;
    if (this.invite) this.event(status < 200 ? '1xx' : status < 300 ? '2xx' : '300-699', message);
    else this.event(status < 200 ? '1xx' : 'final', message);
  }

  timer(name: string): void {
    if (name === 'cancelled') {
      // RFC 3261 9.1: no final response 64*T1 after the CANCEL: the transaction counts as cancelled.
      if (this.state.name !== 'proceeding') return;
      this.state = { name: 'terminated' };
      this.#fail('timeout');
      return this.#end();
    }
    this.event(`timer ${name}` as InviteClientEvent & NonInviteClientEvent);
  }

  event(event: InviteClientEvent | NonInviteClientEvent, message?: SipMessage): void {
    const context = { reliable: this.#reliable, timers: this.around.timers };
    const [state, effects] = this.invite
      ? inviteClient(this.state as InviteClientState, event as InviteClientEvent, context)
      : nonInviteClient(this.state as NonInviteClientState, event as NonInviteClientEvent, context);
    this.state = state;
    for (const effect of effects) this.#perform(effect, message);
    if (this.#cancel === 'wanted' && this.state.name === 'proceeding') this.#sendCancel();
  }

  distrust(): void {
    if (this.#flow && this.#reliable && this.reopen) this.around.dropFlow(this.#flow);
  }

  cancel(): void {
    if (!this.invite || this.#cancel !== 'no' || !this.pending) return;
    this.#cancel = 'wanted';
    // RFC 3261 9.1: before a provisional response the CANCEL waits for one.
    if (this.state.name === 'proceeding') this.#sendCancel();
  }

  /** Without telling its user. */
  forget(): void {
    this.pending = false;
    this.events = undefined;
    this.state = { name: 'terminated' };
    this.#end();
  }

  #perform(effect: Effect, message: SipMessage | undefined): void {
    switch (effect.do) {
      case 'send':
        if (this.#bytes && this.#flow) this.around.transmit(this.#bytes, this.#flow);
        return;
      case 'ack':
        if (message) this.#sendAck(message);
        return;
      case 'deliver':
        return this.#deliver(message);
      case 'fail':
        return this.#fail(effect.reason);
      case 'set':
        return this.#timers.set(effect.timer, this.around.queue.set(effect.ms, this, effect.timer));
      case 'stop':
        return this.#timers.stop(effect.timer);
      case 'release':
        return this.#release();
      case 'end':
        return this.#end();
      case 'repeat':
      case 'trying':
      case 'forget':
        return;
    }
  }

  #deliver(message: SipMessage | undefined): void {
    const events = this.events;
    if (!message || !events) return;
    const final = message.status >= 200;
    if (final) {
      this.pending = false;
      if (!this.invite) this.events = undefined;
    }
    try {
      events.onResponse(message);
    } catch (error) {
      this.around.failed('response', error);
    }
  }

  #fail(reason: ClientFailure): void {
    const events = this.events;
    if (this.pending) this.around.gaveUp(reason);
    // A connection over which nothing came for 64*T1 is of no use to the next request either.
    if (reason === 'timeout') this.distrust();
    this.pending = false;
    this.events = undefined;
    try {
      events?.onFailure(reason);
    } catch (error) {
      this.around.failed('failure', error);
    }
  }

  #release(): void {
    this.#bytes = undefined;
    this.#flow = undefined;
    this.reopen = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #end(): void {
    this.#release();
    this.#timers.clear();
    this.#cancelled?.cancel();
    this.around.ended(this);
  }

  /** RFC 3261 17.1.1.3 */
  #sendAck(response: SipMessage): void {
    const request = this.#request();
    const to = response.header('To');
    if (!request || to === undefined || !this.#flow) return;
    this.around.transmit(hopByHop(request, 'ACK', to), this.#flow);
  }

  /** RFC 3261 9.1 */
  #sendCancel(): void {
    const request = this.#request();
    const to = request?.header('To');
    if (!request || to === undefined || !this.#flow) return;
    this.#cancel = 'sent';
    this.around.sendCancel(hopByHop(request, 'CANCEL', to), this.branch, this.#flow);
    this.#cancelled = this.around.queue.set(this.around.timers.timeout, this, 'cancelled');
  }

  #request(): SipMessage | undefined {
    if (!this.#bytes) return undefined;
    const parsed = parseDatagram(this.#bytes, unlimited);
    return parsed.kind === 'message' ? parsed.message : undefined;
  }
}

/**
 * ACK for a response other than 2xx, RFC 3261 17.1.1.3, and CANCEL, 9.1: Request-URI, Call-ID, From, CSeq number, Route
 * and the one top Via of the request. `to` is that of the response, or of the request.
 */
function hopByHop(request: SipMessage, method: 'ACK' | 'CANCEL', to: string): Buffer {
  const headers: [string, string][] = [['Via', request.topVia?.text ?? '']];
  for (const route of request.headerLines('Route')) headers.push(['Route', route]);
  headers.push(
    ['Max-Forwards', '70'],
    ['From', request.header('From') ?? ''],
    ['To', to],
    ['Call-ID', request.callId ?? ''],
    ['CSeq', `${request.cseq?.number ?? 0} ${method}`],
  );
  return buildRequest({ method, uri: request.requestUri, headers });
}
