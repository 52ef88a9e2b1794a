import { type SipMessage, parseUri } from '@esinet/sip';
import { type OtherDeps, cameFromBorder, otherRequest, refused } from './other-request.js';
import type { Routed } from './route.js';

/** Requests that begin a call even where a tag of the far end is on them: the sender may have lost its route. */
const beginning = new Set(['INVITE', 'MESSAGE']);

/**
 * A request within a dialog (RFC 3261 12.2): where the call goes was decided when it began, so no location is looked at
 * and nobody is asked. Of those without a route whose Request-URI is still the service, an INVITE or a MESSAGE may be
 * somebody who calls for help, and is routed like it.
 */
export function inDialog(request: SipMessage, emergency: boolean): boolean {
  if (request.method === 'ACK' || request.method === 'CANCEL') return true;
  if (request.to?.tag === undefined) return false;
  return !emergency || request.has('Route') || !beginning.has(request.method);
}

/** It follows its Route; without one its Request-URI, which the dialog has set to the far end's Contact. */
export function routeInDialog(request: SipMessage, deps: OtherDeps): Routed {
  // RFC 3261 16.6 step 7: what it names next is located, in the table of hosts or by RFC 3263.
  if (request.has('Route')) {
    return { decision: { kind: 'forward', targets: [{}] }, explanation: { role: 'in-dialog' } };
  }
  const uri = parseUri(request.requestUri);
  const inside = cameFromBorder(request, deps.hops);
  if (inside && uri && !deps.isOwnAddress(uri) && deps.hops.domain(uri.host).length === 0) {
    return { decision: { kind: 'forward', targets: [{}] }, explanation: { role: 'in-dialog' } };
  }
  const routed = otherRequest(request, deps);
  if (routed.decision.kind === 'forward') {
    return { ...routed, explanation: { role: 'in-dialog' } };
  }
  // RFC 3261 12.2.2
  return routed.explanation.role === 'refused' && request.to?.tag !== undefined ? refused(481) : routed;
}
