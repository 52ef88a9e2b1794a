import { comparer, orderOperators, presenceOperators, readComparison } from '../comparison.js';
import { type ConditionKind, cost } from '../condition.js';
import { elementPath, elementValues } from '../element-values.js';
import { isMediaType } from './mime-body.js';

/** NENA-STA-010 3.3.3.1.12: an element or member of the first part of a type. */
export const bodyPart: ConditionKind = {
  type: 'BodyPartCondition',
  read(fields) {
    const contentType = fields.text('contentType', 'a media type: application/pidf+xml');
    if (contentType !== undefined && !isMediaType(contentType))
      fields.wrong('contentType', 'expected a media type', 'application/pidf+xml');
    const element = fields.text('element', 'a name, or names one in the other: info/severity');
    const comparison = readComparison(fields, [...orderOperators, ...presenceOperators]);
    if (contentType === undefined || element === undefined || !comparison) return undefined;
    const { operator, content } = comparison;
    const compares = comparer(operator, content);
    const wanted = contentType.toLowerCase();
    const path = elementPath(element);
    return {
      text: `${element} in ${contentType} ${operator}${content === '' ? '' : ` ${content}`}`,
      cost: cost.body,
      holds(call) {
        const [part] = call.partsOf(wanted);
        const values = part ? elementValues(call, part, path) : [];
        return typeof values === 'string' ? values : compares(values);
      },
    };
  },
};
