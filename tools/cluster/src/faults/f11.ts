import { badAnswers } from '../disturb/stub-server.js';
import { type Fault, pause } from './fault.js';
import { badServer } from './replace.js';

export const f11: Fault = {
  id: 'F11',
  title: 'the LIS is down, answers 401, or a byte a second',
  goal: 'all delivered, to the default centre where no location is known',
  answer: 'a bounded question, then on without a location',
  load: { starts: 20, byReference: true },
  bounds: { startGapMs: 3_500, refusedShare: 0 },
  holdMs: 0,
  random: true,
  async inject(trouble) {
    await trouble.cluster.process('lis-1').hold();
    trouble.note('lis-1 is down');
    await pause(3_000);
    const { refused, drip } = badAnswers;
    return badServer(trouble, 'lis-1', { '401': refused, 'a byte a second': drip }, 3_000);
  },
};
