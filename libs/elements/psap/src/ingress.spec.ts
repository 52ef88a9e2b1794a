import { ManualClock } from '@esinet/kernel';
import { MemoryRecords } from '@esinet/platform';
import { expect, it } from 'vitest';
import { Ingress } from './ingress.js';

async function taken(ingress: Ingress, records: MemoryRecords, count = 1): Promise<number> {
  const { first, writes } = await ingress.take(count);
  await records.write(writes);
  ingress.stored(writes);
  return first;
}

it('rises over all that is recorded, over restarts, and whatever the clock does', async () => {
  const records = new MemoryRecords();
  const clock = new ManualClock();
  const ingress = new Ingress(records, clock);
  const numbers: number[] = [];
  for (let i = 0; i < 3; i++) numbers.push(await taken(ingress, records, 2));
  expect(numbers[1]).toBe((numbers[0] ?? 0) + 2);
  clock.advance(1_000_000);
  numbers.push(await taken(ingress, records));
  // Dead, and back with a clock that is behind.
  const behind = new ManualClock();
  const again = new Ingress(records, behind);
  for (let i = 0; i < 3; i++) numbers.push(await taken(again, records));
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});

it('writes down what is ahead once for many, and is never a reason to lose a message', async () => {
  const records = new MemoryRecords();
  const clock = new ManualClock();
  const ingress = new Ingress(records, clock);
  const first = await ingress.take(1);
  expect(first.writes).toHaveLength(1);
  ingress.stored(first.writes);
  for (let i = 0; i < 100; i++) {
    clock.advance(1_000);
    expect((await ingress.take(1)).writes).toEqual([]);
  }
  clock.advance(300_000);
  expect((await ingress.take(1)).writes).toHaveLength(1);
  const broken = new Ingress({ get: () => Promise.reject(new Error('away')) }, clock);
  expect((await broken.take(1)).first).toBeGreaterThan(0);
});
