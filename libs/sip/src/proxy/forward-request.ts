import type { HeaderEdit } from '../codec/edit.js';
import { editMessage } from '../codec/edit.js';
import type { SipMessage } from '../codec/sip-message.js';
import { parseUri } from '../codec/uri.js';
import type { Flow } from '../transport/flow.js';
import type { Compose } from '../transaction/client-transaction.js';
import { withoutOverload } from '../overload/oc-params.js';
import { receivedVia } from '../transport/via-route.js';
import type { ForwardDecision, ForwardTarget } from './route-decision.js';
import { lacksLength, lengthOf } from './content-length.js';
import { requestUriOf } from './request-uri.js';
import { nextHopOf, routesAfter } from './route-values.js';

/** A Max-Forwards for requests that came without. RFC 3261 16.6 step 3 */
const initialMaxForwards = '70';

export interface Forwarding {
  /** What is located; undefined where the target names its destination. */
  readonly nextHopUri: string | undefined;
  readonly compose: Compose;
}

/** The copy of a request for one target, RFC 3261 16.6 steps 1 to 8: nothing is touched but what these steps name. */
export function forwarding(
  request: SipMessage,
  source: Flow,
  decision: ForwardDecision,
  target: ForwardTarget,
  recordRoute: readonly string[],
): Forwarding {
  const edits: HeaderEdit[] = [];
  const via = request.topVia;
  const received = via && receivedVia(via, source);
  // RFC 7339 5.6: what the client offers is for us alone.
  const stamped = received && via.params.has('oc') ? withoutOverload(received) : received;
  if (stamped !== undefined && stamped !== via?.text)
    edits.push({ op: 'replace-first', name: 'Via', value: stamped });
  // Step 3.
  const maxForwards = request.maxForwards;
  edits.push({
    op: 'set',
    name: 'Max-Forwards',
    value: maxForwards === undefined ? initialMaxForwards : String(maxForwards - 1),
  });
  if (decision.edits) edits.push(...decision.edits);
  if (target.edits) edits.push(...target.edits);
  // Step 4.
  for (let i = recordRoute.length - 1; i >= 0; i--) {
    edits.push({ op: 'prepend', name: 'Record-Route', value: recordRoute[i]! });
  }
  // Steps 6 and 7.
  const wanted = target.uri === undefined ? request.requestUri : requestUriOf(target.uri);
  const routes = routesAfter(request, edits);
  const next = nextHopOf(wanted, routes);
  edits.push(...next.edits);
  const at = edits.length;
  const requestUri = next.requestUri === request.requestUri ? undefined : next.requestUri;
  return {
    nextHopUri: target.destination ? undefined : (target.nextHopUri ?? next.uri),
    // Steps 8 and 9.
    compose: (ourVia) => {
      edits[at] = { op: 'prepend', name: 'Via', value: ourVia };
      if (lacksLength(request) && !ourVia.startsWith('SIP/2.0/UDP ')) edits[at + 1] = lengthOf(request);
      else edits.length = at + 1;
      return editMessage(request, { ...(requestUri === undefined ? undefined : { requestUri }), edits });
    },
  };
}

/** Can this be located at all? RFC 3261 16.3 step 2 */
export function isRoutableScheme(uri: string): boolean {
  const scheme = parseUri(uri)?.scheme;
  return scheme === 'sip' || scheme === 'sips';
}
