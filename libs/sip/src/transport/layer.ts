import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { WebSocket } from 'ws';
import { type SipLimits, sipLimits } from '../codec/limits.js';
import type { SipMessage } from '../codec/sip-message.js';
import { readDatagram } from '../codec/datagram.js';
import { Connection, type ConnectionDescription, type ConnectionEvents, type Wire } from './connection.js';
import { Connections, reuseKey } from './connections.js';
import {
  type Destination,
  type TransportName,
  defaultPort,
  hostPort,
  isSecure,
  plainAddress,
  sendingProblem,
} from './destination.js';
import type { Doorkeeper } from './doorkeeper.js';
import { SipTransportError } from './error.js';
import type { Flow, TlsPeer } from './flow.js';
import { type TransportLimits, defaultTransportLimits } from './limits.js';
import {
  type ListenOptions,
  type ListenerEvents,
  StreamListener,
  advertisedAs,
  requiresCertificate,
} from './listener.js';
import { openStream, readStream, streamWire } from './stream.js';
import type { TlsOptions } from './tls.js';
import { type TlsEvent, TlsGuard } from './tls-guard.js';
import { sipIdentities } from './tls-names.js';
import { TlsFallbacks, fallbacksOf, mayFallBack } from './tls-fallback.js';
import { type TlsPeerRule, peerAt } from './tls-peer-rule.js';
import { type UdpFlow, UdpSocket } from './udp.js';
import { openWebSocket, readWebSocket, webSocketWire } from './websocket.js';

export interface TransportLayerOptions {
  readonly listeners: readonly ListenOptions[];
  /** Certificate shown, and authorities believed, on TLS and WSS connections we open. */
  readonly clientTls?: TlsOptions;
  /** Peers whose certificates are known beforehand. */
  readonly tlsPeers?: readonly TlsPeerRule[];
  /** Told of peers that TLS refused, and of those it took with an eye closed. */
  readonly onTls?: (event: TlsEvent) => void;
  /** Path asked for on WebSocket connections we open. */
  readonly clientPath?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<TransportLimits>;
  readonly messageLimits?: Partial<SipLimits>;
}

/** A message that cannot be handed on; `status` is the answer it deserves. */
export interface InvalidMessage {
  readonly status: number;
  readonly reason: string;
  readonly message?: SipMessage;
  readonly flow: Flow;
}

export interface ListenerDescription {
  readonly name: string;
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  /** `host:port` as in Via. */
  readonly advertised: string;
}

/** Milliseconds until the descriptor of a connection that was closed is free again. */
const descriptorFreedMs = 10;

/** Label of connections opened on behalf of no listener. */
const noListener = 'out';

/** Sockets of one element: RFC 3261 18, connection reuse (RFC 5923), keep-alive (RFC 5626), WebSocket (RFC 7118). */
export class TransportLayer {
  onMessage: (parsed: { message: SipMessage; flow: Flow }) => void = () => undefined;
  onInvalid: (problem: InvalidMessage) => void = () => undefined;
  /** Before each datagram is read. Default: all are read. */
  doorkeeper: Doorkeeper | undefined;

  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: TransportLimits;
  readonly #connections: Connections;
  readonly #advertisedTexts = new Map<ListenOptions, string>();
  readonly #udp = new Map<string, UdpSocket>();
  readonly #streams = new Map<string, StreamListener>();
  readonly #events: ConnectionEvents;
  /** How to give up the connections being opened. */
  readonly #opening = new Set<() => void>();
  readonly #messageLimits: SipLimits;
  readonly #guard: TlsGuard;
  readonly #fallbacks: TlsFallbacks;
  #nextId = 1;
  #state: 'new' | 'started' | 'stopped' = 'new';

