import type { Fault } from './fault.js';
import { freezeServer } from './server-faults.js';

export const f07: Fault = {
  id: 'F07',
  title: 'NATS is there and does not answer',
  goal: 'as F06; nothing waits longer than a second for it',
  answer: 'a publish that takes longer than its time goes to the spool; requests take their second way',
  needs: ['servers'],
  holdMs: 10_000,
  bounds: { gapMs: 1_500 },
  random: true,
  inject: (trouble) => Promise.resolve(freezeServer(trouble, 'nats')),
};
