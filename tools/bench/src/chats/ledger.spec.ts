import { expect, it } from 'vitest';
import { balance, isBalanced, sum } from './ledger.js';
import { slope } from './sample.js';

it('finds what was lost, doubled, out of order and never said', () => {
  expect(balance({ said: ['a', 'b', 'c'], read: ['a', 'b', 'c'] })).toMatchObject({ said: 3, lost: 0 });
  expect(balance({ said: ['a', 'b', 'c'], read: ['a', 'c'] })).toMatchObject({ lost: 1, disordered: 0 });
  expect(balance({ said: ['a', 'b'], read: ['a', 'a', 'b'] })).toMatchObject({ lost: 0, doubled: 1 });
  expect(balance({ said: ['a', 'b', 'c'], read: ['a', 'c', 'b'] })).toMatchObject({ disordered: 1, lost: 0 });
  const odd = balance({ said: ['a'], read: ['x'] });
  expect(odd).toMatchObject({ strange: 1, lost: 1 });
  expect(isBalanced(sum([odd, balance({ said: ['a'], read: ['a'] })]))).toBe(false);
});

it('finds the growth of what rises and falls', () => {
  const rising = [0, 10, 20, 30].map((seconds) => [seconds, 100 + 2 * seconds] as const);
  expect(slope(rising)).toBeCloseTo(2);
  expect(
    slope([
      [0, 5],
      [10, 9],
      [20, 5],
      [30, 9],
      [40, 5],
    ]),
  ).toBeCloseTo(0);
  expect(slope([[0, 5]])).toBe(0);
});
