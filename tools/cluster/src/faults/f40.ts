import type { Fault } from './fault.js';
import { freeze } from './kill.js';

export const f40: Fault = {
  id: 'F40',
  title: 'a PSAP stands still past its lease and wakes up again',
  goal: 'each chat has one writer: nothing lost, nothing answered twice',
  answer: 'leases with fencing: what it writes under the older claim is refused',
  needs: ['two PSAPs'],
  holdMs: 20_000,
  inject: (trouble) => Promise.resolve(freeze(trouble, 'psap-1')),
};
