import { ManualClock } from '@esinet/kernel';
import { MemoryRecords } from '@esinet/platform';
import { expect, it } from 'vitest';
import { AuditTrail } from './audit-trail.js';

const collection = 'handover-audit';
const clock = new ManualClock();

async function trailOf(count: number) {
  const records = new MemoryRecords();
  const trail = await AuditTrail.open(records, clock);
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      trail.write({ what: 'approve', who: `p${i}`, case: `c${i % 2}` }),
    ),
  );
  return { records, trail };
}

it(
  'is a chain without a gap, also where many write at once and after it was opened again',
  { meta: { clause: 'TS 103 707 D.4.1', shall: ['707:D.4-1'] } },
  async () => {
    const { records, trail } = await trailOf(20);
    expect(await trail.check()).toMatchObject({ entries: 20 });
    const again = await AuditTrail.open(records, clock);
    await again.write({ what: 'close', who: 'x' });
    const checked = await again.check();
    expect(checked).toEqual({ entries: 21, head: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const own = [];
    for await (const entry of again.entries({ case: 'c1' })) own.push(entry.number);
    expect(own).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
  },
);

it(
  'shows what was changed, put in or taken out',
  { meta: { clause: 'TS 103 707 D.4.1', shall: ['707:D.4-1'] } },
  async () => {
    for (const [harm, broken] of [
      [
        { what: 'approve', who: 'somebody else' },
        { number: 3, why: 'changed' },
      ],
      [{ number: 4 }, { number: 3, why: 'missing' }],
      [{ previous: '0'.repeat(64) }, { number: 3, why: 'changed' }],
    ] as const) {
      const { records, trail } = await trailOf(5);
      const entry = (await records.get(collection, '000000000003')) as object;
      await records.put(collection, '000000000003', { ...entry, ...harm });
      expect(await trail.check()).toMatchObject({ entries: 2, broken });
    }
  },
);

it('has one writer', async () => {
  const { records, trail } = await trailOf(1);
  const other = await AuditTrail.open(records, clock);
  await trail.write({ what: 'a', who: 'b' });
  await expect(other.write({ what: 'c', who: 'd' })).rejects.toMatchObject({ code: 'locked' });
});
