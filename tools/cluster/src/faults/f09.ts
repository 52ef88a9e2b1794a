import { badAnswers } from '../disturb/stub-server.js';
import { type Fault, pause } from './fault.js';
import { badServer } from './replace.js';

export const f09: Fault = {
  id: 'F09',
  title: 'the ECRF hangs, is down, answers 500',
  goal: 'all delivered; a start waits ≤ 2 s longer, and no more once the ECRF is left alone',
  answer:
    'bounded questions, cached mappings, then the default route with the reason in History-Info and Reason',
  load: { starts: 20 },
  bounds: { startGapMs: 3_000, refusedShare: 0 },
  holdMs: 0,
  random: true,
  async inject(trouble) {
    const ecrf = trouble.cluster.process('ecrf-1');
    trouble.note('ecrf-1 hangs');
    ecrf.freeze();
    await pause(4_000);
    await ecrf.hold();
    trouble.note('ecrf-1 is down');
    await pause(3_000);
    return badServer(trouble, 'ecrf-1', { '500': badAnswers.failed }, 3_000);
  },
};
