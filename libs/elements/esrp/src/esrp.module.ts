import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  LIMITS,
  ListenError,
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
import { EsrpQueues } from './queues/esrp-queues.js';
import { dequeueRoutes, maxRegistrationBytes, queueRoutes } from './queues/queue-http.js';
import { RoutingProxy } from './routing-proxy.js';

@Injectable()
class ProxyClosing implements OnApplicationShutdown {
  constructor(
    @Inject(RoutingProxy) private readonly proxy: RoutingProxy,
    @Inject(EsrpQueues) private readonly queues: EsrpQueues,
  ) {}

  onApplicationShutdown(): void {
    this.proxy.close();
    this.queues.close();
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
        ...o,
      }),
      {
        provide: EsrpQueues,
        inject: [SipEdge, BUS, CLOCK, LOGGER, METRICS],
        useFactory: (edge: SipEdge, bus: Bus, clock: Clock, logger: Logger, metrics: Metrics) =>
          new EsrpQueues(config, { edge, bus, clock, logger, metrics }),
      },
      {
        provide: RoutingProxy,
        inject: [EsrpQueues, SipEdge, BUS, CLOCK, LIMITS, LOGGER, METRICS],
        useFactory: (
          { queues }: EsrpQueues,
          edge: SipEdge,
          bus: Bus,
          clock: Clock,
          limits: Limits,
          logger: Logger,
          metrics: Metrics,
        ) =>
          new RoutingProxy(config, {
            queues,
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
  if (config.queues.https && !o.tls) {
    throw new ListenError('esrp.queues.https needs a certificate; set pki.folder');
  }
  return startElement({
    name: 'esrp',
    module: esrpModule(config, o),
    http: config.http,
    platform,
    fastRoutes: (get) => queueRoutes(get<EsrpQueues>(EsrpQueues)),
    ...(config.queues.https &&
      o.tls && {
        secure: {
          ...config.queues.https,
          tls: o.tls,
          routes: (get) => dequeueRoutes(get<EsrpQueues>(EsrpQueues)),
          maxBodyBytes: maxRegistrationBytes,
          configKey: 'esrp.queues.https.port',
        },
      }),
  });
}
