import type { HeldClient } from '@esinet/held';
import { type EmergencyService, isEmergencyService } from '@esinet/lmpe';
import { type Limits, type NextHop, towards } from '@esinet/platform';
import {
  type ForwardTarget,
  type HeaderEdit,
  type LoadClass,
  type Retarget,
  type RouteDecision,
  type SipMessage,
  type Uri,
  esnetValues,
  historyInfo,
  parseUri,
  priorityCapabilities,
  sipReason,
} from '@esinet/sip';
import { type CallLocation, callLocation } from './call-location.js';
import type { Failure, RoutingPolicy } from './policy.js';
import { rewriteFor } from './rewrite.js';
import { type MappingPorts, type ServiceMapping, serviceMapping } from './service-mapping.js';

/** The ways out of the routing proxy, as configured. */
export interface NextHops {
  /** The host table: next hops of a domain; empty if it is not in the table. */
  domain(domain: string): readonly NextHop[];
  /** The inner side of the border. */
  readonly border: readonly NextHop[];
}

export interface RouteDeps extends MappingPorts {
  readonly held: HeldClient;
  readonly policy: RoutingPolicy;
  readonly hops: NextHops;
  readonly limits?: Pick<Limits, 'body' | 'xml'>;
  /** Whether host and port of a URI are an address this proxy listens on. */
  readonly isOwnAddress: (uri: Uri) => boolean;
}

/** Why a request went where it went. Holds no coordinates and nothing of the message but the service. */
export interface RouteExplanation {
  readonly role: 'emergency' | 'outbound' | 'inward' | 'probe' | 'refused';
  readonly service?: string;
  readonly test?: boolean;
  readonly location?: CallLocation['how'];
  readonly mapping?: ServiceMapping['how'];
  readonly boundary?: string;
  /** The URI the call is sent to first. */
  readonly uri?: string;
  /** Why it took the default route; absent where it did not. */
  readonly reason?: string;
  readonly locationMs?: number;
  readonly mappingMs?: number;
}

export interface Routed {
  readonly decision: RouteDecision;
  readonly explanation: RouteExplanation;
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

/** Routes one request: location, mapping, next hop; whatever fails on the way, an emergency ends at a PSAP. */
export async function route(request: SipMessage, deps: RouteDeps): Promise<Routed> {
  const service = isEmergencyService(request.requestUri);
  if (!service) return otherRequest(request, deps);

  const began = deps.clock.now();
  const location = await locate(request, deps);
  const located = deps.clock.now();
  const mapping = await mapped(service, location, deps, deps.policy.budgetMs - (located - began));
  const failure = mapping.how === 'none' ? mapping.failure : undefined;
  const targets = emergencyTargets(request, mapping.how === 'none' ? [] : mapping.uris, failure, deps);
  const explanation: RouteExplanation = {
    role: 'emergency',
    service: service.urn,
    test: service.test,
    location: location.how,
    mapping: mapping.how,
    locationMs: tenths(located - began),
    mappingMs: tenths(deps.clock.now() - located),
    ...(mapping.how !== 'none' && { boundary: mapping.boundaryId }),
    uri:
      mapping.how === 'none' ? deps.policy.defaultPsapUri : (mapping.uris[0] ?? deps.policy.defaultPsapUri),
    ...(failure && { reason: failure.text }),
  };
  return { decision: { kind: 'forward', ...targets }, explanation };
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

/** Milliseconds with one decimal: more would only look exact. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

async function locate(request: SipMessage, deps: RouteDeps): Promise<CallLocation> {
  const { held, clock, policy, limits } = deps;
  try {
    return await callLocation(request, {
      held,
      clock,
      heldMs: policy.heldMs,
      routingNo: policy.routingNo,
      ...(limits && { limits }),
    });
  } catch {
    return { how: 'none', failure: { cause: 424, text: 'location: unreadable' } };
  }
}

async function mapped(
  service: EmergencyService,
  location: CallLocation,
  deps: RouteDeps,
  leftMs: number,
): Promise<ServiceMapping> {
  if (location.how === 'none') return location;
  try {
    return await serviceMapping(service.urn, location.pidfLo, Math.min(leftMs, deps.policy.lostMs), deps);
  } catch {
    return { how: 'none', failure: { cause: 500, text: 'lost: lookup failed' } };
  }
}

/** The mapped next hops in their order, then the default PSAP; each with the history that leads to it. */
function emergencyTargets(
  request: SipMessage,
  uris: readonly string[],
  failure: Failure | undefined,
  deps: RouteDeps,
): {
  targets: ForwardTarget[];
  edits: HeaderEdit[];
  responseEdits?: (response: SipMessage) => readonly HeaderEdit[];
} {
  const { policy, hops } = deps;
  const received = request.values('History-Info');
  const targets: ForwardTarget[] = [];
  const tried: Retarget[] = [];
  const fallback = uris.includes(policy.defaultPsapUri) ? [] : [policy.defaultPsapUri];
  let responseEdits: ((response: SipMessage) => readonly HeaderEdit[]) | undefined;
  for (const uri of [...uris, ...fallback]) {
    const parsed = parseUri(uri);
    if (!parsed) continue;
    const why = failure ?? (tried.length > 0 ? { cause: 408, text: 'next hop did not answer' } : undefined);
    const reason = why && sipReason(why.cause, why.text);
    const retarget: Retarget = {
      uri: bare(uri),
      by: 'mp',
      ...(reason !== undefined && { because: reason }),
    };
    const history = historyInfo(received, request.requestUri, [...tried, retarget]);
    tried.push(retarget);
    const rewritten = rewriteFor(request, uri, parsed, policy);
    responseEdits ??= rewritten.responseEdits;
    const edits: HeaderEdit[] = [
      { op: 'set-lines', name: 'History-Info', values: history },
      ...(reason === undefined ? [] : [{ op: 'append' as const, name: 'Reason', value: reason }]),
      ...rewritten.edits,
    ];
    // A domain that is not in the table is another ESInet's: the border knows the way (TS 103 698 D.2), or refuses.
    const known = hops.domain(parsed.host);
    for (const hop of known.length > 0 ? known : hops.border) {
      targets.push({
        ...towards(hop),
        edits,
        ...(rewritten.requestUri !== undefined && { uri: rewritten.requestUri }),
      });
    }
  }
  return { targets, edits: [], ...(responseEdits && { responseEdits }) };
}

/** Requests that ask for no emergency service: the outbound proxy of PSAPs (TS 103 698 D.1), and probes. */
function otherRequest(request: SipMessage, deps: RouteDeps): Routed {
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

function cameFromBorder(request: SipMessage, hops: NextHops): boolean {
  const via = request.topVia;
  return (
    via !== undefined &&
    hops.border.some((hop) => 'address' in hop && via.host === hop.address && via.port === hop.port)
  );
}

/** RFC 3261 19.1.1: headers of a URI have no place in a Request-URI or a Route. */
function bare(uri: string): string {
  const question = uri.indexOf('?');
  return question < 0 ? uri : uri.slice(0, question);
}
