import { randomBytes } from 'node:crypto';
import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { Admission } from '../overload/admission.js';
import type { OcClient } from '../overload/feedback.js';
import { stampResponse } from '../overload/oc-params.js';
import type { Signalling } from '../overload/signalling.js';
import { checkRequest } from '../codec/check-request.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Via } from '../codec/via.js';
import type { Destination, TransportName } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import {
  ClientRecord,
  type ClientSurroundings,
  type ClientTransaction,
  type ClientTransactionEvents,
  type Compose,
} from './client-transaction.js';
import { branchOf, clientKey, randomBranch } from './branch.js';
import { hashKey } from './half-sip-hash.js';
import { listenerOfSide } from './listener-side.js';
import { methodOf, withVia } from './request-bytes.js';
import { KeptBytes } from './kept-bytes.js';
import { defaultTransactionLimits, type TransactionLimits } from './limits.js';
import {
  type ServerRecord as Server,
  ServerRecord,
  type ServerSurroundings,
  type ServerTransaction,
  UserServerTransaction,
  writeResponse,
} from './server-transaction.js';
import { responseFlow } from './response-flow.js';
import { TimerQueue } from './timer-queue.js';
import { type SipTimers, sipTimers } from './timers.js';
import { TransactionKeys } from './transaction-keys.js';
import { mapTable, type TransactionTable } from './transaction-table.js';
import { isFlow, type TransactionTransport } from './transport-port.js';
import type { WireEvent, WireMeter } from './wire-event.js';

export interface TransactionLayerOptions {
  readonly transport: TransactionTransport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<TransactionLimits>;
  /**
   * 8 bytes or more: the key of the branch hash. Workers that share one recognise each other's transactions by it.
   * Default: random, for this process.
   */
  readonly secret?: Buffer;
  readonly timers?: Partial<SipTimers>;
  readonly serverTable?: TransactionTable<Server>;
  readonly clientTable?: TransactionTable<ClientRecord>;
  /** Sees every message in and out; costs nothing when left out. */
  readonly onWire?: (event: WireEvent) => void;
  readonly meter?: WireMeter;
}

export interface ClientRequest {
  /** The request without our Via; or what writes it once the Via is known, which saves a copy. */
  readonly bytes: Buffer | Compose;
  readonly method?: string;
  readonly destination: Destination | Flow;
  readonly listener?: string;
  readonly branch?: string;
}

/** RFC 3261 20.42, RFC 7118 5.1 */
const viaTransports = { udp: 'UDP', tcp: 'TCP', tls: 'TLS', ws: 'WS', wss: 'WSS' } as const;

/** What a request that is not let in is answered, without state; a status of 0 is silence. */
export interface NotAdmitted {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
}

/** How often `idle` looks. */
const idlePollMs = 20;

/** What the layer has seen since it started. */
export interface TransactionCounters {
  requests: number;
  retransmissions: number;
  responses: number;
  strayResponses: number;
  invalid: number;
  full: number;
  shed: number;
  notAdmitted: number;
  timeouts: number;
  transportFailures: number;
  errors: number;
}

/** RFC 3261 17: matches what comes in to its transaction, and drives the machines. */
export class TransactionLayer {
  /** A new request, ACK and CANCEL excepted. */
  onRequest: (tx: ServerTransaction) => void = (tx) => tx.respond({ status: 501 });
  /** An ACK for a 2xx: it belongs to no transaction. */
  onAck: (message: SipMessage, flow: Flow) => void = () => undefined;
  /** Whether a request may have one of the last places of the table. Asked only when it comes to that. */
  hasPriority: (message: SipMessage, flow: Flow) => boolean = () => true;
  /** Asked of every new request, ACK and CANCEL excepted, before anything is kept of it. Default: all are taken on. */
  admission: Admission | undefined;
  /** RFC 7339 with neighbours. Default: with nobody. */
  signalling: Signalling | undefined;
  /**
   * Whether a new request is taken in at all, asked before anything is kept of it; undefined lets it in. Not asked about
   * repetitions of one that was let in, about its CANCEL, about ACK, nor about responses.
   */
  admit: (message: SipMessage, flow: Flow) => NotAdmitted | undefined = () => undefined;

  /** Whether what cannot be read, and so cannot be asked about by `admit`, is answered there. */
  mayRefuse: (flow: Flow) => boolean = () => true;

