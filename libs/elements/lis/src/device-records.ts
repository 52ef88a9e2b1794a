import type { Logger } from '@esinet/kernel';
import type { Records } from '@esinet/platform';
import type { Device, Devices } from './device.js';
import { deviceOf, deviceSchema, shownDevice } from './device-schema.js';

const COLLECTION = 'lis.devices';
/** Devices read from disk at once. */
const PAGE = 1_000;

/** What a record holds: a device as provisioners see it, or that it was deleted. */
type DeviceRecord = { readonly device: unknown; readonly since: number } | { readonly deleted: true };

/** Devices that came over the API, on disk. */
export class DeviceRecords {
  constructor(
    private readonly records: Pick<Records, 'put' | 'list'>,
    private readonly logger: Logger,
  ) {}

  /** On disk when it resolves. @throws RecordsError */
  put(device: Device, since: number): Promise<void> {
    const record: DeviceRecord = { device: shownDevice(device), since };
    return this.records.put(COLLECTION, device.id, record);
  }

  /** @throws RecordsError */
  delete(id: string): Promise<void> {
    const record: DeviceRecord = { deleted: true };
    return this.records.put(COLLECTION, id, record);
  }

  /** Puts every device that was kept in the place of whatever is known under its id. @throws RecordsError */
  async restore(devices: Devices): Promise<number> {
    let restored = 0;
    let after: string | undefined;
    for (;;) {
      const page = await this.records.list(COLLECTION, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { key, value } of page) if (this.#restore(devices, key, value)) restored += 1;
      after = page.at(-1)?.key;
      if (page.length < PAGE) return restored;
    }
  }

  #restore(devices: Devices, id: string, value: unknown): boolean {
    const record = value as DeviceRecord;
    if ('deleted' in record) return false;
    const read = deviceSchema.safeParse(record.device);
    const problem = read.success
      ? devices.put(deviceOf(id, read.data), Number(record.since) || 0)
      : 'not as described';
    if (problem) this.logger.error('kept device not used', { reason: problem });
    return problem === undefined;
  }
}
