import type { Fault } from './fault.js';
import { killServer } from './server-faults.js';

export const f28: Fault = {
  id: 'F28',
  title: 'the three servers die at once and start from their disks',
  goal: 'lost 0',
  answer:
    'records are committed before 200; a page cache that is lost with the machine is not part of this script',
  needs: ['servers'],
  holdMs: 3_000,
  random: true,
  inject: (trouble) => killServer(trouble, 'nats', 'redis', 'postgres'),
};
