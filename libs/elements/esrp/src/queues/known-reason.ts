import type { KnownStates, QueueStateValue, ServiceStateValue } from '@esinet/states';
import { uriKey } from './uri-key.js';

const closedQueue: readonly QueueStateValue[] = [
  'Inactive',
  'Disabled',
  'Full',
  'ResourceExhausted',
  'Unreachable',
];

const closedService: readonly ServiceStateValue[] = ['Down', 'Unstaffed', 'ScheduledMaintenanceDown'];

/** Why a next hop is passed over by what it says of itself: a state of its queue or of the PSAP behind it. */
export function knownReason(known: KnownStates, uri: string): string | undefined {
  try {
    const key = uriKey(uri);
    const queue = known.queue(uri) ?? known.queue(key.uri);
    if (queue && closedQueue.includes(queue.state)) return queue.state;
    const service = known.service('PSAP', key.hop);
    const state = service?.serviceState.state;
    if (state !== undefined && closedService.includes(state)) return state;
    return queue?.state === 'Standby' ? 'Standby' : undefined;
  } catch {
    // What others say never keeps a call from its next hop by a mistake of ours.
    return undefined;
  }
}
