import type { Fault } from './fault.js';
import { freeze } from './kill.js';

export const f14: Fault = {
  id: 'F14',
  title: 'a router stands still behind its open connections',
  goal: 'noticed by requests within 1 s: gap of starts ≤ 1 s',
  answer: 'a request that is not answered for 400 ms goes to the next router as well',
  load: { starts: 20 },
  bounds: { startGapMs: 1_000, refusedShare: 0 },
  holdMs: 10_000,
  random: true,
  inject: (trouble) => Promise.resolve(freeze(trouble, 'esrp-1')),
};
