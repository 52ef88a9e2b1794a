import type { HeaderEdit, SipMessage, Uri } from '@esinet/sip';
import type { RoutingPolicy } from './policy.js';

/** How a request names its next hop: by a Route, or by a Request-URI of its own. */
export interface Rewritten {
  readonly requestUri?: string;
  readonly edits: readonly HeaderEdit[];
  readonly responseEdits?: (response: SipMessage) => readonly HeaderEdit[];
}

/**
 * The Request-URI stays the service URN and the next hop stands in a Route (RFC 3261 16.6 step 6, RFC 6881), unless the
 * next hop is one that cannot take a URN: then its URI becomes the Request-URI, and if told so the To, which is put back
 * into responses.
 */
export function rewriteFor(request: SipMessage, uri: string, parsed: Uri, policy: RoutingPolicy): Rewritten {
  const question = uri.indexOf('?');
  const target = question < 0 ? uri : uri.slice(0, question);
  const how = policy.rewrite.get(target) ?? policy.rewrite.get(parsed.host);
  if (how === undefined) {
    const loose = parsed.params.has('lr') ? target : `${target};lr`;
    return { edits: [{ op: 'prepend', name: 'Route', value: `<${loose}>` }] };
  }
  const to = request.header('To');
  if (how === 'request-uri' || to === undefined) return { requestUri: target, edits: [] };
  return {
    requestUri: target,
    edits: [
      {
        op: 'set',
        name: 'To',
        value: request.to?.tag === undefined ? `<${target}>` : `<${target}>;tag=${request.to.tag}`,
      },
    ],
    responseEdits: (response) => {
      const tag = response.to?.tag;
      const value = tag === undefined || request.to?.tag !== undefined ? to : `${to};tag=${tag}`;
      return [{ op: 'set', name: 'To', value }];
    },
  };
}