  readonly transport: TransactionTransport;
  readonly timers: SipTimers;
  readonly queue: TimerQueue;
  readonly counters: TransactionCounters = {
    requests: 0,
    retransmissions: 0,
    responses: 0,
    strayResponses: 0,
    invalid: 0,
    full: 0,
    shed: 0,
    notAdmitted: 0,
    timeouts: 0,
    transportFailures: 0,
    errors: 0,
  };

  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: TransactionLimits;
  readonly #keys: TransactionKeys;
  readonly #servers: TransactionTable<ServerRecord>;
  readonly #clients: TransactionTable<ClientRecord>;
  readonly #onWire: ((event: WireEvent) => void) | undefined;
  readonly #meter: WireMeter | undefined;
  readonly #serverSide: ServerSurroundings;
  readonly #clientSide: ClientSurroundings;
  readonly #sides = new Map<string, string>();
  #stopped = false;
  #unanswered = 0;

  constructor(o: TransactionLayerOptions) {
    this.transport = o.transport;
    this.#clock = o.clock;
    this.#logger = o.logger;
    this.#limits = { ...defaultTransactionLimits, ...o.limits };
    this.timers = sipTimers(o.timers);
    this.queue = new TimerQueue(o.clock, (error) => this.#failed('timer', error));
    this.#keys = new TransactionKeys(hashKey(o.secret ?? randomBytes(8)));
    this.#servers = o.serverTable ?? mapTable();
    this.#clients = o.clientTable ?? mapTable();
    this.#onWire = o.onWire;
    this.#meter = o.meter;
    this.#serverSide = {
      timers: this.timers,
      queue: this.queue,
      kept: new KeptBytes(),
      logger: o.logger,
      transmit: (bytes, via, flow, oc) => this.#answer(bytes, via, flow, oc),
      answered: () => void this.#unanswered--,
      ended: (record) => this.#servers.remove(record.key),
      onAck: (message, flow) => this.onAck(message, flow),
      failed: (what, error) => this.#failed(what, error),
    };
    this.#clientSide = {
      timers: this.timers,
      queue: this.queue,
      transmit: (bytes, flow) => this.#transmit(bytes, flow),
      ended: (record) => {
        if (this.#clients.find(record.key) === record) this.#clients.remove(record.key);
      },
      gaveUp: (reason) => {
        if (reason === 'timeout') this.counters.timeouts++;
        else this.counters.transportFailures++;
      },
      dropFlow: (flow) => this.transport.dropFlow?.(flow.id, 'silent'),
      failed: (what, error) => this.#failed(what, error),
      sendCancel: (bytes, branch, flow) => this.#sendCancel(bytes, branch, flow),
    };
    o.transport.onMessage = ({ message, flow }) => this.#receive(message, flow);
    o.transport.onInvalid = (problem) => this.#invalid(problem);
  }

