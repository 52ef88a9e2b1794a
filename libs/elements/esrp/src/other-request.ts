import { towards } from '@esinet/platform';
import { type SipMessage, type Uri, esnetValues, parseUri, priorityCapabilities } from '@esinet/sip';
import type { RoutingPolicy } from './policy.js';
import type { Routed } from './route.js';
import type { WaysOut } from './ways-out.js';

export interface OtherDeps {
  readonly hops: WaysOut;
  readonly policy: Pick<RoutingPolicy, 'privateDomain'>;
  readonly isOwnAddress: (uri: Uri) => boolean;
}

export const allowedMethods: readonly string[] = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'PRACK',
  'UPDATE',
  'INFO',
  'MESSAGE',
  'OPTIONS',
  'SUBSCRIBE',
  'NOTIFY',
  'PUBLISH',
  'REFER',
];

/** Requests that ask for no emergency service: the outbound proxy of PSAPs (TS 103 698 D.1), and probes. */
export function otherRequest(request: SipMessage, deps: OtherDeps): Routed {
  const { hops, policy } = deps;
  const uri = parseUri(request.requestUri);
  if (request.method === 'OPTIONS' && uri && deps.isOwnAddress(uri)) {
    return {
      decision: {
        kind: 'answer',
        status: 200,
        headers: [
          ['Allow', allowedMethods.join(', ')],
          ['Accept', '*/*'],
          ...priorityCapabilities(esnetValues),
        ],
      },
      explanation: { role: 'probe' },
    };
  }
  if (!allowedMethods.includes(request.method)) {
    return {
      decision: { kind: 'reject', status: 405, headers: [['Allow', allowedMethods.join(', ')]] },
      explanation: { role: 'refused' },
    };
  }
  if (!uri || deps.isOwnAddress(uri)) return refused(404);
  const inward = uri.host === policy.privateDomain || hops.domain(uri.host).length > 0;
  // What the border sends here is emergency traffic; back to it with anything else would be a loop.
  if (!inward && cameFromBorder(request, hops)) return refused(404);
  const destinations = inward ? hops.domain(uri.host) : hops.border;
  if (destinations.length === 0) return refused(404);
  return {
    decision: { kind: 'forward', targets: destinations.map(towards) },
    explanation: { role: inward ? 'inward' : 'outbound' },
  };
}

function refused(status: number): Routed {
  return { decision: { kind: 'reject', status }, explanation: { role: 'refused' } };
}

function cameFromBorder(request: SipMessage, hops: WaysOut): boolean {
  const via = request.topVia;
  return (
    via !== undefined &&
    hops.border.some((hop) => 'address' in hop && via.host === hop.address && via.port === hop.port)
  );
}
