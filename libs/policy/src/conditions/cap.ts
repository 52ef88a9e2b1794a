import type { BodyPart } from '@esinet/sip';
import type { CallView } from '../call-view.js';
import { comparer, readComparison, textOperators } from '../comparison.js';
import { type ConditionKind, cost } from '../condition.js';
import { elementPath, elementValues } from '../element-values.js';

/** RFC 8876 4, and the type alerts had before it. */
const capTypes = [
  'application/emergencycalldata.cap+xml',
  'application/common-alerting-protocol+xml',
] as const;

/** The first five are those of NENA-STA-010 3.3.3.1.17, the others the rest of CAP 1.2 that tells alerts apart. */
const tags = {
  Identifier: 'alert/identifier',
  Sender: 'alert/sender',
  Address: 'alert/addresses',
  InfoEventCode: 'info/eventcode/value',
  InfoValueName: 'info/eventcode/valuename',
  Status: 'alert/status',
  MsgType: 'alert/msgtype',
  Scope: 'alert/scope',
  Category: 'info/category',
  Event: 'info/event',
  Urgency: 'info/urgency',
  Severity: 'info/severity',
  Certainty: 'info/certainty',
} as const;

const names = Object.keys(tags) as (keyof typeof tags)[];

/**
 * NENA-STA-010 3.3.3.1.17: what a CAP alert in the message says. `nonInteractive` asks besides whether it is an alert
 * alone, without a conversation: a MESSAGE (RFC 8876).
 */
export const cap: ConditionKind = {
  type: 'CapCondition',
  read(fields) {
    const tag = fields.oneOf('tag', names);
    const comparison = readComparison(fields, textOperators);
    const asks = fields.has('nonInteractive');
    const alone = fields.flag('nonInteractive');
    if (tag === undefined || !comparison) return undefined;
    const { operator, content } = comparison;
    const compares = comparer(operator, content);
    const path = elementPath(tags[tag]);
    return {
      text: `CAP ${tag} ${operator} ${content}${asks ? `, ${alone ? 'non-interactive' : 'interactive'}` : ''}`,
      cost: cost.body,
      holds(call) {
        if (asks && (call.facts.request.method === 'MESSAGE') !== alone) return false;
        const part = alertOf(call);
        // Without an alert, nothing is said about one: not even that it is another.
        if (!part) return false;
        const values = elementValues(call, part, path);
        return typeof values === 'string' ? `the alert is not readable: ${values}` : compares(values);
      },
    };
  },
};

function alertOf(call: CallView): BodyPart | undefined {
  return call.partsOf(capTypes[0])[0] ?? call.partsOf(capTypes[1])[0];
}
