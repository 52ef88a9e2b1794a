import { comparer, readComparison, textOperators } from '../comparison.js';
import { type ConditionKind, cost } from '../condition.js';

/** NENA-STA-010 3.3.3.1.11: the network the call came from, as the border named it. */
export const callSource: ConditionKind = {
  type: 'CallSourceCondition',
  read(fields) {
    const comparison = readComparison(fields, textOperators);
    if (!comparison) return undefined;
    const { operator, content } = comparison;
    const compares = comparer(operator, content);
    return {
      text: `call source ${operator} ${content}`,
      cost: cost.fact,
      holds: ({ facts }) =>
        facts.callSource === undefined ? 'the source of the call is not known' : compares([facts.callSource]),
    };
  },
};

/** NENA-STA-010 3.3.3.1.6: both ends count. */
export const callSuspicion: ConditionKind = {
  type: 'CallSuspicionCondition',
  read(fields) {
    const from = fields.integer('scoreFrom', 0, 100);
    const to = fields.integer('scoreTo', 0, 100);
    if (from === undefined || to === undefined) return undefined;
    if (from > to) return fields.wrong('scoreTo', `is below scoreFrom, ${from}`);
    return {
      text: `call suspicion ${from} to ${to}`,
      cost: cost.fact,
      holds: ({ facts: { callSuspicion: score } }) =>
        score === undefined ? 'no suspicion was told' : score >= from && score <= to,
    };
  },
};

const verifications = ['TN-Validation-Passed', 'TN-Validation-Failed', 'No-TN-Validation'] as const;

/** NENA-STA-010 3.3.3.1.18. */
export const callingNumberVerification: ConditionKind = {
  type: 'CallingNumberVerificationStatusCondition',
  read(fields) {
    const operator = fields.oneOf('operator', ['EQ', 'NE']);
    const content = fields.oneOf('content', verifications);
    if (operator === undefined || content === undefined) return undefined;
    return {
      text: `calling number verification ${operator} ${content}`,
      cost: cost.fact,
      holds: ({ facts }) =>
        facts.callingNumberVerification === undefined
          ? 'no verification was told'
          : (facts.callingNumberVerification === content) === (operator === 'EQ'),
    };
  },
};
