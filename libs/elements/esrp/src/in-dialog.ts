import { towards } from '@esinet/platform';
import { type RouteDecision, type SipMessage, parseUri } from '@esinet/sip';
import type { RouteDeps } from './route.js';

/**
 * A request within a dialog that was set up through here (RFC 3261 16.5, 16.12): the decision fell with its first request.
 * It follows its Route, or the Request-URI; the host table counts for names that are in no DNS.
 */
export function routeInDialog(request: SipMessage, { hops }: Pick<RouteDeps, 'hops'>): RouteDecision {
  const host = request.has('Route') ? undefined : parseUri(request.requestUri)?.host;
  const known = host === undefined ? [] : hops.domain(host);
  return { kind: 'forward', targets: known.length > 0 ? known.map(towards) : [{}] };
}
