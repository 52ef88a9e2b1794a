import type { Fault } from './fault.js';
import { freeze } from './kill.js';

export const f29: Fault = {
  id: 'F29',
  title: 'a border and a router stand still for two seconds',
  goal: 'starts: gap ≤ 1 s; what runs waits no longer than they stand',
  answer: 'neighbours go to the sibling; what came meanwhile is answered after it',
  load: { starts: 10 },
  bounds: { gapMs: 3_000, refusedShare: 0 },
  holdMs: 2_000,
  random: true,
  inject: (trouble) => Promise.resolve(freeze(trouble, 'bcf-1', 'esrp-1')),
};
