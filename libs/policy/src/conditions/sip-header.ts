import { comparer, orderOperators, presenceOperators, readComparison } from '../comparison.js';
import { type ConditionKind, cost } from '../condition.js';

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/;

/** NENA-STA-010 3.3.3.1.2. True where one value of the header compares so. */
export const sipHeader: ConditionKind = {
  type: 'SipHeaderCondition',
  read(fields) {
    const field = fields.text('field', 'the name of a header without the colon: Priority');
    if (field !== undefined && !TOKEN.test(field))
      fields.wrong('field', 'expected the name of a header', 'without the colon: Priority');
    if (fields.object['operator'] === 'IS')
      return fields.wrong(
        'operator',
        'is not supported: regular expressions can take a call for ever',
        'use EQ or SS',
      );
    const comparison = readComparison(fields, [...orderOperators, ...presenceOperators]);
    if (!comparison || field === undefined) return undefined;
    const { operator, content } = comparison;
    const compares = comparer(operator, content);
    const name = field.toLowerCase();
    return {
      text: `header ${field} ${operator}${content === '' ? '' : ` ${content}`}`,
      cost: cost.header,
      holds: (call) => compares(call.header(name)),
    };
  },
};
