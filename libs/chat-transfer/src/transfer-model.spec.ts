import { expect, it } from 'vitest';
import { type Faults, World } from './model/world.js';

const calm: Faults = { lost: 0, twice: 0, delayMs: 100, crash: 0, attempts: 6, forgetful: 0 };

function check(name: string, faults: Faults, seeds: number): void {
  const sums = { transfers: 0, handedOver: 0, crashes: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const { problems, transfers, handedOver, crashes } = new World(seed, faults).run();
    expect(problems, `${name}, seed ${seed}`).toEqual([]);
    sums.transfers += transfers;
    sums.handedOver += handedOver;
    sums.crashes += crashes;
  }
  // Enough happened for the absence of problems to say something.
  expect(sums.handedOver).toBeGreaterThan(seeds / 20);
  expect(sums.transfers - sums.handedOver).toBeGreaterThan(seeds / 20);
  if (faults.crash > 0) expect(sums.crashes).toBeGreaterThan(seeds);
}

it.each<[string, Faults, number]>([
  ['calm', calm, 200],
  ['lossy', { ...calm, lost: 0.2, twice: 0.1, delayMs: 20_000 }, 500],
  ['crashes', { ...calm, crash: 0.05 }, 500],
  ['an outbox that gives up', { ...calm, lost: 0.3, delayMs: 3_000, attempts: 1 }, 1_000],
  [
    'the same, and crashes',
    { ...calm, lost: 0.3, twice: 0.1, delayMs: 5_000, crash: 0.02, attempts: 1 },
    1_000,
  ],
  ['a few of all', { ...calm, lost: 0.03, twice: 0.03, delayMs: 3_000, crash: 0.01, attempts: 2 }, 1_000],
  ['an APP that forgets to wait', { ...calm, lost: 0.03, delayMs: 3_000, forgetful: 0.5 }, 1_000],
  [
    'the same, and crashes of PSAPs',
    { ...calm, lost: 0.05, delayMs: 5_000, crash: 0.02, forgetful: 0.3 },
    3_000,
  ],
  ['everything', { ...calm, lost: 0.15, twice: 0.1, delayMs: 30_000, crash: 0.03 }, 1_000],
])(
  'one owner, nothing lost: %s',
  { timeout: 60_000, meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3.3'] } },
  (name, faults, seeds) => check(name, faults, seeds),
);
