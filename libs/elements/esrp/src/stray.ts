import type { SipMessage } from '@esinet/sip';
import type { Routed } from './route.js';

/** Requests that begin a call even where a tag of the far end is on them: the sender may have lost its route. */
const beginning = new Set(['INVITE', 'MESSAGE']);

/**
 * Whether a request to an emergency service belongs to a dialog whose way it does not name (RFC 3261 12.2.1.1): the
 * call was routed when it began, so neither a location nor the ECRF can say where this goes. A tagged INVITE or MESSAGE
 * may be somebody who calls for help all the same, and is routed like it.
 */
export function isStray(request: SipMessage): boolean {
  if (request.method === 'ACK' || request.method === 'CANCEL') return true;
  return request.to?.tag !== undefined && !beginning.has(request.method);
}

/** RFC 3261 12.2.2; nothing is ever answered to an ACK. */
export function routeStray(request: SipMessage): Routed {
  return {
    decision: request.method === 'ACK' ? { kind: 'discard' } : { kind: 'reject', status: 481 },
    explanation: { role: 'refused' },
  };
}
