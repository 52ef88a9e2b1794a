import { type Fault, nothingToHeal } from './fault.js';

const pairs = ['provider', 'bcf', 'esrp', 'psap'] as const;

export const f33: Fault = {
  id: 'F33',
  title: 'rolling restart of every pair',
  goal: 'lost 0, refused 0, doubled 0',
  answer: 'SIGTERM: takes nothing new on, finishes what is under way, ends; the sibling has the rest',
  load: { rate: 200 },
  bounds: { refusedShare: 0 },
  holdMs: 0,
  async inject({ cluster, rounds = 1, note }) {
    let slowest = 0;
    for (let round = 1; round <= rounds; round++) {
      for (const pair of pairs) {
        // The provider has no sibling here: its callers would see it go.
        if (pair === 'provider') continue;
        for (const number of [1, 2]) {
          const name = `${pair}-${number}`;
          if (!cluster.has(name)) continue;
          const from = performance.now();
          await cluster.process(name).stop();
          slowest = Math.max(slowest, performance.now() - from);
          await cluster.process(name).start();
        }
      }
      note(`round ${round} of ${rounds}`);
    }
    return { heal: nothingToHeal, figures: () => ({ rounds, longestStopMs: Math.round(slowest) }) };
  },
};
