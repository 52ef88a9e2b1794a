import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Server as TlsServer, TLSSocket } from 'node:tls';
import { type Logger, messageOf } from '@esinet/kernel';
import { alternativeNames } from '@esinet/sip';
import type { TlsOptions } from '../pki/tls-options.js';
import {
  type FastHandler,
  type FastRequest,
  type FastResponse,
  type FastRoutes,
  fastRouteOf,
} from './fast-route.js';
import { type HttpLimits, defaultHttpLimits } from './http-limits.js';
import { portOwner } from './port-owner.js';
import { SharedPort } from './shared-port.js';

/** The sentence an operator reads when a port cannot be had. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * The one HTTP server of an element: fast routes are answered here on bare node:http, everything else by `rest`
 * (express). The limits guard both.
 */
export class HttpFront {
  readonly server: Server;
  readonly #limits: HttpLimits;
  readonly #fast: ReadonlyMap<string, FastHandler>;
  readonly #logger: Logger;
  /** The connections beneath TLS: those in a handshake are not yet the HTTP server's. */
  readonly #beneath = new Set<Socket>();
  #secure: { readonly front: HttpFront; readonly port: SharedPort } | undefined;
  #closing = false;
  readonly #unwatch: () => void;

  constructor(o: {
    rest: RequestListener;
    fastRoutes?: FastRoutes;
    tls?: TlsOptions;
    /** Ask the client for a certificate and refuse those without a good one. */
    requireClientCertificate?: boolean;
    /** Not even asked for one. */
    noClientCertificate?: boolean;
    limits?: Partial<HttpLimits>;
    logger: Logger;
    /** Told why a TLS handshake failed. */
    onHandshakeFailed?: (code: string) => void;
  }) {
    this.#limits = { ...defaultHttpLimits, ...o.limits };
    this.#fast = new Map(Object.entries(o.fastRoutes ?? {}));
    this.#logger = o.logger;
    const options = {
      maxHeaderSize: this.#limits.maxHeaderBytes,
      headersTimeout: this.#limits.headersTimeoutMs,
      requestTimeout: this.#limits.requestTimeoutMs,
      connectionsCheckingInterval: this.#limits.checkingIntervalMs,
      keepAliveTimeout: this.#limits.keepAliveTimeoutMs,
    };
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      if (this.#closing) response.setHeader('connection', 'close');
      const mark = request.url?.indexOf('?') ?? -1;
      const path = mark < 0 ? (request.url ?? '/') : (request.url?.slice(0, mark) ?? '/');
      const handler = fastRouteOf(this.#fast, path);
      if (handler) this.#answer(handler, path, request, response);
      else o.rest(request, response);
    };
    this.server = o.tls
      ? createTlsServer(
          {
            ...options,
            ...httpsCredentials(o.tls),
            requestCert: !(o.noClientCertificate ?? false),
            rejectUnauthorized: o.requireClientCertificate ?? false,
            handshakeTimeout: this.#limits.headersTimeoutMs,
          },
          listener,
        )
      : createServer(options, listener);
    this.#unwatch = o.tls?.onChanged?.(() => this.#rotate(o.tls)) ?? (() => undefined);
    this.server.maxConnections = this.#limits.maxConnections;
    this.server.timeout = this.#limits.idleTimeoutMs;
    if (o.tls) {
      this.server.on('connection', (socket: Socket) => {
        this.#beneath.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.#beneath.delete(socket));
      });
    }
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const reason = error.code ?? 'unknown';
      o.onHandshakeFailed?.(reason);
      this.#logger.warn('tls handshake failed', { reason, address: socket.remoteAddress });
    });
  }

  /** Also serves `secure`, which does not listen itself, on this port: whoever begins with a TLS record is its. */
  share(secure: HttpFront): void {
    const port = new SharedPort(this.server, secure.server, this.#limits.headersTimeoutMs);
    this.#secure = { front: secure, port };
  }

  /** Resolves with where it listens. @throws ListenError with a sentence for the operator */
  async listen(o: {
    host: string;
    port: number;
    configKey: string;
  }): Promise<{ host: string; port: number }> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.server.once('error', reject);
        this.server.listen({ host: o.host, port: o.port, backlog: 1_024 }, () => {
          this.server.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      throw new ListenError(await listenSentence(error, o), { cause: error });
    }
    this.server.on('error', (error: NodeJS.ErrnoException) => {
      this.#logger.error('http server error', { reason: error.message });
      // No descriptor is left: connections that wait for their next request make room.
      if (error.code === 'EMFILE' || error.code === 'ENFILE') this.server.closeIdleConnections();
    });
    const address = this.server.address() as AddressInfo;
    return { host: address.address, port: address.port };
  }

  /** Still serves all; each connection ends with its next answer. */
  leave(): void {
    this.#closing = true;
  }

  /** Takes no new connection, lets requests under way end, and cuts what is still open after the time limit. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#unwatch();
    const secure = this.#secure;
    if (secure) {
      secure.front.#closing = true;
      secure.front.#unwatch();
    }
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    secure?.port.closeIdle();
    const beneath = (secure?.front ?? this).#beneath;
    for (const socket of beneath) if (socket.bytesRead === 0) socket.destroy();
    const cut = setTimeout(() => {
      this.server.closeAllConnections();
      for (const socket of beneath) socket.destroy();
    }, this.#limits.closeTimeoutMs);
    await closed;
    clearTimeout(cut);
  }

  /** New connections see the new certificate; those that stand keep what they were made with. */
  #rotate(tls: TlsOptions | undefined): void {
    if (!tls || !(this.server instanceof TlsServer)) return;
    try {
      this.server.setSecureContext(httpsCredentials(tls));
    } catch (error) {
      this.#logger.error('tls rotation failed', { reason: messageOf(error) });
    }
  }

  #answer(handler: FastHandler, path: string, request: IncomingMessage, response: ServerResponse): void {
    const limit =
      handler.maxBodyBytes?.(new ReceivedRequest(request, path, NOTHING)) ?? this.#limits.maxBodyBytes;
    const tooLarge = (): void => {
      this.#logger.warn('http request refused', { status: 413, limit });
      refuse(request, response, 413);
    };
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      tooLarge();
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else if (!response.headersSent) tooLarge();
    });
    // An aborted request needs no answer; without a listener its error would end the process.
    request.on('error', () => undefined);
    request.on('end', () => {
      if (size > limit) return;
      const [only] = chunks;
      const body = chunks.length === 1 && only ? only : Buffer.concat(chunks, size);
      this.#run(handler, new ReceivedRequest(request, path, body), response);
    });
  }

  /** Without a turn of the event loop where the handler needs none: most answers are known at once. */
  #run(handler: FastHandler, request: FastRequest, response: ServerResponse): void {
    let answer: Promise<FastResponse> | FastResponse;
    try {
      answer = handler(request);
    } catch (error) {
      this.#send(this.#mistake(request, error), request, response);
      return;
    }
    if (!(answer instanceof Promise)) {
      this.#send(answer, request, response);
      return;
    }
    void answer.then(
      (given) => this.#send(given, request, response),
      (error: unknown) => this.#send(this.#mistake(request, error), request, response),
    );
  }

  #mistake(request: FastRequest, error: unknown): FastResponse {
    this.#logger.error('http handler failed', { method: request.method, reason: messageOf(error) });
    return { status: 500 };
  }

  #send(answer: FastResponse, request: FastRequest, response: ServerResponse): void {
    if (response.destroyed || response.headersSent) return;
    try {
      const body = answer.body ?? '';
      const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
      // As a list: what node copies, checks and counts least.
      const lines: (string | number)[] = [];
      for (const name in answer.headers) lines.push(name, answer.headers[name] ?? '');
      lines.push('content-length', length);
      response.writeHead(answer.status, lines);
      response.end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      // A header value that HTTP cannot carry: the handler's mistake, answered all the same.
      this.#logger.error('http answer failed', { reason: messageOf(error) });
      response.removeHeader('content-length');
      response.writeHead(500, { 'content-length': 0 }).end();
    }
  }
}

