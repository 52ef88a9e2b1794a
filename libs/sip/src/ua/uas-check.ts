import { unknownExtensions } from '../codec/check-request.js';
import type { SipMessage } from '../codec/sip-message.js';
import { insistsOnUnknownPriority, resourcePriorityTag } from '../priority/resource-priority.js';
import type { UasAnswer } from './uas-answer.js';

const defaultSchemes = ['sip', 'sips', 'tel', 'urn', 'im', 'pres'];

/** What a user agent server understands. */
export interface UasAbilities {
  readonly supported?: readonly string[];
  readonly schemes?: readonly string[];
  readonly bodyTypes?: readonly string[];
  /** Values of Resource-Priority that are known, lower case. Without them the extension is not understood. RFC 4412 */
  readonly resourceValues?: readonly string[];
}

/** What a user agent server answers to a request it does not take on, in the order of RFC 3261 8.2; else undefined. */
export function checkUasRequest(
  request: SipMessage,
  allow: readonly string[],
  abilities: UasAbilities,
): UasAnswer | undefined {
  // 8.2.1: a method that is not understood is 405 with Allow.
  if (!allow.includes(request.method)) return { status: 405, headers: [['Allow', allow.join(', ')]] };
  // 8.2.2.1: a scheme that is not understood is 416.
  const { requestUri } = request;
  const scheme = requestUri.slice(0, requestUri.indexOf(':')).toLowerCase();
  if (!(abilities.schemes ?? defaultSchemes).includes(scheme)) return { status: 416 };
  // 8.2.2.3: an extension that is required and not understood is 420 with Unsupported.
  const { supported = [], resourceValues } = abilities;
  const known = resourceValues === undefined ? supported : [...supported, resourcePriorityTag];
  const unknown = unknownExtensions(request, 'Require', known);
  if (unknown.length > 0) return { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
  if (resourceValues && insistsOnUnknownPriority(request, resourceValues)) {
    return { status: 417, headers: [['Accept-Resource-Priority', resourceValues.join(', ')]] };
  }
  return checkBody(request, abilities.bodyTypes);
}

/** 8.2.3: an encoding or a type that cannot be read is 415, unless the body may be ignored. */
function checkBody(request: SipMessage, bodyTypes: readonly string[] | undefined): UasAnswer | undefined {
  if (request.body.length === 0) return undefined;
  const encoded = request.has('Content-Encoding') && request.header('Content-Encoding') !== 'identity';
  if (!encoded && bodyTypes === undefined) return undefined;
  if (request.header('Content-Disposition')?.includes('handling=optional')) return undefined;
  if (encoded) return { status: 415, headers: [['Accept-Encoding', 'identity']] };
  const { contentType } = request;
  const type = contentType && `${contentType.type}/${contentType.subtype}`;
  if (type !== undefined && bodyTypes?.includes(type)) return undefined;
  return { status: 415, headers: [['Accept', bodyTypes?.join(', ') ?? '*/*']] };
}
