import { expect, it } from 'vitest';
import { RefusingBudget } from './refusing-budget.js';

it('lets a share of the time be spent', () => {
  const budget = new RefusingBudget(0.1, 0);
  let spent = 0;
  for (let now = 0; now < 10_000; now++) {
    for (let i = 0; i < 5; i++) {
      if (!budget.has(now)) continue;
      budget.spend(0.4);
      spent += 0.4;
    }
  }
  expect(spent).toBeGreaterThan(1_000);
  expect(spent).toBeLessThan(1_110);
});

it('is in debt for a second at most', () => {
  const budget = new RefusingBudget(0.1, 0);
  budget.spend(10_000);
  expect(budget.has(900)).toBe(false);
  expect(budget.has(1_100)).toBe(true);
});
