import { type EmergencyService, messageKind, readIdentifiers } from '@esinet/lmpe';
import type { PolicyVerdict, RoutingFacts } from '@esinet/policy';
import { type HeaderEdit, type RouteDecision, type SipMessage, sipReason } from '@esinet/sip';
import { type Admitted, admission } from './admission.js';
import type { FoundLocation } from './call-location.js';
import { type RecordedFacts, type SourceFacts, keptRequest } from './explanation/recorded-facts.js';
import { explainedHops, policySummary, toldStates } from './explanation/route-explanation.js';
import { SeenStates } from './explanation/seen-states.js';
import { geolocationError } from './geolocation-error.js';
import { locatedMapping } from './located-mapping.js';
import { type Decision, type HopFacts, afterQueues, nextHops, normalNextHop } from './next-hops.js';
import { type Retargets, retargets } from './retargets.js';
import type { RouteDeps, Routed } from './route.js';
import { judged } from './verdict.js';

/**
 * The decision about one emergency, step by step: location and mapping, the normal next hop, what the policies say of
 * it, whose queue lets it in. Every step may fail, and none of them ends the call.
 */
export async function routeEmergency(
  request: SipMessage,
  service: EmergencyService,
  deps: RouteDeps,
): Promise<Routed> {
  const { clock, policy } = deps;
  const found = await locatedMapping(service.urn, request, deps);
  const { location, mapping } = found;
  const hopFacts: HopFacts = {
    mapped: mapping.how === 'none' ? [] : mapping.uris,
    ...(mapping.how === 'none' && { failure: mapping.failure }),
    defaultPsapUri: policy.defaultPsapUri,
    running: isRunning(request),
  };

  const beforePolicy = clock.now();
  const states = new SeenStates(deps.states);
  const source = sourceOf(request, deps);
  const facts = routingFacts(request, service, hopFacts, location, source, deps, states);
  const { verdict, failed } = judged(deps.policies, facts);
  if (failed !== undefined) deps.onPolicyFailure?.(failed);
  const wish = nextHops(hopFacts, verdict);

  const beforeQueues = clock.now();
  const admitted = await askQueues(
    request,
    wish,
    { running: hopFacts.running, test: service.test, source },
    deps,
  );
  const decision = afterQueues(wish, admitted?.answer, hopFacts.running);
  const decided = clock.now();

  const seen = states.all();
  return {
    ...answered(request, decision, { error: found.geolocationError, failoverOn: admitted?.failoverOn }, deps),
    ...(admitted?.release && { release: admitted.release }),
    ...(verdict && { verdict }),
    explanation: {
      role: 'emergency',
      service: service.urn,
      test: service.test,
      location: location?.how ?? 'none',
      locationsTried: found.tried,
      ...(found.geolocationError !== undefined && { geolocationError: found.geolocationError }),
      mapping: mapping.how,
      ...(mapping.how !== 'none' && { boundary: mapping.boundaryId }),
      ...explainedHops(decision, hopFacts),
      ...summaries(verdict, failed !== undefined, admitted),
      ...(seen.length > 0 && { states: toldStates(seen) }),
      locationMs: tenths(found.locationMs),
      mappingMs: tenths(found.mappingMs),
      ...(deps.policies && { policyMs: tenths(beforeQueues - beforePolicy) }),
      ...(admitted && { queueMs: tenths(decided - beforeQueues) }),
    },
    ...(deps.keep && {
      facts: recorded(
        request,
        hopFacts,
        facts,
        { source, seen, failed: failed !== undefined, admitted },
        deps.keep,
      ),
    }),
  };
}

/** A message of a chat that has begun, also elsewhere. TS 103 698 6.1.2.7: its type says so; what has none begins. */
function isRunning(request: SipMessage): boolean {
  if (request.to?.tag !== undefined) return true;
  const kind = messageKind(readIdentifiers(request.values('Call-Info')).messageType);
  return kind !== 'start' && kind !== 'unknown';
}

function routingFacts(
  request: SipMessage,
  service: EmergencyService,
  hops: HopFacts,
  location: FoundLocation | undefined,
  source: SourceFacts,
  deps: RouteDeps,
  states: SeenStates,
): RoutingFacts {
  const shape = location?.pidfLo.shapes[0];
  return {
    request,
    now: deps.clock.wall(),
    lostService: service.urn,
    normalNextHop: normalNextHop(hops),
    ...(shape && { location: shape }),
    ...source,
    states,
  };
}