function httpsCredentials({ key, cert, ca }: TlsOptions) {
  return { key, cert, ca, minVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=2' } as const;
}

const NOTHING = Buffer.alloc(0);

/** What is seldom asked for is made when it is. */
class ReceivedRequest implements FastRequest {
  /** Who asked is known as long as the connection stands. */
  readonly remoteAddress: string;

  constructor(
    private readonly request: IncomingMessage,
    readonly path: string,
    readonly body: Buffer,
  ) {
    this.remoteAddress = request.socket.remoteAddress ?? '';
  }

  get method(): string {
    return this.request.method ?? 'GET';
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.request.url?.slice(this.path.length + 1) ?? '');
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  get clientFingerprint(): string | undefined {
    const { socket } = this.request;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    // Empty where a session of TLS 1.2 was taken up again without its certificate.
    const { fingerprint256 } = socket.getPeerCertificate() as { readonly fingerprint256?: string };
    return fingerprint256?.replaceAll(':', '').toLowerCase();
  }

  get clientNames(): readonly string[] {
    const { socket } = this.request;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
    const names = alternativeNames(socket.getPeerCertificate().subjectaltname);
    return [
      ...names.uris.map((name) => `URI:${name}`),
      ...names.dns.map((name) => `DNS:${name}`),
      ...names.addresses.map((name) => `IP Address:${name}`),
    ];
  }
}

/** Answers and closes: what is still on its way is not worth reading. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: 'close', 'content-length': 0 });
  response.end(() => {
    request.unpipe();
    request.socket.destroySoon();
  });
}

async function listenSentence(
  error: unknown,
  o: { host: string; port: number; configKey: string },
): Promise<string> {
  const where = `port ${o.port}/tcp on ${o.host}`;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    const owner = await portOwner(o.port);
    return `${where} is in use by ${owner ?? 'another program'}; set ${o.configKey}`;
  }
  if (code === 'EACCES') return `${where} needs a privilege this program does not have; set ${o.configKey}`;
  if (code === 'EADDRNOTAVAIL') return `${where}: this machine has no such address; set ${o.configKey}`;
  return `${where} cannot be opened: ${messageOf(error)}; set ${o.configKey}`;
}
