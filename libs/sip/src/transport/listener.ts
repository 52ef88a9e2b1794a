import { type Server as HttpServer, createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type Server, type Socket, createServer as createTcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TLSSocket, Server as TlsServer, createServer as createTlsServer } from 'node:tls';
import { type Logger, messageOf } from '@esinet/kernel';
import type { WebSocket } from 'ws';
import { type TransportName, defaultPort, hostPort, plainAddress } from './destination.js';
import { SipTransportError, reasonOf } from './error.js';
import type { TransportLimits } from './limits.js';
import { type ClientCertificate, type TlsOptions, serverCredentials, serverTlsOptions } from './tls.js';
import type { TlsPeerRule } from './tls-peer-rule.js';
import { acceptWebSockets } from './websocket.js';

/** One socket to listen on. */
export interface ListenOptions {
  /** Names the side of the element: `public-udp`. What comes in is told apart by it. */
  readonly name: string;
  readonly transport: TransportName;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** What stands in Via and Contact instead of host and port: a name, or the address others see. */
  readonly advertise?: { readonly host: string; readonly port?: number };
  /** Path of the WebSocket; `/` unless given. */
  readonly path?: string;
  /** Certificate of a `tls` or `wss` listener. */
  readonly tls?: TlsOptions;
  /**
   * Refuse peers without a certificate of our authorities. Default: true on `tls`, false on `wss`, where false means
   * that none is asked for.
   */
  readonly requireClientCertificate?: boolean;
  /**
   * SIP domains one of which the certificate of a peer has to speak for, where one is required. Default: any that our
   * authorities signed. RFC 5922 7.4
   */
  readonly clients?: readonly string[];
}

/** What a listener hands over. */
export interface ListenerEvents {
  admit(socket: Socket): boolean;
  stream(socket: Socket): void;
  webSocket(webSocket: WebSocket, socket: Socket): void;
  /** The process has no descriptor left for a connection: the system has closed it again. */
  exhausted(): void;
  /** A TLS handshake came to nothing. */
  handshakeFailed(error: Error, address: string | undefined): void;
}

/** Whether a peer is refused that shows no good certificate. */
export function requiresCertificate({ transport, requireClientCertificate }: ListenOptions): boolean {
  return requireClientCertificate ?? transport === 'tls';
}

/** A listening TCP, TLS, WS or WSS socket. */
export class StreamListener {
  readonly #server: Server | HttpServer;
  readonly #sockets = new Set<Socket>();
  #listening = false;
  #closed: Promise<void> | undefined;
  /** The port stays known after the end: it stands in Via. */
  #port: number | undefined;
  readonly #unwatch: () => void;

  constructor(
    readonly options: ListenOptions,
    limits: TransportLimits,
    private readonly logger: Logger,
    private readonly events: ListenerEvents,
    private readonly peers: readonly TlsPeerRule[] = [],
  ) {
    this.#server = makeServer(options, limits, events, peers);
    this.#unwatch = options.tls?.onChanged?.(() => this.#rotate()) ?? (() => undefined);
    this.#server.maxConnections = limits.maxConnections + limits.maxHandshakes;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      events.handshakeFailed(error, socket.remoteAddress);
      socket.destroy();
    });
    this.#server.on('clientError', (_error: Error, socket: Socket) => void socket.destroy());
  }

  get port(): number {
    return this.#port ?? this.options.port;
  }

  listen(): Promise<void> {
    const { name, transport, host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.#server.on('error', (error) => {
        // While listening it is an accept that failed (EMFILE, say): the next one may succeed.
        if (this.#listening) {
          this.logger.error('accept-failed', { listener: name, reason: messageOf(error) });
          if (reasonOf(error) === 'no-descriptors') this.events.exhausted();
          return;
        }
        reject(
          new SipTransportError(
            reasonOf(error) === 'address-in-use' ? 'address-in-use' : 'listen',
            `${transport} listener ${name} on ${hostPort(host, port)}: ${messageOf(error)}`,
          ),
        );
      });
      this.#server.listen({ host, port, backlog: 1024 }, () => {
        this.#listening = true;
        const address = this.#server.address();
        if (address && typeof address === 'object') this.#port = address.port;
        resolve();
      });
    });
  }

  /** Accepts no more. Resolves when the last socket is gone. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  #close(): Promise<void> {
    this.#unwatch();
    if (!this.#listening) return Promise.resolve();
    this.#listening = false;
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** New connections see the new certificate; those that stand keep what they were made with. */
  #rotate(): void {
    const { tls, name } = this.options;
    if (!tls || !(this.#server instanceof TlsServer)) return;
    try {
      this.#server.setSecureContext(serverCredentials(tls, this.peers));
    } catch (error) {
      // The old context stands.
      this.logger.error('tls-rotation-failed', { listener: name, reason: messageOf(error) });
    }
  }
}

function makeServer(
  options: ListenOptions,
  limits: TransportLimits,
  events: ListenerEvents,
  peers: readonly TlsPeerRule[],
): Server | HttpServer {
  const { transport } = options;
  if (transport === 'tcp') return createTcpServer((socket) => admitted(socket, events));
  if (transport === 'tls') {
    return createTlsServer(
      {
        ...tlsOf(options, requiresCertificate(options) ? 'required' : 'wanted', peers),
        handshakeTimeout: limits.handshakeTimeoutMs,
      },
      (socket) => admitted(socket, events),
    );
  }
  const timeouts = {
    headersTimeout: limits.handshakeTimeoutMs,
    requestTimeout: limits.handshakeTimeoutMs,
    connectionsCheckingInterval: limits.sweepMs,
    keepAliveTimeout: 1,
  };
  const server =
    transport === 'ws'
      ? createHttpServer(timeouts)
      : createHttpsServer({
          ...timeouts,
          // Browsers give up a WebSocket whose server so much as asks for a certificate.
          ...tlsOf(options, requiresCertificate(options) ? 'required' : 'none', peers),
          handshakeTimeout: limits.handshakeTimeoutMs,
        });
  acceptWebSockets(server, {
    path: options.path ?? '/',
    maxMessageBytes: limits.maxReadBufferBytes,
    admit: (socket) => events.admit(socket),
    accepted: (webSocket, socket) => events.webSocket(webSocket, socket),
  });
  return server;
}

function admitted(socket: Socket, events: ListenerEvents): void {
  if (events.admit(socket)) events.stream(socket);
  else socket.destroy();
}

function tlsOf(options: ListenOptions, clientCertificate: ClientCertificate, peers: readonly TlsPeerRule[]) {
  if (!options.tls) {
    throw new SipTransportError(
      'no-certificate',
      `${options.transport} listener ${options.name} has no certificate`,
    );
  }
  return serverTlsOptions(options.tls, clientCertificate, peers);
}

/** What others reach the listener by: as configured, else its address, or one of this machine's. */
export function advertisedAs(options: ListenOptions, port: number): string {
  const host = options.advertise?.host ?? concreteAddress(options.host);
  const shown = options.advertise ? (options.advertise.port ?? port) : port;
  return hostPort(host, shown || defaultPort(options.transport));
}

function concreteAddress(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (!address.internal && address.family === 'IPv4') return plainAddress(address.address);
    }
  }
  return '127.0.0.1';
}
