import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock, Logger } from '@esinet/kernel';
import { CLOCK, LOGGER, RECORDS, type Records } from '@esinet/platform';
import { LIS, LIS_CONFIG, LOST, PROVISIONING } from './api/tokens.js';
import { DeviceFiles } from './device-files.js';
import { DeviceRecords } from './device-records.js';
import { deviceOf } from './device-schema.js';
import type { LisConfig } from './lis-config.js';
import type { Lis } from './lis.js';
import type { Provisioning } from './provisioning.js';

/**
 * Devices before the first request: those of the configuration, those of files, and over them those that came over the
 * API and were kept.
 */
@Injectable()
export class LisLife implements OnModuleInit, BeforeApplicationShutdown {
  readonly #files: DeviceFiles;

  constructor(
    @Inject(LIS) private readonly lis: Lis,
    @Inject(PROVISIONING) private readonly provisioning: Provisioning,
    @Inject(LIS_CONFIG) private readonly config: LisConfig,
    @Inject(RECORDS) private readonly records: Records,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(LOST) private readonly lost: { close(): void } | null,
  ) {
    const now = (): number => clock.wall();
    this.#files = new DeviceFiles(config.deviceFiles, { provisioning, now, logger });
  }

  /** @throws RecordsError where devices were kept and cannot be read */
  async onModuleInit(): Promise<void> {
    for (const { id, ...device } of this.config.devices) {
      const made = deviceOf(id ?? device.identifiers[0] ?? '', device, this.clock.wall(), 'config');
      const problem = this.provisioning.problem(made)?.code ?? this.lis.devices.put(made);
      if (problem) this.logger.error('device not used', { reason: problem });
    }
    await this.#files.open();
    if (!this.config.keepDevices) return;
    const kept = await new DeviceRecords(this.records, this.logger).restore(this.lis.devices);
    this.logger.info('devices restored', { devices: kept });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#files.close();
    this.lost?.close();
  }
}
