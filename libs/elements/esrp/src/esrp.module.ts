import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  LIMITS,
  type Limits,
  LOGGER,
  METRICS,
  type Metrics,
  type PlatformOptions,
  type RunningElement,
  SipEdge,
  type SipExtras,
  hopsOfAnotherEsinet,
  sipEdgeProvider,
  sipPortListeners,
  startElement,
} from '@esinet/platform';
import type { EsrpConfig } from './config.js';
import { RoutingProxy } from './routing-proxy.js';

@Injectable()
class ProxyClosing implements OnApplicationShutdown {
  constructor(@Inject(RoutingProxy) private readonly proxy: RoutingProxy) {}

  onApplicationShutdown(): void {
    this.proxy.close();
  }
}

@Module({})
class EsrpModule {}

export function esrpModule(config: EsrpConfig, o: SipExtras = {}): DynamicModule {
  return {
    module: EsrpModule,
    providers: [
      sipEdgeProvider({
        listeners: sipPortListeners(config.listen),
        hopsBefore: 2 + hopsOfAnotherEsinet,
        overload: config.overload,
        ...o,
      }),
      {
        provide: RoutingProxy,
        inject: [SipEdge, BUS, CLOCK, LIMITS, LOGGER, METRICS],
        useFactory: (
          edge: SipEdge,
          bus: Bus,
          clock: Clock,
          limits: Limits,
          logger: Logger,
          metrics: Metrics,
        ) =>
          new RoutingProxy(config, {
            edge,
            bus,
            clock,
            limits,
            logger,
            metrics,
            ...(o.tls && { tls: o.tls }),
          }),
      },
      ProxyClosing,
    ],
  };
}

/** Starts the routing proxy; `tls` is for a TLS listener and shown to ECRF and LIS. It listens on its `SipEdge`. */
export function startEsrp(
  config: EsrpConfig,
  platform: PlatformOptions,
  o: SipExtras = {},
): Promise<RunningElement> {
  return startElement({ name: 'esrp', module: esrpModule(config, o), http: config.http, platform });
}
