import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type Provider,
} from '@nestjs/common';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import {
  BUS,
  type Bus,
  CLOCK,
  HEALTH,
  type HealthChecks,
  IDS,
  LOGGER,
  METRICS,
  type Metrics,
  SipEdge,
} from '@esinet/platform';
import { StateTable } from '@esinet/states';
import type { EsrpConfig } from '../config.js';
import { RoutingProxy } from '../routing-proxy.js';
import { EsrpStates } from './esrp-states.js';

/** Begins when the sockets are open, ends while they still are. */
@Injectable()
class StatesLife implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(EsrpStates) private readonly states: EsrpStates,
    @Inject(SipEdge) private readonly edge: SipEdge,
  ) {}

  onApplicationBootstrap(): void {
    void this.edge.listening.then(() => this.states.start());
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.states.close();
  }
}

/** What is known of others (`StateTable`), and what keeps it so (`EsrpStates`). */
export function statesProviders(config: EsrpConfig): Provider[] {
  return [
    {
      provide: StateTable,
      inject: [CLOCK],
      useFactory: (clock: Clock) =>
        new StateTable({
          clock,
          busSilenceMs: config.states.busSilence,
          maxFromBus: config.states.fromBus,
        }),
    },
    {
      provide: EsrpStates,
      // After the proxy: what is not ours goes on to it.
      inject: [StateTable, SipEdge, BUS, CLOCK, IDS, LOGGER, METRICS, HEALTH, RoutingProxy],
      useFactory: (
        table: StateTable,
        edge: SipEdge,
        bus: Bus,
        clock: Clock,
        ids: IdSource,
        logger: Logger,
        metrics: Metrics,
        health: HealthChecks,
      ) =>
        new EsrpStates(
          { config: config.states, hosts: new Map(Object.entries(config.hosts)), table },
          { edge, bus, clock, ids, logger, metrics, health },
        ),
    },
    StatesLife,
  ];
}
