import type { Fault } from './fault.js';
import { killServer } from './server-faults.js';

export const f06: Fault = {
  id: 'F06',
  title: 'NATS is away',
  goal: 'lost 0, order of each chat kept; goes on as before within 10 s',
  answer: 'no message waits for the bus; what must not be lost is spooled, and drained when it is back',
  needs: ['servers'],
  holdMs: 10_000,
  bounds: { gapMs: 1_000 },
  random: true,
  inject: (trouble) => killServer(trouble, 'nats'),
};