  constructor(private readonly options: TransportLayerOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#limits = { ...defaultTransportLimits, ...options.limits };
    const messageLimits = sipLimits(options.messageLimits);
    this.#messageLimits = {
      ...messageLimits,
      maxMessage: Math.min(messageLimits.maxMessage, this.#limits.maxReadBufferBytes),
    };
    const { listeners, clientTls, tlsPeers: peers, onTls } = options;
    this.#guard = new TlsGuard({ listeners, clientTls, peers, onTls, logger: options.logger });
    this.#fallbacks = new TlsFallbacks(this.#clock, this.#logger, this.#limits.tlsRetryMs);
    this.#connections = new Connections(this.#clock, this.#logger, this.#limits);
    this.#events = {
      message: (message, connection) => this.#deliver(message, connection),
      invalid: (problem, connection) => this.#refuse(problem, connection),
      closed: (connection, reason) => {
        this.#logger.debug('flow-closed', { flow: connection.id, reason });
        this.#connections.closed(connection);
      },
      failed: (error) => this.#logger.error('transport-callback-threw', { reason: messageOf(error) }),
    };
  }

  /** Binds every listener, or none: rejects with SipTransportError naming the one that failed. */
  async start(): Promise<void> {
    this.#state = 'started';
    try {
      for (const listener of this.options.listeners) await this.#listen(listener);
    } catch (error) {
      await this.stop();
      throw error;
    }
    if (this.#state !== 'started') throw new SipTransportError('stopped', 'stopped while starting');
  }

  /** Closes everything; the ports are free when it resolves. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    const closing = [...this.#udp.values(), ...this.#streams.values()].map((listener) => listener.close());
    for (const cancel of this.#opening) cancel();
    this.#connections.closeAll('stopped', this.#limits.stopGraceMs);
    const giveUp = this.#clock.after(this.#limits.stopGraceMs, () => this.#destroySockets());
    await Promise.all(closing);
    giveUp.cancel();
  }

  /** Takes no new connection; those that stand go on, and what we open ourselves. */
  leave(): void {
    for (const listener of this.#streams.values()) void listener.close();
  }

  /** Ends the connections opened to us over which nothing is under way: their peers turn elsewhere. */
  endIdle(isBusy: (flowId: string) => boolean): void {
    this.#connections.endIdle(isBusy, 'leaving');
  }

  listeners(): readonly ListenerDescription[] {
    return this.options.listeners.map((options) => {
      const port = this.#portOf(options);
      const { name, transport, host } = options;
      return { name, transport, host, port, advertised: advertisedAs(options, port) };
    });
  }

  /** What our Via says: the named listener if it has that transport, else the first that has, else any. */
  sentBy(transport: TransportName, listener?: string): string {
    const all = this.options.listeners;
    const chosen =
      all.find((options) => options.name === listener && options.transport === transport) ??
      all.find((options) => options.transport === transport) ??
      all.find((options) => options.name === listener) ??
      all[0];
    // RFC 7118 5: a client that cannot be connected to says so.
    return chosen ? this.#advertised(chosen) : 'unreachable.invalid';
  }

  #advertised(options: ListenOptions): string {
    let text = this.#advertisedTexts.get(options);
    if (text !== undefined) return text;
    const port = this.#portOf(options);
    text = advertisedAs(options, port);
    // A wildcard stands for an address that may change, port 0 for one not yet known.
    if (port !== 0 && (options.advertise || (options.host !== '0.0.0.0' && options.host !== '::'))) {
      this.#advertisedTexts.set(options, text);
    }
    return text;
  }

  /** Milliseconds that what arrives over UDP has waited for us lately; 0 where nothing is known. */
  receiveDelay(): number {
    let longest = 0;
    for (const socket of this.#udp.values()) longest = Math.max(longest, socket.receiveDelay());
    return longest;
  }

  /** An open flow; UDP flows are open as long as their listener. */
  flow(id: string): Flow | undefined {
    const connection = this.#connections.get(id);
    if (connection) return connection;
    const [kind, name, address, port] = id.split('|');
    if (kind !== 'udp' || name === undefined || address === undefined) return undefined;
    const socket = this.#udp.get(name);
    return socket?.open ? socket.flowTo(address, Number(port)) : undefined;
  }

  /** Connections open or being opened. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Called with each connection that closes, for whatever reason. */
  onFlowClosed(callback: (flow: Flow) => void): () => void {
    return this.#connections.onClosed(callback);
  }

  /** Closes a connection its user has reason to distrust (no answer to several requests, say). */
  dropFlow(id: string, reason: string): void {
    this.#connections.get(id)?.close(reason);
  }

  /**
   * The flow to a destination: a UDP socket of ours, the open connection there, or a new one. `listener` names the
   * side the flow belongs to; connections of one side are never used for another. Rejects with SipTransportError.
   */
  async flowTo(destination: Destination, listener?: string): Promise<Flow> {
    if (this.#state !== 'started') throw new SipTransportError('stopped', 'the transports are not running');
    const { address, port, transport } = destination;
    if (sendingProblem(address, port)) {
      throw new SipTransportError(
        'bad-destination',
        `${transport} to ${address} port ${port} is not allowed`,
      );
    }
    if (transport === 'udp') return this.#udpFlow(destination, listener);
    const key = reuseKey(destination, listener ?? noListener);
    const open = () =>
      this.#connections.obtain(key, () => this.#open(destination, listener ?? noListener, key));
    if (!isSecure(transport) || !destination.fallback) return open();
    const standing = this.#connections.reusable(key);
    if (standing) return standing;
    if (this.#fallbacks.active(key)) {
      const flow = await this.#fallBack(destination, listener, key, 'no TLS a moment ago');
      if (flow) return flow;
    }
    try {
      return await open();
    } catch (error) {
      const flow = mayFallBack(destination, error)
        ? await this.#fallBack(destination, listener, key, messageOf(error))
        : undefined;
      if (flow) return flow;
      throw error;
    }
  }

  /** The first flow that the peer's policy allows instead of TLS, if one can be had. */
  async #fallBack(
    destination: Destination,
    listener: string | undefined,
    key: string,
    reason: string,
  ): Promise<Flow | undefined> {
    for (const other of fallbacksOf(destination)) {
      try {
        const flow = await this.flowTo(other, this.#sideFor(other.transport, listener));
        this.#fallbacks.took(key, destination, other, reason);
        const peer = peerAt(destination, this.#guard.peers)?.name;
        const { transport } = other;
        this.options.onTls?.({ kind: 'fallback', transport, ...(peer !== undefined && { peer }) });
        return flow;
      } catch (error) {
        this.#logger.warn('tls-fallback-failed', { transport: other.transport, reason: messageOf(error) });
      }
    }
    return undefined;
  }

  /** The listener of the same side for another transport: `private-tcp` for `private-tls`. */
  #sideFor(transport: TransportName, listener: string | undefined): string | undefined {
    if (listener === undefined) return undefined;
    const side = listener.slice(0, listener.lastIndexOf('-') + 1);
    const same = this.options.listeners.find(
      (options) => options.transport === transport && options.name.startsWith(side),
    );
    return same?.name ?? listener;
  }

  /** The flow to a destination where there is one already: `flowTo` without waiting. */
  openFlow(destination: Destination, listener?: string): Flow | undefined {
    if (this.#state !== 'started' || sendingProblem(destination.address, destination.port)) return undefined;
    if (destination.transport !== 'udp') {
      return this.#connections.reusable(reuseKey(destination, listener ?? noListener));
    }
    return this.#udpSocket(destination, listener)?.flowTo(destination.address, destination.port);
  }

  /**
   * From now on requests to the peer of an accepted connection may go over it: its top Via carried `alias`. Only a
   * mutually authenticated TLS connection is taken, and only for the SIP identities of its certificate; false where
   * it is not. `sentByPort` is the port of the Via, 5061 where it has none. RFC 5923 8.2, 9.2
   */
  aliasFlow(flow: Flow, sentByPort: number | undefined): boolean {
    const connection = this.#connections.get(flow.id);
    const peer = connection?.tlsPeer;
    if (connection?.transport !== 'tls' || connection.client || !peer?.authorized) return false;
    const identities = sipIdentities({ uris: peer.sanUris, dns: peer.sanDns });
    const { transport, remoteAddress: address, listener } = connection;
    const port = sentByPort ?? defaultPort(transport);
    const authority = this.#guard.foreignAuthority(peer, listener);
    for (const serverName of identities) {
      const destination = {
        transport,
        address,
        port,
        serverName,
        ...(authority !== undefined && { authority }),
      };
      this.#connections.reuse(reuseKey(destination, listener), connection);
      this.#connections.reuse(reuseKey(destination, noListener), connection);
    }
    return identities.length > 0;
  }

  #udpSocket(destination: Destination, listener: string | undefined): UdpSocket | undefined {
    const named = listener === undefined ? undefined : this.#udp.get(listener);
    if (named) return named;
    const v6 = isIP(plainAddress(destination.address)) === 6;
    return [...this.#udp.values()].find((candidate) => candidate.v6 === v6);
  }

  #udpFlow(destination: Destination, listener: string | undefined): UdpFlow {
    const socket = this.#udpSocket(destination, listener);
    if (!socket)
      throw new SipTransportError('no-listener', `no udp listener to send to ${destination.address} from`);
    return socket.flowTo(destination.address, destination.port);
  }

  async #open(destination: Destination, listener: string, key: string): Promise<Connection> {
    if (!this.#connections.makeRoom()) {
      throw new SipTransportError(
        'too-many-connections',
        `${this.#limits.maxConnections} connections are open`,
      );
    }
    const { transport } = destination;
    const tls = this.#guard.optionsFor(listener);
    if (isSecure(transport) && !tls) {
      throw new SipTransportError(
        'no-certificate',
        `no certificates configured for ${transport} connections`,
      );
    }
    const started = this.#clock.now();
    const socket = await this.#connect(destination, tls).catch(async (error: unknown) => {
      if (!(error instanceof SipTransportError) || error.reason !== 'no-descriptors') throw error;
      // One that is not used makes room for one that is needed.
      this.#connections.giveWay();
      await new Promise<void>((resolve) => this.#clock.after(descriptorFreedMs, resolve));
      return this.#connect(destination, tls);
    });
    const tlsPeer = this.#judged(socket, destination, listener);
    let webSocket: WebSocket | undefined;
    if (transport === 'ws' || transport === 'wss') {
      const left = Math.max(1, this.#limits.connectTimeoutMs - (this.#clock.now() - started));
      const path = this.options.clientPath ?? '/';
      webSocket = await openWebSocket(
        socket,
        destination,
        path,
        this.#limits.maxReadBufferBytes,
        this.#clock,
        left,
      );
    }
    if (this.#state !== 'started' || socket.destroyed) {
      socket.destroy();
      throw new SipTransportError(socket.destroyed ? 'closed' : 'stopped', 'closed while connecting');
    }
    const connection = this.#adopt(socket, webSocket, transport, listener, true, tlsPeer);
    this.#connections.reuse(key, connection);
    return connection;
  }

  #connect(destination: Destination, tls: TlsOptions | undefined): Promise<Socket> {
    const { connectTimeoutMs } = this.#limits;
    const { opened, cancel } = openStream(destination, tls, this.#clock, connectTimeoutMs, this.#guard.peers);
    this.#opening.add(cancel);
    return opened
      .catch((error: unknown) => Promise.reject(this.#guard.refused(error, destination)))
      .finally(() => this.#opening.delete(cancel));
  }

  /** @throws SipTransportError when the server's certificate will not do; the socket is closed then */
  #judged(socket: Socket, destination: Destination, listener: string): TlsPeer | undefined {
    if (!(socket instanceof TLSSocket)) return undefined;
    try {
      return this.#guard.opened(socket, destination, listener);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #adopt(
    socket: Socket,
    webSocket: WebSocket | undefined,
    transport: TransportName,
    listener: string,
    client: boolean,
    tlsPeer: TlsPeer | undefined,
  ): Connection {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, this.#limits.tcpKeepAliveMs);
    const description: ConnectionDescription = {
      id: `${transport}-${this.#nextId++}`,
      transport,
      listener,
      client,
      localAddress: plainAddress(socket.localAddress ?? ''),
      localPort: socket.localPort ?? 0,
      remoteAddress: plainAddress(socket.remoteAddress ?? ''),
      remotePort: socket.remotePort ?? 0,
      ...(tlsPeer ? { tlsPeer } : {}),
    };
    const wire: Wire = webSocket ? webSocketWire(webSocket, socket) : streamWire(socket);
    const connection = new Connection(description, wire, this.#clock, this.#limits, this.#events);
    this.#connections.add(connection);
    if (webSocket) readWebSocket(webSocket, connection, this.#messageLimits);
    else readStream(socket, connection, this.#messageLimits);
    return connection;
  }

  async #listen(options: ListenOptions): Promise<void> {
    const { name, transport, host, port } = options;
    if (this.#udp.has(name) || this.#streams.has(name)) {
      throw new SipTransportError('listen', `two listeners are named ${name}`);
    }
    if (transport === 'udp') {
      const socket = new UdpSocket(
        name,
        this.#limits,
        this.#logger,
        (bytes, flow) => this.#datagram(bytes, flow),
        () => this.doorkeeper,
      );
      await socket.bind(host, port);
      this.#udp.set(name, socket);
      return;
    }
    const listener = this.#streamListener(options);
    await listener.listen();
    this.#streams.set(name, listener);
  }

  #streamListener(options: ListenOptions): StreamListener {
    const { name, transport, host, port } = options;
    try {
      const shown = new WeakMap<Socket, TlsPeer>();
      const events: ListenerEvents = {
        admit: (socket) => this.#admit(socket, options, shown),
        stream: (socket) => void this.#adopt(socket, undefined, transport, name, false, shown.get(socket)),
        webSocket: (webSocket, socket) =>
          void this.#adopt(socket, webSocket, transport, name, false, shown.get(socket)),
        exhausted: () => this.#connections.giveWay(),
        handshakeFailed: (error, address) => this.#guard.failed(error, name, address),
      };
      return new StreamListener(options, this.#limits, this.#logger, events, this.#guard.peers);
    } catch (error) {
      if (error instanceof SipTransportError) throw error;
      // A key or certificate that cannot be read.
      const where = `${transport} listener ${name} on ${hostPort(host, port)}`;
      throw new SipTransportError('no-certificate', `${where}: ${messageOf(error)}`);
    }
  }

  #admit(socket: Socket, options: ListenOptions, shown: WeakMap<Socket, TlsPeer>): boolean {
    if (this.#state !== 'started' || socket.destroyed) return false;
    const { name: listener } = options;
    if (socket instanceof TLSSocket) {
      const accepted = this.#guard.accepted(socket, listener, requiresCertificate(options), options.clients);
      if (!accepted) return false;
      if (accepted.peer) shown.set(socket, accepted.peer);
    }
    if (this.#connections.makeRoom()) return true;
    this.#logger.warn('too-many-connections', { listener, limit: this.#limits.maxConnections });
    return false;
  }

  #datagram(bytes: Buffer, flow: UdpFlow): void {
    try {
      const parsed = readDatagram(bytes, this.#messageLimits);
      if (parsed.kind === 'message') this.#deliver(parsed.message, flow);
      else if (parsed.kind === 'invalid') this.#refuse(parsed, flow);
    } catch (error) {
      // Whatever one datagram does to the codec, the listener lives.
      this.#logger.error('datagram-unreadable', { flow: flow.id, reason: messageOf(error) });
    }
  }

  #deliver(message: SipMessage, flow: Flow): void {
    try {
      this.onMessage({ message, flow });
    } catch (error) {
      this.#logger.error('message-handler-threw', { flow: flow.id, reason: messageOf(error) });
    }
  }

  #refuse(problem: { status: number; reason: string; message?: SipMessage }, flow: Flow): void {
    const { status, reason, message } = problem;
    try {
      this.onInvalid({ status, reason, flow, ...(message ? { message } : {}) });
    } catch (error) {
      this.#logger.error('invalid-handler-threw', { flow: flow.id, reason: messageOf(error) });
    }
  }

  #portOf(options: ListenOptions): number {
    return this.#udp.get(options.name)?.port ?? this.#streams.get(options.name)?.port ?? options.port;
  }

  #destroySockets(): void {
    for (const listener of this.#streams.values()) listener.destroySockets();
  }
}
