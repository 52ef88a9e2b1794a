import type { Records } from '@esinet/platform';
import type { Taker } from './queue.js';

/** Collection of Records: one record a call taker, kept after signing off. */
export const takersCollection = 'takers';

interface TakerRecord extends Taker {
  readonly version: 1;
  readonly signedOn: boolean;
}

const page = 1_000;

/** @throws RecordsError */
export async function keepTaker(records: Records, taker: Taker, signedOn: boolean): Promise<void> {
  const record: TakerRecord = { version: 1, ...taker, signedOn };
  await records.put(takersCollection, taker.taker, record);
}

/** Who was signed on when the process ended. @throws RecordsError */
export async function signedOn(records: Records): Promise<Taker[]> {
  const found: Taker[] = [];
  for (let after: string | undefined; ;) {
    const rows = await records.list(takersCollection, {
      limit: page,
      ...(after !== undefined && { after }),
    });
    for (const { value } of rows) {
      if (!isTakerRecord(value) || !value.signedOn) continue;
      const { taker, name, centres, seats, signedOnAt } = value;
      found.push({ taker, name, seats, signedOnAt, ...(centres && { centres }) });
    }
    after = rows.at(-1)?.key;
    if (rows.length < page) return found;
  }
}

function isTakerRecord(value: unknown): value is TakerRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'seats' in value &&
    'signedOn' in value
  );
}