/** Where no queue is named, the service is what the call came in for. */
function sourceOf(request: SipMessage, deps: RouteDeps): SourceFacts {
  return { incomingQueue: request.requestUri, ...deps.source?.(request) };
}

async function askQueues(
  request: SipMessage,
  wish: Decision,
  { running, test, source }: { running: boolean; test: boolean; source: SourceFacts },
  deps: RouteDeps,
): Promise<Admitted | undefined> {
  if (!deps.queues || wish.kind === 'busy') return undefined;
  const call = {
    uris: wish.hops.map(({ uri }) => uri),
    priority: test ? -1 : esnetPriority(request),
    running,
    id: readIdentifiers(request.values('Call-Info')).callId ?? request.callId ?? '',
    ...(source.callSource !== undefined && { source: source.callSource }),
  };
  return admission(deps.queues, call, deps.policy.queueMs, deps.clock);
}

/** RFC 7135 4: the number of the namespace `esnet`; an emergency without a mark is marked like one (TS 103 698 6.1.2.5). */
function esnetPriority(request: SipMessage): number {
  const marks = request
    .values('Resource-Priority')
    .map((value) => /^\s*esnet\.([0-4])\s*$/i.exec(value)?.[1]);
  const known = marks.filter((mark) => mark !== undefined).map(Number);
  return known.length === 0 ? 1 : Math.max(...known);
}

/** What goes out: the call to its next hops, or the answer that nobody is free. */
function answered(
  request: SipMessage,
  decision: Decision,
  {
    error,
    failoverOn,
  }: { error: Parameters<typeof geolocationError>[1]; failoverOn: Admitted['failoverOn'] | undefined },
  deps: RouteDeps,
): { decision: RouteDecision; uris: readonly string[] } {
  const told = geolocationError(request, error);
  if (decision.kind === 'busy') {
    const { cause, text } = decision.because;
    const headers: [string, string][] = [['Reason', sipReason(cause, text)]];
    // RFC 3261 20.33: when it may be worth to call again.
    if (decision.retryAfterSeconds !== undefined) {
      headers.push(['Retry-After', String(Math.ceil(decision.retryAfterSeconds))]);
    }
    return { decision: { kind: 'reject', status: 600, headers }, uris: [] };
  }
  const { targets, uris, responseEdits } = retargets(request, decision, {
    policy: deps.policy,
    ways: deps.hops,
  });
  const edits = both(responseEdits, told);
  return {
    decision: {
      kind: 'forward',
      targets,
      ...(edits && { responseEdits: edits }),
      ...(failoverOn && { failoverOn }),
    },
    uris,
  };
}

type ResponseEdits = Retargets['responseEdits'];

function both(a: ResponseEdits, b: ResponseEdits): ResponseEdits {
  if (!a || !b) return a ?? b;
  return (response): readonly HeaderEdit[] => [...a(response), ...b(response)];
}

function summaries(verdict: PolicyVerdict | undefined, failed: boolean, admitted: Admitted | undefined) {
  const policy = policySummary(verdict, failed);
  return { ...(policy && { policy }), ...(admitted && { queue: admitted.answer.kind }) };
}

function recorded(
  request: SipMessage,
  hops: HopFacts,
  facts: RoutingFacts,
  o: { source: SourceFacts; seen: RecordedFacts['states']; failed: boolean; admitted: Admitted | undefined },
  keep: NonNullable<RouteDeps['keep']>,
): RecordedFacts {
  const { location } = facts;
  const kept = keptRequest(request, keep.request);
  return {
    ...hops,
    method: request.method,
    requestUri: request.requestUri,
    ...(kept !== undefined && { request: kept }),
    now: facts.now,
    lostService: facts.lostService ?? '',
    ...(location && keep.location && { location }),
    source: o.source,
    states: o.seen,
    ...(o.failed && { policyFailed: true }),
    ...(o.admitted && { queue: o.admitted.answer }),
  };
}

/** Milliseconds with one decimal: more would only look exact. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
