import type { FastResponse } from '@esinet/platform';
import type { DeskRefusal } from '../handover-desk.js';
import { problem } from './problem.js';

/** Words for what the desk refuses, by `refusal`. */
const words: Readonly<Record<string, string>> = {
  'not-now': 'the case is not at that point',
  'not-in-force': 'the order is not in force at this moment',
  'same-person': 'of the two who approve neither made the request or reviewed it, and they are two',
  'other-bytes': 'what was approved is not what is there: look at the case again',
};

export function refusedByDesk(refusal: DeskRefusal): FastResponse {
  switch (refusal.kind) {
    case 'unknown-case':
      return problem('not-found', 'there is no such case');
    case 'problems':
      return problem('not-granted', 'the request cannot be granted as it is', {
        problems: refusal.problems.map(({ member, message }) => ({ member, problem: message })),
      });
    case 'sealing':
      return refusedSealing(refusal.problem);
    case 'refused': {
      const { why } = refusal;
      return why === 'not-allowed'
        ? problem('not-allowed', 'the person does not have the role for it')
        : problem('refused', words[why] ?? why, { refusal: why });
    }
  }
}

function refusedSealing(sealing: Extract<DeskRefusal, { kind: 'sealing' }>['problem']): FastResponse {
  switch (sealing.kind) {
    case 'nothing':
      return problem('refused', 'there is nothing to hand over', { refusal: 'nothing' });
    case 'beyond-the-order':
      return problem('refused', `the second look found ${sealing.message}`, { refusal: 'beyond-the-order' });
    case 'invalid':
      return problem('refused', 'what was built does not fit the schema', {
        refusal: 'invalid',
        problems: sealing.problems
          .slice(0, 20)
          .map(({ line, message }) => ({ member: `line ${line}`, problem: message })),
      });
  }
}
