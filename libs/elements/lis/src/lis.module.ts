import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import {
  type Bus,
  type Health,
  type Limits,
  type Metrics,
  type Store,
  BUS,
  CLOCK,
  HEALTH,
  IDS,
  LIMITS,
  LOGGER,
  METRICS,
  STORE,
} from '@esinet/platform';
import type { LisConfig } from './lis-config.js';
import { Lis } from './lis.js';

export const LIS = Symbol('esinet.lis');

@Module({})
export class LisModule {}

export function lisModule(config: LisConfig): DynamicModule {
  return {
    module: LisModule,
    providers: [
      {
        provide: LIS,
        inject: [CLOCK, LOGGER, METRICS, BUS, STORE, IDS, HEALTH, LIMITS],
        useFactory: (
          clock: Clock,
          logger: Logger,
          metrics: Metrics,
          bus: Bus,
          store: Store,
          ids: IdSource,
          health: Health,
          limits: Limits,
        ) => new Lis(config, { clock, logger, metrics, bus, store, ids, health, limits }),
      },
    ],
    exports: [LIS],
  };
}
