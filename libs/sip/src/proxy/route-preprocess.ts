import type { HeaderEdit } from '../codec/edit.js';
import { parseNameAddr } from '../codec/name-addr.js';
import type { SipMessage } from '../codec/sip-message.js';
import { parseUri, type Uri } from '../codec/uri.js';

export interface Preprocessed {
  readonly requestUri?: string;
  readonly edits: readonly HeaderEdit[];
  /** Route values of ours that are taken off, topmost first. */
  readonly passed: readonly Uri[];
}

/**
 * RFC 3261 16.4: what our own Route values and a strict router's rewriting ask for, or undefined where the request may
 * stay as it is. `isRecordRoute` tells a URI that we put into Record-Route, and `isOwn` any URI naming us.
 */
export function preprocessRoute(
  request: SipMessage,
  isOwn: (uri: Uri) => boolean,
  isRecordRoute: (uri: Uri) => boolean,
): Preprocessed | undefined {
  if (!request.has('Route')) return undefined;
  let routes = request.values('Route');
  let requestUri: string | undefined;
  const target = parseUri(request.requestUri);
  if (target && isRecordRoute(target) && routes.length > 0) {
    // 16.4: a strict router before us put our Record-Route URI into the Request-URI: the real one is the last Route.
    requestUri = parseNameAddr(routes[routes.length - 1]!)?.uri;
    if (requestUri !== undefined) routes = routes.slice(0, -1);
  }
  const passed: Uri[] = [];
  // 16.4 takes one value off. A proxy that record-routes once for each of its sides appears twice in a row.
  for (const route of routes) {
    const uri = uriOf(route);
    if (!uri || !isOwn(uri)) break;
    passed.push(uri);
  }
  if (passed.length === 0 && requestUri === undefined) return undefined;
  return {
    ...(requestUri === undefined ? undefined : { requestUri }),
    edits: [{ op: 'set-lines', name: 'Route', values: routes.slice(passed.length) }],
    passed,
  };
}

function uriOf(route: string): Uri | undefined {
  const uri = parseNameAddr(route)?.uri;
  return uri === undefined ? undefined : parseUri(uri);
}
