import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  HEALTH,
  INSTANCE,
  type Health,
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
import { StateTable } from '@esinet/states';
import type { EsrpConfig } from './config.js';
import { policyRoutes } from './policies/policies-http.js';
import { PolicySpread } from './policies/policy-spread.js';
import { Policies } from './policies/policies.js';
import { EsrpQueues } from './queues/esrp-queues.js';
import { explanationRoutes } from './explanation/explanations-http.js';
import { Explanations } from './explanation/explanations.js';
import { dequeueRoutes, maxRegistrationBytes, queueRoutes } from './queues/queue-http.js';
import { RoutingProxy } from './routing-proxy.js';
import { sourceFacts } from './source-facts.js';
import { EsrpStates } from './states/esrp-states.js';
import { StatesController } from './states/states.controller.js';
import { statesProviders } from './states/states-providers.js';

/** Shares policies where that is configured. */
@Injectable()
class PolicySharing implements OnApplicationBootstrap, OnApplicationShutdown {
  #spread: PolicySpread | undefined;

  constructor(
    @Inject(Policies) private readonly policies: Policies,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(INSTANCE) private readonly instance: string,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.policies.config.share) return;
    const { bus, instance, clock, logger } = this;
    this.#spread = new PolicySpread(this.policies, { bus, instance, clock, logger });
  }

  onApplicationShutdown(): void {
    this.#spread?.stop();
  }
}

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

/** What one part knows and another has to hear of, before the sockets open. */
@Injectable()
class StatesWiring {
  constructor(
    @Inject(EsrpStates) states: EsrpStates,
    @Inject(EsrpQueues) { queues }: EsrpQueues,
    @Inject(StateTable) table: StateTable,
    @Inject(SipEdge) edge: SipEdge,
  ) {
    states.tellQueues(queues);
    table.onChange(() => queues.reconsider());
    edge.overload?.control.onOverload((active) => states.edge.health.overloaded(active));
  }
}

@Module({})
class EsrpModule {}

export function esrpModule(config: EsrpConfig, o: SipExtras = {}): DynamicModule {
  return {
    module: EsrpModule,
    controllers: [StatesController],
    providers: [
      ...statesProviders(config),
      sipEdgeProvider({
        listeners: sipPortListeners(config.listen),
        hopsBefore: 2 + hopsOfAnotherEsinet,
        overload: config.overload,
        ...o,
      }),
      {
        provide: Policies,
        inject: [BUS, CLOCK, HEALTH, LOGGER, METRICS],
        useFactory: (bus: Bus, clock: Clock, health: Health, logger: Logger, metrics: Metrics) =>
          new Policies(config.policies, { bus, clock, health, logger, metrics }),
      },
      {
        provide: EsrpQueues,
        inject: [SipEdge, BUS, CLOCK, LOGGER, METRICS, StateTable],
        useFactory: (
          edge: SipEdge,
          bus: Bus,
          clock: Clock,
          logger: Logger,
          metrics: Metrics,
          known: StateTable,
        ) => new EsrpQueues(config, { edge, bus, clock, logger, metrics, known }),
      },
      {
        provide: RoutingProxy,
        inject: [EsrpQueues, SipEdge, BUS, CLOCK, LIMITS, LOGGER, METRICS, StateTable, Policies],
        useFactory: (
          { queues }: EsrpQueues,
          edge: SipEdge,
          bus: Bus,
          clock: Clock,
          limits: Limits,
          logger: Logger,
          metrics: Metrics,
          states: StateTable,
          policies: Policies,
        ) =>
          new RoutingProxy(config, {
            queues,
            edge,
            bus,
            clock,
            limits,
            logger,
            metrics,
            states,
            policies,
            source: sourceFacts,
            ...(o.tls && { tls: o.tls }),
          }),
      },
      {
        provide: Explanations,
        inject: [RoutingProxy],
        useFactory: (proxy: RoutingProxy) => proxy.explanations,
      },
      ProxyClosing,
      PolicySharing,
      StatesWiring,
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
    fastRoutes: (get) => ({
      ...policyRoutes(get(Policies)),
      ...queueRoutes(get<EsrpQueues>(EsrpQueues)),
      ...explanationRoutes(get(Explanations)),
    }),
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
