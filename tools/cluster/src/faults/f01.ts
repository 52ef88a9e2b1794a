import type { Fault } from './fault.js';
import { kill } from './kill.js';

export const f01: Fault = {
  id: 'F01',
  title: 'a border is killed, one of two',
  goal: 'UDP: all delivered, gap ≤ 600 ms; TCP and TLS: refused ≤ 0.5 %',
  answer: 'callers and provider go to the other border; ways back to callers are in the store',
  bounds: { gapMs: 600, gapWays: ['udp'], refusedShare: 0.005 },
  random: true,
  inject: (trouble) => kill(trouble, 'bcf-1'),
};
