import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import type { LostDns } from '@esinet/lost';
import {
  type Bus,
  type Health,
  type Limits,
  type Metrics,
  type Records,
  type TlsOptions,
  BUS,
  CLOCK,
  HEALTH,
  INSTANCE,
  LIMITS,
  LOGGER,
  METRICS,
  RECORDS,
} from '@esinet/platform';
import type { EcrfConfig } from './ecrf-config.js';
import { Ecrf, type EcrfPorts } from './ecrf.js';
import { ECRF } from './ecrf-token.js';
import { LostBusController } from './lost-bus.js';
import { BoundaryReload } from './boundary-reload.js';
import type { LabCivic } from './civic-plan.js';
import { NoBoundariesError, loadLayers } from './load-layers.js';
import { loadOutline, loadReferral } from './load-referral.js';
import { ReloadTriggers, reloadOf } from './reload-triggers.js';
import { LostSync } from './sync/lost-sync.js';

export { NoBoundariesError };

export { ECRF };

/** What `boundaries: lab` stands for: a GeoJSON FeatureCollection. */
export interface EcrfExtras {
  readonly lab?: unknown;
  /** Shown to the servers asked. */
  readonly tls?: TlsOptions;
  /** In place of the system's. */
  readonly dns?: LostDns;
  /** What `civicData: lab` stands for, which is the default with the lab's boundaries. */
  readonly labCivic?: LabCivic;
}

@Module({})
export class EcrfModule {}

export function ecrfModule(config: EcrfConfig, extras: EcrfExtras = {}): DynamicModule {
  return {
    module: EcrfModule,
    controllers: [LostBusController],
    providers: [
      {
        provide: ECRF,
        inject: [CLOCK, LOGGER, METRICS, BUS, HEALTH, LIMITS, RECORDS],
        useFactory: (
          clock: Clock,
          logger: Logger,
          metrics: Metrics,
          bus: Bus,
          health: Health,
          limits: Limits,
          records: Records,
        ) => makeEcrf(config, extras, { clock, logger, metrics, bus, health, limits, records }),
      },
      {
        provide: BoundaryReload,
        inject: [ECRF, CLOCK, LOGGER, METRICS, BUS, HEALTH],
        useFactory: (ecrf: Ecrf, clock: Clock, logger: Logger, metrics: Metrics, bus: Bus, health: Health) =>
          reloadOf(config, extras, ecrf, { clock, logger, metrics, bus, health }),
      },
      {
        provide: ReloadTriggers,
        inject: [BoundaryReload, CLOCK, LOGGER, BUS, INSTANCE],
        useFactory: (reload: BoundaryReload, clock: Clock, logger: Logger, bus: Bus, instance: string) =>
          new ReloadTriggers(config, reload, { clock, logger, bus, instance }),
      },
    ],
    exports: [ECRF, BoundaryReload],
  };
}

/** @throws NoBoundariesError when there is nothing to answer from and nobody to ask */
async function makeEcrf(
  config: EcrfConfig,
  extras: EcrfExtras,
  ports: EcrfPorts & { readonly records: Records },
): Promise<Ecrf> {
  const { clock, logger } = ports;
  const layers = await loadLayers(config, extras, clock, logger);
  const referral = await loadReferral(config, { ...ports, ...extras });
  const ecrf = new Ecrf(layers, ports, referral);
  if (!referral || config.sync.peers.length === 0) return ecrf;
  const sync = new LostSync(
    {
      config,
      layers: () => ecrf.layers,
      coverage: referral.coverage.regions,
      outline: await loadOutline(config, logger),
      onLearnt: (learnt) => ecrf.learn(learnt),
    },
    { ...ports, ...extras },
  );
  ecrf.sync = sync;
  await sync.start();
  return ecrf;
}
