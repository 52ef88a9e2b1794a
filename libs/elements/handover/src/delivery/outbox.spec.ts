import { MemoryRecords, type StoredRecord } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import { Outbox } from './outbox.js';

const now = '2026-03-01T00:00:00.000Z';
const entry = (authority: string, id: number) =>
  ({ authority, case: 'c', kind: 'document', id: `d-${id}`, bytes: 1 }) as const;

class CountingRecords extends MemoryRecords {
  read = 0;

  override async list(...o: Parameters<MemoryRecords['list']>): Promise<StoredRecord[]> {
    const found = await super.list(...o);
    this.read += found.length;
    return found;
  }
}

describe('the queue on disk', () => {
  it('reads what waits and not all that ever was, however long one of them waits', async () => {
    const records = new CountingRecords();
    const outbox = await Outbox.open(records);
    const [stuck] = await outbox.enqueue([entry('a', 0)], now);
    const done = await outbox.enqueue(
      Array.from({ length: 2_500 }, (_, i) => entry(i % 2 === 0 ? 'a' : 'a-b', i + 1)),
      now,
    );
    for (const each of done) await outbox.put({ ...each, state: 'delivered' });
    const [last] = await outbox.enqueue([entry('a-b', 2_501)], now);
    expect((await outbox.waiting()).map(({ id }) => id)).toEqual([stuck?.id, last?.id]);

    const again = await Outbox.open(records);
    await again.waiting();
    records.read = 0;
    expect((await again.waiting('a-b')).map(({ id }) => id)).toEqual([last?.id]);
    expect(records.read).toBeLessThan(1_000);
    expect((await again.waiting('a')).map(({ id }) => id)).toEqual([stuck?.id]);
  });
});
