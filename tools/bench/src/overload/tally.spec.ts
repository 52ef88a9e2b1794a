import { expect, it } from 'vitest';
import { Tally } from './tally.js';

it('counts answers, delays and the course of a phase', () => {
  const tally = new Tally(1_000);
  for (let i = 0; i < 100; i++) tally.sent(1_000 + i * 10);
  for (let i = 0; i < 90; i++) tally.answered(200, 1_000 + i * 10, 1_000 + i * 10 + (i < 89 ? 7 : 900));
  for (let i = 90; i < 95; i++) tally.answered(486, 1_000 + i * 10, 2_000);
  expect(tally.report(2_000)).toMatchObject({
    sent: 100,
    accepted: 90,
    statuses: { 200: 90, 486: 5 },
    unanswered: 5,
    p50: 7,
    p99: 900,
    slowest: 900,
    seconds: 1,
    course: [
      { sent: 50, good: 50 },
      { sent: 50, good: 39 },
    ],
  });
});
