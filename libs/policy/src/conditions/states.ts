import { elementStates, queueStates, securityPostures, serviceStates } from '@esinet/states';
import type { CallView } from '../call-view.js';
import { type ConditionKind, type Test, cost } from '../condition.js';
import type { Fields } from '../fields.js';

/** `PSAP@madrid.example` is a service by name and domain; anything else its id. */
export function serviceName(text: string): { readonly name: string; readonly domain: string } {
  const at = text.lastIndexOf('@');
  return at > 0 ? { name: text.slice(0, at), domain: text.slice(at + 1) } : { name: text, domain: '' };
}

/** `condition` and `value`: what is known of a state, compared. Of what nothing was heard, nothing is true. */
function stateTest(
  fields: Fields,
  values: readonly string[],
  subject: string,
  of: (call: CallView) => string | undefined,
): Test | undefined {
  const condition = fields.oneOf('condition', ['EQ', 'NE']);
  const value = fields.oneOf('value', values);
  if (condition === undefined || value === undefined) return undefined;
  return {
    text: `${subject} ${condition} ${value}`,
    cost: cost.state,
    holds: (call) => {
      const known = of(call);
      if (known === undefined) return 'nothing was heard of it';
      return (known === value) === (condition === 'EQ');
    },
  };
}

/** NENA-STA-010 3.3.3.1.8. */
export const queueState: ConditionKind = {
  type: 'QueueStateCondition',
  read(fields) {
    const queue = fields.text('queue', 'the URI of the queue');
    if (queue === undefined) return stateTest(fields, queueStates, '', () => undefined) && undefined;
    return stateTest(
      fields,
      queueStates,
      `state of queue ${queue}`,
      ({ facts }) => facts.states.queue(queue)?.state,
    );
  },
};

/** Of our own: NENA-STA-010 has element states, but no condition on them. */
export const elementState: ConditionKind = {
  type: 'ElementStateCondition',
  read(fields) {
    const element = fields.text('element', 'the host name of the element');
    if (element === undefined) return stateTest(fields, elementStates, '', () => undefined) && undefined;
    return stateTest(
      fields,
      elementStates,
      `state of element ${element}`,
      ({ facts }) => facts.states.element(element)?.state,
    );
  },
};

/** NENA-STA-010 3.3.3.1.10. */
export const serviceState: ConditionKind = {
  type: 'ServiceStateCondition',
  read(fields) {
    const service = fields.text('service', 'NAME@DOMAIN, such as PSAP@madrid.example');
    if (service === undefined) return stateTest(fields, serviceStates, '', () => undefined) && undefined;
    const { name, domain } = serviceName(service);
    return stateTest(
      fields,
      serviceStates,
      `state of service ${service}`,
      ({ facts }) => facts.states.service(name, domain)?.serviceState.state,
    );
  },
};

/** NENA-STA-010 3.3.3.1.7. */
export const securityPosture: ConditionKind = {
  type: 'SecurityPostureCondition',
  read(fields) {
    const service = fields.text('service', 'NAME@DOMAIN, such as PSAP@madrid.example');
    if (service === undefined) return stateTest(fields, securityPostures, '', () => undefined) && undefined;
    const { name, domain } = serviceName(service);
    return stateTest(
      fields,
      securityPostures,
      `security posture of ${service}`,
      ({ facts }) => facts.states.service(name, domain)?.securityPosture?.posture,
    );
  },
};
