import type { HeldClient } from '@esinet/held';
import { isEmergencyService } from '@esinet/lmpe';
import type { PolicyVerdict } from '@esinet/policy';
import { type Limits, towards } from '@esinet/platform';
import {
  type LoadClass,
  type RouteDecision,
  type SipMessage,
  type Uri,
  parseUri,
  sipReason,
} from '@esinet/sip';
import type { KnownStates } from '@esinet/states';
import type { Admission, QueuesPort } from './admission.js';
import { routeEmergency } from './emergency.js';
import type { KeptRequest, RecordedFacts, SourceFacts } from './explanation/recorded-facts.js';
import type { RouteExplanation } from './explanation/route-explanation.js';
import { otherRequest } from './other-request.js';
import type { RoutingPolicy } from './policy.js';
import { rewriteFor } from './rewrite.js';
import type { MappingPorts } from './service-mapping.js';
import { isStray, routeStray } from './stray.js';
import type { PoliciesPort } from './verdict.js';
import type { WaysOut } from './ways-out.js';

export interface RouteDeps extends MappingPorts {
  readonly held: HeldClient;
  readonly policy: RoutingPolicy;
  readonly hops: WaysOut;
  readonly limits?: Pick<Limits, 'body' | 'xml'>;
  /** Whether host and port of a URI are an address this proxy listens on. */
  readonly isOwnAddress: (uri: Uri) => boolean;
  /** Without them every call goes to its normal next hop. */
  readonly policies?: PoliciesPort;
  /** Without them every call is forwarded at once. */
  readonly queues?: QueuesPort;
  /** What is known of others. */
  readonly states?: KnownStates;
  /** What the border says of where the request came from. */
  readonly source?: (request: SipMessage) => SourceFacts;
  /** What of a call is kept for its explanation; nothing where left out. */
  readonly keep?: { readonly request: KeptRequest; readonly location: boolean };
  readonly onPolicyFailure?: (why: string) => void;
}

export interface Routed {
  readonly decision: RouteDecision;
  readonly explanation: RouteExplanation;
  /** The next hop of each target. */
  readonly uris?: readonly string[];
  /** To be called once with what became of the call: a queue holds a place for it. */
  readonly release?: Admission['release'];
  readonly verdict?: PolicyVerdict;
  /** What the decision followed from. */
  readonly facts?: RecordedFacts;
}

/** Routes one request; whatever fails on the way, an emergency ends at a PSAP. */
export async function route(request: SipMessage, deps: RouteDeps): Promise<Routed> {
  const service = isEmergencyService(request.requestUri);
  if (!service) return otherRequest(request, deps);
  if (isStray(request)) return routeStray(request);
  try {
    return await routeEmergency(request, service, deps);
  } catch {
    return lastResort(request, deps);
  }
}

/** TS 103 698 6.1.2.5, table 3: marked by the border or by a PSAP. An emergency needs no mark, should one be missing. */
export function hasPriority(request: SipMessage): boolean {
  return (
    request.values('Resource-Priority').some((value) => value.trim().toLowerCase().startsWith('esnet.')) ||
    isEmergencyService(request.requestUri) !== undefined
  );
}

/**
 * What a request is when there is too much. Starts are what comes here for a service; the rest is of chats that run,
 * where it is inside the ESInet at all, or a probe.
 */
export function loadClassOf(request: SipMessage): LoadClass {
  if (request.to?.tag !== undefined && request.method !== 'MESSAGE') return 'running';
  const service = isEmergencyService(request.requestUri);
  if (service) return service.test ? 'other' : 'emergency';
  if (request.method === 'MESSAGE' || request.method === 'OPTIONS') return 'running';
  return request.method === 'INVITE' ? 'emergency' : 'other';
}

/** A mistake of the program must not cost a call: to the default PSAP, with nothing looked at. */
function lastResort(request: SipMessage, { policy, hops }: RouteDeps): Routed {
  const reason = 'routing: failed';
  const uri = policy.defaultPsapUri;
  const parsed = parseUri(uri);
  const rewritten = parsed && rewriteFor(request, uri, parsed, policy);
  const ways = parsed ? hops.domain(parsed.host) : [];
  const edits = [
    ...(rewritten?.edits ?? []),
    { op: 'append' as const, name: 'Reason', value: sipReason(500, reason) },
  ];
  return {
    decision: {
      kind: 'forward',
      targets: (ways.length > 0 ? ways : hops.border).map((way) => ({
        ...towards(way),
        edits,
        ...(rewritten?.requestUri !== undefined && { uri: rewritten.requestUri }),
      })),
      ...(rewritten?.responseEdits && { responseEdits: rewritten.responseEdits }),
    },
    explanation: { role: 'emergency', location: 'none', mapping: 'none', uri, reason },
  };
}
