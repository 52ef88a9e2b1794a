import { priorityCapabilities, resourcePriorityTag } from '../priority/resource-priority.js';
import { unknownExtensions } from '../codec/check-request.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { OwnAnswer } from './route-decision.js';

export interface ValidationContext {
  /** Option tags understood in Proxy-Require. */
  readonly supported: readonly string[];
  readonly resourceValues?: readonly string[] | undefined;
  /** Is this sent-by (`host:port`, lower case) one of ours? */
  readonly isOurSentBy: (sentBy: string) => boolean;
  /** The loop part of the branch that this request would be given. */
  readonly loopHash: () => string;
}

/** The answer to an OPTIONS for the proxy itself; without Allow, which would speak of what is behind it. RFC 3261 11.2 */
export function ownCapabilities(resourceValues: readonly string[] | undefined): OwnAnswer {
  return { status: 200, headers: [['Accept', '*/*'], ...priorityCapabilities(resourceValues)] };
}

/** What a proxy answers to a request it must not forward, or undefined. RFC 3261 16.3 steps 3 to 5 */
export function validateRequest(request: SipMessage, context: ValidationContext): OwnAnswer | undefined {
  // 16.3 step 3: at zero the request goes no further; OPTIONS may be answered as if it had been for us. A REGISTER may
  // indeed be for us: the route function says.
  if (request.maxForwards === 0) {
    if (request.method === 'OPTIONS') return ownCapabilities(context.resourceValues);
    if (request.method !== 'REGISTER') return { status: 483 };
  }
  if (hasLooped(request, context)) return { status: 482 };
  // 16.3 step 5: 420 with the option tags that are not understood.
  const { supported, resourceValues } = context;
  const known = resourceValues === undefined ? supported : [...supported, resourcePriorityTag];
  const unknown = unknownExtensions(request, 'Proxy-Require', known);
  return unknown.length === 0 ? undefined : { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
}

/**
 * 16.3 step 4 as RFC 5393 4.2.2 has it: a Via of ours whose branch ends in the hash that this request has now means that
 * nothing has changed since it was last here. With another hash it is a spiral, and goes on.
 */
function hasLooped(request: SipMessage, context: ValidationContext): boolean {
  let hash: string | undefined;
  for (const via of request.vias) {
    if (!via.branch || !context.isOurSentBy(`${via.host}:${via.port ?? 5060}`)) continue;
    hash ??= context.loopHash();
    if (via.branch.endsWith(`-${hash}`)) return true;
  }
  return false;
}
