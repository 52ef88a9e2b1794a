import type { ElementState, QueueState, ServiceState } from './state.js';
import { type StateKind, type StateOf, wordOf } from './state-packages.js';

/**
 * The JSON body that tells a state, with the members of the NENA i3 shapes and no others. Undefined for `Unreachable`:
 * that is what a subscriber concludes, and nobody passes it on.
 */
export function writeState<K extends StateKind>(kind: K, state: StateOf[K]): string | undefined {
  const members = stateMembers(kind, state);
  return members && JSON.stringify(members);
}

/** The same as an object, for those who write JSON themselves. */
export function stateMembers<K extends StateKind>(kind: K, state: StateOf[K]): object | undefined {
  if (wordOf(kind, state) === 'Unreachable') return undefined;
  switch (kind) {
    case 'element':
      return elementMembers(state as ElementState);
    case 'service':
      return serviceMembers(state as ServiceState);
    default:
      return queueMembers(state as QueueState);
  }
}

function elementMembers({ elementId, state, reason }: ElementState): object {
  return { elementId, state, ...(reason !== undefined && { reason }) };
}

function serviceMembers({ service, serviceState, securityPosture }: ServiceState): object {
  const { name, serviceId, domain } = service;
  const { state, reason } = serviceState;
  return {
    service: { name, ...(serviceId !== undefined && { serviceId }), domain },
    serviceState: { state, ...(reason !== undefined && { reason }) },
    ...(securityPosture && { securityPosture: { posture: securityPosture.posture } }),
  };
}

function queueMembers({ queueUri, queueLength, queueMaxLength, state }: QueueState): object {
  return { queueUri, queueLength, queueMaxLength, state };
}
