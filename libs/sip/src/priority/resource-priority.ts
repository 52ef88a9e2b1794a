import type { SipMessage } from '../codec/sip-message.js';

/** RFC 4412 12.3 */
export const resourcePriorityTag = 'resource-priority';

/** RFC 7135 4: the namespace of emergency services networks, the lowest first. */
export const esnetValues: readonly string[] = ['esnet.0', 'esnet.1', 'esnet.2', 'esnet.3', 'esnet.4'];

/** What an element that knows these values says of itself in the answer to OPTIONS. RFC 4412 4.4 */
export function priorityCapabilities(known: readonly string[] | undefined): [string, string][] {
  if (known === undefined) return [];
  return [
    ['Supported', resourcePriorityTag],
    ['Accept-Resource-Priority', known.join(', ')],
  ];
}

/** Whether a request insists on a priority and names none that is known: 417. RFC 4412 4.6.2 */
export function insistsOnUnknownPriority(request: SipMessage, known: readonly string[]): boolean {
  if (!request.has('Require')) return false;
  if (!request.values('Require').some((tag) => tag.toLowerCase() === resourcePriorityTag)) return false;
  return !request.values('Resource-Priority').some((value) => known.includes(value.toLowerCase()));
}