  /** Transactions held now. */
  get size(): { server: number; client: number } {
    return { server: this.#servers.size, client: this.#clients.size };
  }

  /** Server transactions that still wait for their final answer. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** The flows over which something is awaited: a final answer of ours, or one for us. */
  busyFlows(): ReadonlySet<string> {
    const busy = new Set<string>();
    for (const record of this.#servers.values()) if (!record.answered) busy.add(record.flow.id);
    for (const record of this.#clients.values()) if (record.awaitedFrom) busy.add(record.awaitedFrom.id);
    return busy;
  }

  /** Resolves when every request has its answer, with true; with false after `ms`. `look` is called while it waits. */
  async idle(ms: number, look: () => void = () => undefined): Promise<boolean> {
    const until = this.#clock.now() + ms;
    while (this.#unanswered > 0 && this.#clock.now() < until && !this.#stopped) {
      look();
      await new Promise<void>((resolve) => this.#clock.after(idlePollMs, resolve));
    }
    return this.#unanswered === 0;
  }

  /** Forgets every transaction; nothing is sent any more, and what was pending fails as `transport`. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.queue.stop();
    for (const record of [...this.#clients.values()]) record.unreachable();
  }

  /**
   * `z9hG4bK` and 16 hexadecimal digits of a keyed hash of what tells the request from others, so that each
   * worker with the same secret gives a repetition the same branch; then the attempt, where it is not the first.
   */
  branchFor(request: SipMessage, attempt: number): string {
    const via = request.topVia;
    return via ? branchOf(this.#keys.of(request, via, request.method).hash, attempt) : randomBranch();
  }

  /** 32 bits of the keyed hash, in hexadecimal. */
  shortHash(text: string): string {
    return this.#keys.shortHashOf(text);
  }

  /**
   * Sends a request in a client transaction of its own, at once where there is a flow. The outcome is told later, never
   * before this returns. A connection is opened where needed; Timers B and F start when it stands.
   */
  request(o: ClientRequest, events: ClientTransactionEvents): ClientTransaction {
    const branch = o.branch ?? randomBranch();
    const method = o.method ?? (Buffer.isBuffer(o.bytes) ? methodOf(o.bytes) : 'MESSAGE');
    const record = this.#insertClient(branch, method, events);
    if (!record) return this.#refused(branch, events);
    const begin = (flow: Flow) => {
      const via = this.#via(flow, o.listener, branch);
      record.start(flow, Buffer.isBuffer(o.bytes) ? withVia(o.bytes, via) : o.bytes(via));
    };
    this.#withFlow(o.destination, o.listener, begin, () => record.unreachable());
    const where = o.destination;
    if (!isFlow(where) && where.transport !== 'udp') {
      record.reopen = () => this.transport.flowTo(where, this.#listenerOf(where.transport, o.listener));
    }
    return record;
  }

  /** Sends a request outside of any transaction: an ACK for a 2xx. RFC 3261 16.11 */
  sendStateless(o: ClientRequest): void {
    const branch = o.branch ?? randomBranch();
    const begin = (flow: Flow) => {
      const via = this.#via(flow, o.listener, branch);
      this.#transmit(Buffer.isBuffer(o.bytes) ? withVia(o.bytes, via) : o.bytes(via), flow);
    };
    this.#withFlow(o.destination, o.listener, begin, () => undefined);
  }

  #withFlow(
    where: Destination | Flow,
    listener: string | undefined,
    begin: (flow: Flow) => void,
    failed: () => void,
  ): void {
    const attempt = (flow: Flow) => {
      try {
        begin(flow);
      } catch (error) {
        this.#failed('send', error);
        queueMicrotask(failed);
      }
    };
    if (isFlow(where)) return attempt(where);
    const side = this.#listenerOf(where.transport, listener);
    const open = this.transport.openFlow?.(where, side);
    if (open) return attempt(open);
    this.transport.flowTo(where, side).then(attempt, (error: unknown) => {
      this.#logger.warn('sip-unreachable', {
        reason: messageOf(error),
        transport: where.transport,
        address: where.address,
        port: where.port,
      });
      failed();
    });
  }

  #insertClient(branch: string, method: string, events: ClientTransactionEvents): ClientRecord | undefined {
    if (this.#stopped || this.#clients.size >= this.#limits.maxTransactions) {
      this.counters.full++;
      return undefined;
    }
    const record = new ClientRecord(this.#clientSide, clientKey(branch, method), method === 'INVITE', events);
    this.#clients.insert(record.key, record);
    return record;
  }

  /** A request that the full table takes no more: its user learns it as a failure of the transport. */
  #refused(branch: string, events: ClientTransactionEvents): ClientTransaction {
    queueMicrotask(() => {
      try {
        events.onFailure('transport');
      } catch (error) {
        this.#failed('failure', error);
      }
    });
    return { branch, sent: false, pending: false, distrust: () => undefined, cancel: () => undefined };
  }

  #sendCancel(bytes: Buffer, branch: string, flow: Flow): void {
    const ignore: ClientTransactionEvents = { onResponse: () => undefined, onFailure: () => undefined };
    this.#insertClient(branch, 'CANCEL', ignore)?.start(flow, bytes);
  }

  #receive(message: SipMessage, flow: Flow): void {
    if (this.#stopped) return;
    try {
      if (this.#onWire) this.#capture('in', flow, message.bytes);
      this.#meter?.received(message, flow);
      if (message.isRequest) this.#request(message, flow);
      else this.#response(message, flow);
    } catch (error) {
      this.#failed('receive', error);
    }
  }

  #request(message: SipMessage, flow: Flow): void {
    const via = message.topVia;
    const problem = via ? checkRequest(message) : { status: 400, reason: 'Via', headers: undefined };
    if (!via || problem) {
      this.counters.invalid++;
      // A Via that cannot be read is no way back, but the flow is.
      if (message.method === 'ACK' || !problem || !message.has('Via') || !this.mayRefuse(flow)) return;
      return this.#answerStateless(message, flow, problem);
    }
    // RFC 5923 8: the peer offers its connection for requests of ours.
    if (flow.transport === 'tls' && via.params.has('alias')) this.transport.aliasFlow?.(flow, via.port);
    const method = message.method;
    const { key, hash, high, low } = this.#keys.of(message, via, method === 'ACK' ? 'INVITE' : method);
    const known = this.#servers.find(key);
    if (method === 'ACK') {
      // RFC 3261 8.2.7: the ACK of an answer that was given without state, known by our tag.
      if (!known && message.to?.tag === hash) return;
      return this.#ack(known, message, flow);
    }
    if (known) {
      this.counters.retransmissions++;
      // A repetition over a new connection, or past a NAT that has changed the port: the answer goes where the client is.
      if (flow.open && (!known.flow.open || hasMoved(known.flow, flow))) known.flow = flow;
      return known.event('request');
    }
    const cancels = method === 'CANCEL' && this.#servers.find(this.#keys.of(message, via, 'INVITE').key);
    const notAdmitted = cancels ? undefined : this.admit(message, flow);
    if (notAdmitted) {
      this.counters.notAdmitted++;
      // Our tag, so that the ACK of a refused INVITE is known.
      if (notAdmitted.status > 0) this.#answerStateless(message, flow, notAdmitted, hash);
      return;
    }
    const refusal = method === 'CANCEL' ? undefined : this.admission?.admit(message, flow, high, low);
    if (refusal) {
      this.counters.shed++;
      const { status, retryAfter } = refusal;
      const headers = retryAfter === undefined ? undefined : ([['Retry-After', String(retryAfter)]] as const);
      // Our tag, so that the ACK of a refused INVITE is known.
      return this.#answerStateless(message, flow, { status, headers }, hash);
    }
    if (this.#isFullFor(message, flow)) {
      this.counters.full++;
      return this.#whenFull(message, via, flow);
    }
    this.counters.requests++;
    const record = new ServerRecord(this.#serverSide, key, method === 'INVITE', flow, via);
    record.oc = this.signalling?.clientOf(via, flow);
    const tx = new UserServerTransaction(this.#serverSide, record, message, flow, hash);
    record.user = tx;
    this.#unanswered++;
    this.#servers.insert(key, record);
    record.event('start');
    if (method === 'CANCEL') return this.#cancel(tx, message);
    this.#hand(tx);
  }

  #isFullFor(message: SipMessage, flow: Flow): boolean {
    const { maxTransactions, reservedPercent } = this.#limits;
    const { size } = this.#servers;
    if (size >= maxTransactions) return true;
    return size * 100 >= maxTransactions * (100 - reservedPercent) && !this.hasPriority(message, flow);
  }

  /** A CANCEL is carried out all the same: it makes room. */
  #whenFull(message: SipMessage, via: Via, flow: Flow): void {
    const cancelled =
      message.method === 'CANCEL' && this.#servers.find(this.#keys.of(message, via, 'INVITE').key);
    this.#answerStateless(message, flow, { status: cancelled ? 200 : this.#limits.fullStatus });
    if (cancelled) cancelled.user?.cancel();
  }

  #hand(tx: ServerTransaction): void {
    try {
      this.onRequest(tx);
    } catch (error) {
      this.#failed('request', error);
      tx.respond({ status: 500 });
    }
  }

