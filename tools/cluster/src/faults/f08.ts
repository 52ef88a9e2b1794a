import type { Fault } from './fault.js';
import { killServer } from './server-faults.js';

export const f08: Fault = {
  id: 'F08',
  title: 'Redis is away, and comes back empty',
  goal: 'no message fails; what was there is built again',
  answer: 'what a process knows itself serves meanwhile; nothing that was promised is kept there alone',
  needs: ['servers'],
  holdMs: 10_000,
  bounds: { gapMs: 2_000, refusedShare: 0 },
  random: true,
  inject: (trouble) => killServer(trouble, 'redis'),
};
