import 'reflect-metadata';
import type { Server } from 'node:http';
import { type DynamicModule, type InjectionToken, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { type Logger, silentLogger } from '@esinet/kernel';
import type { Limits } from '../config/limits.js';
import type { FastRoutes } from '../http/fast-route.js';
import { HttpFront } from '../http/http-front.js';
import type { HttpLimits } from '../http/http-limits.js';
import type { TlsOptions } from '../pki/tls-options.js';
import type { HealthChecks } from '../telemetry/health.js';
import { nestLogger } from '../telemetry/nest-logger.js';
import { PlatformModule, type PlatformOptions } from './platform-module.js';
import { ProbesController } from './probes.controller.js';
import { HEALTH, LIMITS, LOGGER } from './tokens.js';

export interface ElementServer {
  readonly http?: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

export interface RunningElement extends ElementServer {
  readonly name: string;
  readonly http: { readonly host: string; readonly port: number };
  /** The server behind `http`: for what is neither a fast route nor a controller (WebSocket upgrades). */
  readonly server: Server;
  /** Anything the element's module provides. */
  get<T>(token: InjectionToken<T>): T;
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
  };
  readonly platform: PlatformOptions;
  readonly fastRoutes?: (get: <T>(token: InjectionToken<T>) => T) => FastRoutes;
  /** Before the application is initialised: body parsers, pages made from its controllers. */
  readonly prepare?: (app: NestExpressApplication) => void;
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
  try {
    o.prepare?.(app);
    await app.init();
    front = new HttpFront({
      ...o.http,
      limits: { ...get<Limits>(LIMITS).http, ...o.http.limits },
      rest: adapter.getInstance(),
      fastRoutes: o.fastRoutes?.(get) ?? {},
      logger: get<Logger>(LOGGER),
    });
    const http = await front.listen({
      host: o.http.host,
      port: o.http.port,
      configKey: `${o.name}.http.port`,
    });
    const { server } = front;
    const close = once(async () => {
      get<HealthChecks>(HEALTH).drain();
      await front?.close();
      await app.close();
    });
    get<Logger>(LOGGER).info('element started', { host: http.host, port: http.port });
    return { name: o.name, http, server, get, close };
  } catch (error) {
    await front?.close();
    await app.close();
    throw error;
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