  /** RFC 3261 17.2.1, RFC 6026 7.1 */
  #ack(invite: ServerRecord | undefined, message: SipMessage, flow: Flow): void {
    if (invite?.invite) return invite.event('ack', message);
    this.onAck(message, flow);
  }

  /** RFC 3261 9.2, 16.10 */
  #cancel(tx: ServerTransaction, message: SipMessage): void {
    const via = message.topVia;
    const invite = via && this.#servers.find(this.#keys.of(message, via, 'INVITE').key);
    tx.respond({ status: invite ? 200 : 481 });
    invite?.user?.cancel();
  }

  #response(message: SipMessage, flow: Flow): void {
    const via = message.topVia;
    const branch = via?.branch;
    const method = message.cseq?.method;
    const record = branch && method ? this.#clients.find(clientKey(branch, method)) : undefined;
    if (!record?.accepts(message) || !isSip2(message)) {
      // RFC 6026 7.3, RFC 4320 4.2: a response that belongs to no transaction is dropped.
      this.counters.strayResponses++;
      return;
    }
    this.counters.responses++;
    if (via) this.signalling?.heard(via, flow);
    record.response(message);
  }

  #invalid(problem: { status: number; reason: string; message?: SipMessage; flow: Flow }): void {
    this.counters.invalid++;
    const { message, flow, status, reason } = problem;
    try {
      if (status === 0 || !message?.isRequest || message.method === 'ACK' || !this.mayRefuse(flow)) return;
      this.#answerStateless(message, flow, { status, reason });
    } catch (error) {
      this.#failed('invalid', error);
    }
  }

  /** The same answer to each repetition, without keeping anything. RFC 3261 8.2.7 */
  #answerStateless(
    message: SipMessage,
    flow: Flow,
    answer: { status: number; reason?: string; headers?: readonly (readonly [string, string])[] | undefined },
    toTag = this.#keys.hashOf(`${message.callId ?? ''}\n${message.topVia?.text ?? ''}`),
  ): void {
    const { status, reason, headers } = answer;
    const description = {
      status,
      ...(reason ? { reason } : undefined),
      ...(headers ? { headers } : undefined),
    };
    const via = message.topVia;
    const oc = via && this.signalling?.clientOf(via, flow);
    this.#answer(writeResponse(message, flow, description, toTag), via, flow, oc);
  }

  #answer(answer: Buffer, via: Via | undefined, flow: Flow, oc: OcClient | undefined): void {
    const text = oc && this.signalling?.textFor(oc);
    const bytes = text === undefined ? answer : stampResponse(answer, text);
    responseFlow(
      this.transport,
      via,
      flow,
      (way) => this.#transmit(bytes, way),
      (error) => this.#logger.warn('sip-answer-lost', { reason: messageOf(error), peer: flow.remoteAddress }),
    );
  }

  #capture(direction: 'in' | 'out', flow: Flow, bytes: Buffer): void {
    try {
      this.#onWire?.({ direction, flow, bytes, at: this.#clock.wall() });
    } catch (error) {
      this.#failed('capture', error);
    }
  }

  #transmit(bytes: Buffer, flow: Flow): void {
    if (this.#stopped) return;
    if (this.#onWire) this.#capture('out', flow, bytes);
    this.#meter?.sent(bytes, flow);
    flow.send(bytes);
  }

  /**
   * RFC 3261 8.1.1.7, RFC 3581 3; `alias` offers the connection for requests to us, RFC 5923; `oc` tells a neighbour that
   * we heed what it says of its load, RFC 7339.
   */
  #via(flow: Flow, listener: string | undefined, branch: string): string {
    const { transport } = flow;
    const sentBy = this.transport.sentBy(transport, this.#listenerOf(transport, listener ?? flow.listener));
    const alias = transport === 'tls' ? ';alias' : '';
    const oc = this.signalling?.offer(flow) ?? '';
    return `SIP/2.0/${viaTransports[transport]} ${sentBy};branch=${branch};rport${alias}${oc}`;
  }

  /**
   * The listener of the same side for this transport: `private-udp` and `private-tcp` are one side, and what is sent
   * over TCP on behalf of the one names the other as its sender.
   */
  #listenerOf(transport: TransportName, listener: string | undefined): string | undefined {
    if (listener === undefined) return undefined;
    const key = `${transport} ${listener}`;
    let name = this.#sides.get(key);
    if (name === undefined) {
      name = listenerOfSide(this.transport.listeners(), transport, listener);
      this.#sides.set(key, name);
    }
    return name;
  }

  #failed(what: string, error: unknown): void {
    this.counters.errors++;
    this.#logger.error('sip-callback-threw', { what, reason: messageOf(error) });
  }
}

/** RFC 3261 7.1: in capitals as we write it, in any case as it may be read. */
function isSip2({ version }: SipMessage): boolean {
  return version === 'SIP/2.0' || version.toUpperCase() === 'SIP/2.0';
}

/** The same host on the same UDP socket of ours, by another port. Another host would need more than a known branch. */
function hasMoved(before: Flow, now: Flow): boolean {
  return (
    now.remotePort !== before.remotePort &&
    !now.reliable &&
    now.listener === before.listener &&
    now.remoteAddress === before.remoteAddress
  );
}
