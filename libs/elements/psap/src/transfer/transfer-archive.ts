import type { Records } from '@esinet/platform';
import { collections } from '../message-record.js';
import type { Tenure } from '../pods/tenure.js';
import { type TransferRecord, isTransferRecord } from './transfer-record.js';

/** Records read at a time. */
const page = 500;

/** What is kept of transfers. Every method rejects with RecordsError when the records fail. */
export class TransferArchive {
  constructor(private readonly records: Records) {}

  async put(record: TransferRecord, tenure: Tenure): Promise<void> {
    const { transfer: key } = record;
    await tenure.write(this.records, [
      { kind: 'put', collection: collections.transfers, key, value: record },
    ]);
  }

  async get(transfer: string): Promise<TransferRecord | undefined> {
    const value = await this.records.get(collections.transfers, transfer.slice(0, 128) || '-');
    return isTransferRecord(value) ? value : undefined;
  }

  /** Those that began at `since` (RFC 3339) or later, the newest first. */
  async *since(since: string): AsyncGenerator<TransferRecord> {
    for (let after: string | undefined; ;) {
      const found = await this.records.list(collections.transfers, {
        reverse: true,
        limit: page,
        ...(after !== undefined && { after }),
      });
      for (const { key, value } of found) {
        if (key < since) return;
        if (isTransferRecord(value)) yield value;
      }
      after = found.at(-1)?.key;
      if (found.length < page) return;
    }
  }
}
