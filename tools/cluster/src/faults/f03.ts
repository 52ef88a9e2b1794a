import type { Fault } from './fault.js';
import { kill } from './kill.js';

export const f03: Fault = {
  id: 'F03',
  title: 'a PSAP is killed in the middle of chats',
  goal: 'nothing missing in the record, no Message Identifier used twice, gap ≤ 3 s, no second start at the APP',
  answer:
    'recorded before 200; chats are taken over by another PSAP, or restored at start, with their timers',
  bounds: { gapMs: 3_000 },
  random: true,
  inject: (trouble) => kill(trouble, 'psap-1'),
};
