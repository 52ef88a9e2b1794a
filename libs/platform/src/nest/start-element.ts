import 'reflect-metadata';
import type { RequestListener, Server } from 'node:http';
import { type DynamicModule, type InjectionToken, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { type Logger, silentLogger } from '@esinet/kernel';
import type { DrainTimes } from '../app/drain-config.js';
import type { Bus } from '../bus/bus.js';
import { BusServer } from '../bus/nest-transport.js';
import type { Limits } from '../config/limits.js';
import type { FastRoutes } from '../http/fast-route.js';
import { HttpFront } from '../http/http-front.js';
import type { HttpLimits } from '../http/http-limits.js';
import type { TlsOptions } from '../pki/tls-options.js';
import type { HealthChecks } from '../telemetry/health.js';
import type { Metrics } from '../telemetry/metrics.js';
import { nestLogger } from '../telemetry/nest-logger.js';
import { PlatformModule, type PlatformOptions } from './platform-module.js';
import { ProbesController } from './probes.controller.js';
import { BUS, DRAIN, HEALTH, LIMITS, LOGGER, METRICS } from './tokens.js';

/** What a TLS server wants of its clients. */
export type ClientCertificate = 'none' | 'asked' | 'required';

export interface ElementServer {
  readonly http?: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

export interface RunningElement extends ElementServer {
  readonly name: string;
  readonly http: { readonly host: string; readonly port: number };
  /** Where `ElementOptions.secure` is served. */
  readonly secure?: { readonly host: string; readonly port: number };
  /** Where those of `ElementOptions.also` are served, in their order. */
  readonly also?: readonly { readonly host: string; readonly port: number }[];
  /** The server behind `http`: for what is neither a fast route nor a controller (WebSocket upgrades). */
  readonly server: Server;
  /** Anything the element's module provides. */
  get<T>(token: InjectionToken<T>): T;
}

/** HTTPS beside the plain server. */
export interface SecureSide {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions;
  /** `required` unless given; with `asked` a client without one is served, and has no names. */
  readonly clientCertificate?: ClientCertificate;
  readonly routes: FastRoutes | ((get: <T>(token: InjectionToken<T>) => T) => FastRoutes);
  /** Octets of a request body; beyond it 413. */
  readonly maxBodyBytes: number;
  readonly limits?: Partial<HttpLimits>;
  /** Controllers and probes too, not only `routes`. */
  readonly everything?: boolean;
  /** Where its port is set, for the sentence when it cannot be had. */
  readonly configKey?: string;
}

export interface ElementOptions {
  readonly name: string;
  readonly module: DynamicModule | Type;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly tls?: TlsOptions;
    readonly requireClientCertificate?: boolean;
    readonly limits?: Partial<HttpLimits>;
    /** Beside `fastRoutes` only what an orchestrator asks. */
    readonly probesOnly?: boolean;
  };
  readonly platform: PlatformOptions;
  /**
   * Queue group of the module's `@MessagePattern` handlers: each request on the bus is answered by one of the instances.
   * Without it they do not listen.
   */
  readonly busQueue?: string | undefined;
  readonly fastRoutes?: (get: <T>(token: InjectionToken<T>) => T) => FastRoutes;
  /** Before the application is initialised: body parsers, pages made from its controllers. */
  readonly prepare?: (app: NestExpressApplication) => void;
  /**
   * HTTPS for those who show a certificate of the authority of `tls`; everybody else is refused in the handshake, unless
   * `clientCertificate` says otherwise. Nothing but `routes` is served. At the host and port of `http` both share the port: who begins with a TLS record is
   * served here, everybody else there.
   */
  readonly secure?: SecureSide;
  /** More of the kind, each at a host and port of its own. */
  readonly also?: readonly SecureSide[];
}

@Module({})
class ElementModule {}

/**
 * Starts one element: its module over the platform's, then the HTTP server. What listens otherwise (SIP) is started by
 * the module itself in `onApplicationBootstrap`, before the HTTP port opens. Anything that fails ends what was started.
 *
 * @throws ListenError when the port cannot be had, or whatever the element's module throws
 */
export async function startElement(o: ElementOptions): Promise<RunningElement> {
  const root: DynamicModule = {
    module: ElementModule,
    imports: [PlatformModule.forRoot({ ...o.platform, element: o.name }), o.module],
    controllers: [ProbesController],
  };
  const adapter = new ExpressAdapter();
  adapter.disable('x-powered-by');
  const app = await NestFactory.create<NestExpressApplication>(root, adapter, {
    logger: nestLogger(o.platform.logger ?? silentLogger),
    abortOnError: false,
  });
  const get = <T>(token: InjectionToken<T>): T => app.get<T>(token, { strict: false });
  let front: HttpFront | undefined;
  let secure: HttpFront | undefined;
  const others: HttpFront[] = [];
  try {
    o.prepare?.(app);
    await app.init();
    if (o.busQueue !== undefined) {
      app.connectMicroservice({ strategy: new BusServer(get<Bus>(BUS), o.busQueue) });
      await app.startAllMicroservices();
    }
    front = new HttpFront({
      ...o.http,
      limits: { ...get<Limits>(LIMITS).http, ...o.http.limits },
      rest: o.http.probesOnly ? probesOf(adapter.getInstance()) : adapter.getInstance(),
      fastRoutes: o.fastRoutes?.(get) ?? {},
      logger: get<Logger>(LOGGER),
    });
    secure = o.secure && secureFront(o.secure, get, adapter.getInstance());
    const shared = secure !== undefined && o.secure?.host === o.http.host && o.secure.port === o.http.port;
    if (secure && shared) front.share(secure);
    const http = await front.listen({
      host: o.http.host,
      port: o.http.port,
      configKey: `${o.name}.http.port`,
    });
    const https =
      o.secure && secure && !shared
        ? await secure.listen({
            host: o.secure.host,
            port: o.secure.port,
            configKey: o.secure.configKey ?? `${o.name}.secure.port`,
          })
        : secure && http;
    const also: { host: string; port: number }[] = [];
    for (const side of o.also ?? []) {
      const other = secureFront(side, get, adapter.getInstance());
      others.push(other);
      const { host, port, configKey = `${o.name}.secure.port` } = side;
      also.push(await other.listen({ host, port, configKey }));
    }
    const { server } = front;
    const close = once(async () => {
      const health = get<HealthChecks>(HEALTH);
      health.drain();
      const notice = get<DrainTimes | null>(DRAIN)?.notice ?? 0;
      if (notice > 0) {
        // Whoever keeps a connection open is sent elsewhere by its next answer.
        front?.leave();
        secure?.leave();
        for (const other of others) other.leave();
        await new Promise<void>((resolve) => void setTimeout(resolve, notice));
      }
      await Promise.all([health.finish(), ...[front, secure, ...others].map((each) => each?.close())]);
      await app.close();
    });
    get<Logger>(LOGGER).info('element started', { host: http.host, port: http.port });
    return {
      name: o.name,
      http,
      server,
      get,
      close,
      ...(https && { secure: https }),
      ...(also.length > 0 && { also }),
    };
  } catch (error) {
    for (const each of [front, secure, ...others]) await each?.close();
    await app.close();
    throw error;
  }
}

function secureFront(
  o: SecureSide,
  get: <T>(token: InjectionToken<T>) => T,
  application: RequestListener,
): HttpFront {
  const refused = get<Metrics>(METRICS).counter(
    'esinet_tls_refused_total',
    'TLS handshakes that failed: no certificate, one of another authority, or no TLS',
  );
  return new HttpFront({
    tls: o.tls,
    requireClientCertificate: (o.clientCertificate ?? 'required') === 'required',
    noClientCertificate: o.clientCertificate === 'none',
    limits: { ...get<Limits>(LIMITS).http, ...o.limits, maxBodyBytes: o.maxBodyBytes },
    fastRoutes: typeof o.routes === 'function' ? o.routes(get) : o.routes,
    rest: o.everything ? application : notHere,
    logger: get<Logger>(LOGGER),
    onHandshakeFailed: () => refused.inc(),
  });
}

const notHere: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(404, { 'content-length': 0 }).end();
};

const PROBES = new Set(['/livez', '/readyz', '/metrics']);

function probesOf(application: RequestListener): RequestListener {
  return (request, response) =>
    (PROBES.has(request.url?.split('?', 1)[0] ?? '') ? application : notHere)(request, response);
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
