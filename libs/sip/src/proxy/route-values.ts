import type { HeaderEdit } from '../codec/edit.js';
import { splitList } from '../codec/header-list.js';
import { parseNameAddr } from '../codec/name-addr.js';
import type { SipMessage } from '../codec/sip-message.js';
import { parseUri } from '../codec/uri.js';

/** The Route values a request will have after these edits. */
export function routesAfter(request: SipMessage, edits: readonly HeaderEdit[]): readonly string[] {
  let routes: readonly string[] = request.has('Route') ? request.values('Route') : [];
  for (const edit of edits) {
    if (edit.name.length !== 5 || edit.name.toLowerCase() !== 'route') continue;
    switch (edit.op) {
      case 'set':
        routes = splitList(edit.value);
        break;
      case 'set-lines':
        routes = edit.values.flatMap((value) => splitList(value));
        break;
      case 'remove':
        routes = [];
        break;
      case 'prepend':
        routes = [...splitList(edit.value), ...routes];
        break;
      case 'append':
        routes = [...routes, ...splitList(edit.value)];
        break;
      case 'pop':
        routes = routes.slice(1);
        break;
      case 'replace-first':
        if (routes.length > 0) routes = [edit.value, ...routes.slice(1)];
        break;
    }
  }
  return routes;
}

export interface NextHop {
  /** What is located, RFC 3261 16.6 step 7. */
  readonly uri: string;
  readonly requestUri: string;
  /** Only where the next hop is a strict router. */
  readonly edits: readonly HeaderEdit[];
}

/** RFC 3261 16.6 steps 6 and 7: the next hop, and the form a strict router wants the request in. */
export function nextHopOf(requestUri: string, routes: readonly string[]): NextHop {
  const first = routes[0] === undefined ? undefined : parseNameAddr(routes[0]);
  if (!first) return { uri: requestUri, requestUri, edits: [] };
  if (parseUri(first.uri)?.params.has('lr')) return { uri: first.uri, requestUri, edits: [] };
  // 16.6 step 6: without lr the Request-URI goes to the end of Route and the first Route becomes the Request-URI.
  const rest = [...routes.slice(1), `<${requestUri}>`];
  return { uri: first.uri, requestUri: first.uri, edits: [{ op: 'set-lines', name: 'Route', values: rest }] };
}
