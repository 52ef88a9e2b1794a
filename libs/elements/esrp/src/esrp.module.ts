import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  LOGGER,
  METRICS,
  type Metrics,
  type PlatformOptions,
  type RunningElement,
  SipEdge,
  type TlsOptions,
  sipEdgeProvider,
  startElement,
} from '@esinet/platform';
import type { EsrpConfig } from './config.js';
import { RoutingProxy, proxyListeners } from './routing-proxy.js';

@Injectable()
class ProxyClosing implements OnApplicationShutdown {
  constructor(@Inject(RoutingProxy) private readonly proxy: RoutingProxy) {}

  onApplicationShutdown(): void {
    this.proxy.close();
  }
}

/** What is not configuration: the certificate, for a TLS listener and shown to ECRF and LIS. */
export interface ElementExtras {
  readonly tls?: TlsOptions;
  /** Milliseconds that requests under way have to finish at the end. */
  readonly drainMs?: number;
}

@Module({})
class EsrpModule {}

export function esrpModule(config: EsrpConfig, o: ElementExtras = {}): DynamicModule {
  return {
    module: EsrpModule,
    providers: [
      sipEdgeProvider({ listeners: proxyListeners(config), ...o }),
      {
        provide: RoutingProxy,
        inject: [SipEdge, BUS, CLOCK, LOGGER, METRICS],
        useFactory: (edge: SipEdge, bus: Bus, clock: Clock, logger: Logger, metrics: Metrics) =>
          new RoutingProxy(config, { edge, bus, clock, logger, metrics, ...(o.tls && { tls: o.tls }) }),
      },
      ProxyClosing,
    ],
  };
}

/** Starts the routing proxy. What it listens on is the `SipEdge` of the running element. */
export function startEsrp(
  config: EsrpConfig,
  platform: PlatformOptions,
  o: ElementExtras = {},
): Promise<RunningElement> {
  return startElement({ name: 'esrp', module: esrpModule(config, o), http: config.http, platform });
}
