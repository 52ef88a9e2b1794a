import { unknownExtensions } from '../codec/check-request.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { UasAnswer } from './user-agent.js';

/** What a user agent server answers to a request it does not take on, in the order of RFC 3261 8.2; else undefined. */
export function checkUasRequest(
  request: SipMessage,
  allow: readonly string[],
  supported: readonly string[],
): UasAnswer | undefined {
  // 8.2.1: a method that is not understood is 405 with Allow.
  if (!allow.includes(request.method)) return { status: 405, headers: [['Allow', allow.join(', ')]] };
  // 8.2.2.3: an extension that is required and not understood is 420 with Unsupported.
  const unknown = unknownExtensions(request, 'Require', supported);
  return unknown.length === 0 ? undefined : { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
}
