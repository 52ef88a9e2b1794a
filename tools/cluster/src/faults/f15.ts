import type { Fault } from './fault.js';
import { kill } from './kill.js';

export const f15: Fault = {
  id: 'F15',
  title: 'all connections of all callers break at once',
  goal: 'all back ≤ 5 s after the borders are',
  answer: 'connections are opened again with jitter, by what is said or by a keep-alive',
  load: { chats: 200, ways: ['tcp', 'tls'] },
  bounds: { recoveryMs: 5_000 },
  inject: (trouble) => kill(trouble, ...['bcf-1', 'bcf-2'].filter((name) => trouble.cluster.has(name))),
};
