import { type Result, err, ok } from '@esinet/kernel';
import {
  type KnownStates,
  type SecurityPosture,
  type ServiceStateValue,
  elementStates,
  queueStates,
  securityPostures,
  serviceStates,
} from '@esinet/policy';

/** States as said on the command line: `service:PSAP@its.domain=Down`, `queue:sip:a@b=Full`, `element:host=Down`. */
export function statesOf(
  states: readonly string[],
  postures: readonly string[],
): Result<KnownStates, string> {
  const said = new Map<string, string>();
  for (const text of states) {
    const [, kind = '', name = '', value = ''] =
      /^(service|queue|element):(.+)=([A-Za-z]+)$/.exec(text) ?? [];
    const values = { service: serviceStates, queue: queueStates, element: elementStates }[kind];
    if (!values) return err(`--state ${text}: give KIND:NAME=VALUE, where KIND is service, queue or element`);
    const known = values.find((each) => each.toLowerCase() === value.toLowerCase());
    if (known === undefined) return err(`--state ${text}: ${value} is none of ${values.join(', ')}`);
    said.set(`${kind}:${name.toLowerCase()}`, known);
  }
  for (const text of postures) {
    const [, name = '', value = ''] = /^(?:(.+)=)?([A-Za-z]+)$/.exec(text) ?? [];
    const known = securityPostures.find((each) => each.toLowerCase() === value.toLowerCase());
    if (known === undefined) return err(`--posture ${text}: give SERVICE=${securityPostures.join('|')}`);
    said.set(`posture:${name.toLowerCase()}`, known);
  }
  const value = <T>(kind: string, name: string): T | undefined =>
    said.get(`${kind}:${name.toLowerCase()}`) as T | undefined;
  return ok({
    element(elementId) {
      const state = value<(typeof elementStates)[number]>('element', elementId);
      return state && { elementId, state };
    },
    queue(queueUri) {
      const state = value<(typeof queueStates)[number]>('queue', queueUri);
      return state && { queueUri, queueLength: 0, queueMaxLength: 0, state };
    },
    service(name, domain) {
      const full = domain === '' ? name : `${name}@${domain}`;
      const state = value<ServiceStateValue>('service', full);
      // A posture without a service is that of every service.
      const posture = value<SecurityPosture>('posture', full) ?? value<SecurityPosture>('posture', '');
      if (state === undefined && posture === undefined) return undefined;
      return {
        service: { name, domain },
        serviceState: { state: state ?? 'Normal' },
        ...(posture && { securityPosture: { posture } }),
      };
    },
  });
}
