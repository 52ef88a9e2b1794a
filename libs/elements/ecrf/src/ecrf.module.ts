import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import {
  type Bus,
  type Health,
  type Limits,
  type Metrics,
  BUS,
  CLOCK,
  HEALTH,
  LIMITS,
  LOGGER,
  METRICS,
} from '@esinet/platform';
import type { EcrfConfig } from './ecrf-config.js';
import { Ecrf } from './ecrf.js';
import { BoundaryReload } from './boundary-reload.js';
import type { LabCivic } from './civic-plan.js';
import { NoBoundariesError, loadLayers } from './load-layers.js';
import { loadReferral } from './load-referral.js';
import { ReloadTriggers, reloadOf } from './reload-triggers.js';

export { NoBoundariesError };

export const ECRF = Symbol('esinet.ecrf');

/** What `boundaries: lab` stands for: a GeoJSON FeatureCollection. */
export interface EcrfExtras {
  readonly lab?: unknown;
  /** What `civicData: lab` stands for, which is the default with the lab's boundaries. */
  readonly labCivic?: LabCivic;
}

@Module({})
export class EcrfModule {}

export function ecrfModule(config: EcrfConfig, extras: EcrfExtras = {}): DynamicModule {
  return {
    module: EcrfModule,
    providers: [
      {
        provide: ECRF,
        inject: [CLOCK, LOGGER, METRICS, BUS, HEALTH, LIMITS],
        useFactory: async (
          clock: Clock,
          logger: Logger,
          metrics: Metrics,
          bus: Bus,
          health: Health,
          limits: Limits,
        ) =>
          new Ecrf(
            await loadLayers(config, extras, clock, logger),
            { clock, logger, metrics, bus, health, limits },
            await loadReferral(config, { clock, logger, metrics }),
          ),
      },
      {
        provide: BoundaryReload,
        inject: [ECRF, CLOCK, LOGGER, METRICS, BUS, HEALTH],
        useFactory: (ecrf: Ecrf, clock: Clock, logger: Logger, metrics: Metrics, bus: Bus, health: Health) =>
          reloadOf(config, extras, ecrf, { clock, logger, metrics, bus, health }),
      },
      {
        provide: ReloadTriggers,
        inject: [BoundaryReload, CLOCK, LOGGER],
        useFactory: (reload: BoundaryReload, clock: Clock, logger: Logger) =>
          new ReloadTriggers(config, reload, clock, logger),
      },
    ],
    exports: [ECRF, BoundaryReload],
  };
}
