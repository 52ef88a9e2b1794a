import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import { type LostClient, httpLostClient } from '@esinet/lost';
import {
  type Bus,
  type Health,
  type Limits,
  type Metrics,
  type Records,
  type SipExtras,
  type Store,
  BUS,
  CLOCK,
  HEALTH,
  IDS,
  LIMITS,
  LOGGER,
  METRICS,
  RECORDS,
  STORE,
} from '@esinet/platform';
import { LoadController } from './api/load.controller.js';
import { LIS, LIS_CONFIG, LOST, PROVISIONERS, PROVISIONING } from './api/tokens.js';
import { DeviceRecords } from './device-records.js';
import type { LisConfig } from './lis-config.js';
import { HeldBusController } from './held-bus.js';
import { LisLife } from './lis-life.js';
import { Lis } from './lis.js';
import { PeerList } from './peer-list.js';
import { presenceProviders } from './presence/presence-providers.js';
import { Provisioning } from './provisioning.js';

export { LIS } from './api/tokens.js';

@Module({})
export class LisModule {}

export function lisModule(config: LisConfig, o: SipExtras = {}): DynamicModule {
  const { lost: url, timeout: timeoutMs } = config.routing;
  return {
    module: LisModule,
    controllers: [LoadController, HeldBusController],
    providers: [
      { provide: LIS_CONFIG, useValue: config },
      { provide: PROVISIONERS, useValue: new PeerList(config.provisioners) },
      {
        provide: LOST,
        useFactory: () =>
          url === undefined ? null : httpLostClient({ url, timeoutMs, ...(o.tls ? { tls: o.tls } : {}) }),
      },
      {
        provide: LIS,
        inject: [CLOCK, LOGGER, METRICS, BUS, STORE, IDS, HEALTH, LIMITS, LOST],
        useFactory: (
          clock: Clock,
          logger: Logger,
          metrics: Metrics,
          bus: Bus,
          store: Store,
          ids: IdSource,
          health: Health,
          limits: Limits,
          lost: LostClient | null,
        ) => {
          const ports = { clock, logger, metrics, bus, store, ids, health, limits };
          return new Lis(config, { ...ports, lost: lost ?? undefined });
        },
      },
      {
        provide: PROVISIONING,
        inject: [LIS, CLOCK, LOGGER, BUS, RECORDS],
        useFactory: (lis: Lis, clock: Clock, logger: Logger, bus: Bus, records: Records) =>
          new Provisioning({
            devices: lis.devices,
            references: lis.references,
            records: config.keepDevices ? new DeviceRecords(records, logger) : undefined,
            area: config.area,
            clock,
            logger,
            bus,
          }),
      },
      LisLife,
      ...presenceProviders(config, o),
    ],
    exports: [LIS, PROVISIONING, PROVISIONERS],
  };
}
