import { parseUri } from '@esinet/sip';
import type { CallView } from '../call-view.js';
import { compareUri, readComparison, textOperators } from '../comparison.js';
import { type ConditionKind, cost } from '../condition.js';

/** NENA-STA-010 3.3.3.1.13 to 15: conditions on the URIs a call comes with. */
function uriKind(type: string, name: string, of: (call: CallView) => string | undefined): ConditionKind {
  return {
    type,
    read(fields) {
      const comparison = readComparison(fields, textOperators);
      if (!comparison) return undefined;
      const { operator, content } = comparison;
      const wanted = { text: content.trim().toLowerCase(), uri: parseUri(content.trim()) };
      return {
        text: `${name} ${operator} ${content}`,
        cost: cost.fact,
        holds: (call) => {
          const value = of(call);
          return compareUri(operator, value, value === undefined ? undefined : call.uri(value), wanted);
        },
      };
    },
  };
}

export const requestUri = uriKind(
  'RequestUriCondition',
  'request URI',
  ({ facts }) => facts.request.requestUri,
);
export const incomingQueue = uriKind(
  'IncomingQueueCondition',
  'incoming queue',
  ({ facts }) => facts.incomingQueue,
);
export const normalNextHop = uriKind(
  'NormalNextHopCondition',
  'normal next hop',
  ({ facts }) => facts.normalNextHop,
);

/**
 * NENA-STA-010 3.3.3.1.9 has this condition ask LoST and set the normal next hop. Here the question was asked before the
 * rules are looked at, by the service in the Request-URI; the condition says whether that was the service.
 */
export const lostServiceUrn: ConditionKind = {
  type: 'LostServiceUrnCondition',
  read(fields) {
    const urn = fields.text('urn', 'urn:service:sos');
    if (urn === undefined) return undefined;
    if (!/^urn:service:[a-z0-9.-]+$/i.test(urn.trim()))
      return fields.wrong('urn', 'expected a service URN', 'urn:service:sos');
    const wanted = urn.trim().toLowerCase();
    return {
      text: `LoST service is ${urn}`,
      cost: cost.fact,
      holds: ({ facts }) => facts.lostService?.toLowerCase() === wanted,
    };
  },
};
