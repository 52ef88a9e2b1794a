import { ManualClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { Turns } from './turns.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('lets so many go on in a turn, in their order, and refuses those that would wait too long', async () => {
  const clock = new ManualClock();
  const turns = new Turns(clock, 3, 5);
  const went: number[] = [];
  const refused: number[] = [];
  for (let n = 0; n < 10; n++) {
    void turns.take().then((taken) => void (taken ? went : refused).push(n));
  }
  await settled();
  expect([went, refused]).toEqual([
    [0, 1, 2],
    [8, 9],
  ]);
  await clock.run(1);
  expect(went).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(clock.waiting).toBe(0);
  expect(await turns.take()).toBe(true);
});
