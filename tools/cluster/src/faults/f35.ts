import type { Fault } from './fault.js';
import { hold } from './kill.js';

export const f35: Fault = {
  id: 'F35',
  title: 'a PSAP is away for longer',
  goal: 'starts are answered by the other one ≤ 5 s, its chats are taken over',
  answer: 'states tell the routers; its chats are taken over when its lease has ended',
  needs: ['two PSAPs'],
  load: { starts: 10 },
  bounds: { gapMs: 5_000 },
  holdMs: 15_000,
  inject: (trouble) => hold(trouble, 'psap-1'),
};
