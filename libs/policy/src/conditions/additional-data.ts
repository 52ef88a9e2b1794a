import type { CallView } from '../call-view.js';
import { comparer, orderOperators, presenceOperators, readComparison } from '../comparison.js';
import { type ConditionKind, cost } from '../condition.js';
import { elementPath, elementValues } from '../element-values.js';

const BLOCK = /^EmergencyCallData\.[A-Za-z0-9._-]+$/i;

/**
 * NENA-STA-010 3.3.3.1.3, on the blocks of RFC 7852 that come with the message. A block by reference is there, but what it
 * says cannot be told: nothing is fetched while a call is routed.
 */
export const additionalData: ConditionKind = {
  type: 'AdditionalDataCondition',
  read(fields) {
    const type = fields.text('type', 'EmergencyCallData.ServiceInfo');
    if (type !== undefined && !BLOCK.test(type))
      fields.wrong('type', 'expected a block of additional data', 'EmergencyCallData.ServiceInfo');
    const comparison = readComparison(fields, [...orderOperators, ...presenceOperators]);
    const presence = comparison?.operator === 'exists' || comparison?.operator === 'missing';
    const element = presence ? fields.optionalText('element') : fields.text('element');
    if (type === undefined || !comparison || (element === undefined && !presence)) return undefined;
    const { operator, content } = comparison;
    const compares = comparer(operator, content);
    const mediaType = `application/${type.toLowerCase()}+xml`;
    const purpose = type.toLowerCase();
    const path = element === undefined ? undefined : elementPath(element);
    const of = element === undefined ? type : `${element} of ${type}`;
    return {
      text: `${of} ${operator}${content === '' ? '' : ` ${content}`}`,
      cost: cost.body,
      holds(call) {
        const [part] = call.partsOf(mediaType);
        if (!part && isReferred(call, purpose)) {
          if (path === undefined) return operator === 'exists';
          return 'the block comes by reference, which is not fetched';
        }
        if (!part) return compares([]);
        const values = path === undefined ? [''] : elementValues(call, part, path);
        return typeof values === 'string' ? values : compares(values);
      },
    };
  },
};

/** RFC 7852 6: `Call-Info: <https://…>;purpose=EmergencyCallData.ServiceInfo`. */
function isReferred(call: CallView, purpose: string): boolean {
  return call.header('Call-Info').some((value) =>
    value.split(';').some((parameter) => {
      const [name, given = ''] = parameter.split('=');
      return name?.trim() === 'purpose' && given.trim().replaceAll('"', '') === purpose;
    }),
  );
}
