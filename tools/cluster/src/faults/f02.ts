import type { Fault } from './fault.js';
import { kill } from './kill.js';

export const f02: Fault = {
  id: 'F02',
  title: 'a router is killed, one of two',
  goal: 'gap of starts ≤ 1 s, refused 0',
  answer:
    'borders try the next router when a connection fails or nothing comes for 400 ms, and avoid the dead one',
  load: { starts: 20 },
  bounds: { startGapMs: 1_000, refusedShare: 0 },
  random: true,
  inject: (trouble) => kill(trouble, 'esrp-1'),
};
