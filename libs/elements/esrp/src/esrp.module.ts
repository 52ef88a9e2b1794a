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

@Module({})
class EsrpModule {}

/** `tls` is the routing proxy's certificate: for a TLS listener, and shown to ECRF and LIS. */
export function esrpModule(config: EsrpConfig, o: { readonly tls?: TlsOptions } = {}): DynamicModule {
  return {
    module: EsrpModule,
    providers: [
      sipEdgeProvider({ listeners: proxyListeners(config), ...o }),
      {
        provide: RoutingProxy,
        inject: [SipEdge, BUS, CLOCK, LOGGER, METRICS],
        useFactory: (edge: SipEdge, bus: Bus, clock: Clock, logger: Logger, metrics: Metrics) =>
          new RoutingProxy(config, { edge, bus, clock, logger, metrics, ...o }),
      },
      ProxyClosing,
    ],
  };
}

/** Starts the routing proxy. What it listens on is the `SipEdge` of the running element. */
export function startEsrp(
  config: EsrpConfig,
  platform: PlatformOptions,
  o: { readonly tls?: TlsOptions } = {},
): Promise<RunningElement> {
  return startElement({ name: 'esrp', module: esrpModule(config, o), http: config.http, platform });
}
