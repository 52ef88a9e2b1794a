import type { ProvisionProblem } from './device.js';

/** Why something was not provisioned. */
export interface ProvisionRefusal {
  readonly code: 'identifier-taken' | 'too-many-devices' | 'outside-area' | 'not-found' | 'not-stored';
  readonly message: string;
}

export function refusalOf(problem: ProvisionProblem): ProvisionRefusal {
  return problem === 'identifier-taken'
    ? { code: 'identifier-taken', message: 'another device has one of the identifiers' }
    : { code: 'too-many-devices', message: 'there are as many devices as lis.maxDevices' };
}
