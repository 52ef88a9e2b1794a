import type { PolicyVerdict } from '@esinet/policy';
import type { QueueAnswer } from '../admission.js';
import type { FoundLocation } from '../call-location.js';
import type { GeolocationErrorCode } from '../geolocation-error.js';
import { type Decision, type HopFacts, type HopSource, bare, normalNextHop, whyFirst } from '../next-hops.js';
import type { Failure } from '../policy.js';
import type { ServiceMapping } from '../service-mapping.js';
import type { SeenState } from './seen-states.js';

/** Why a request went where it went. Holds no coordinates and nothing of the message but the service. */
export interface RouteExplanation {
  readonly role: 'emergency' | 'outbound' | 'inward' | 'probe' | 'refused';
  readonly service?: string;
  readonly test?: boolean;
  readonly location?: FoundLocation['how'] | 'none';
  /** Locations that a mapping was asked for. */
  readonly locationsTried?: number;
  readonly geolocationError?: GeolocationErrorCode;
  readonly mapping?: ServiceMapping['how'];
  readonly boundary?: string;
  /** The URI the call is sent to first. */
  readonly uri?: string;
  /** Why it took the default route or another than the normal one; absent where it did not. */
  readonly reason?: string;
  readonly policy?: PolicySummary;
  /** Queue answer; absent without queues. */
  readonly queue?: QueueAnswer['kind'];
  /** Every next hop in the order in which they are tried. */
  readonly nextHops?: readonly { readonly uri: string; readonly from: HopSource }[];
  /** Next hops that were not tried first although they came first, and why. */
  readonly passedOver?: readonly ({ readonly uri: string } & Failure)[];
  /** The normal next hop, where something else was chosen. */
  readonly notTaken?: string;
  /** What was looked at of the states of others; long lists are cut. */
  readonly states?: readonly {
    readonly kind: SeenState['kind'];
    readonly of: string;
    readonly state: string;
  }[];
  readonly locationMs?: number;
  readonly mappingMs?: number;
  readonly policyMs?: number;
  readonly queueMs?: number;
}

export interface PolicySummary {
  readonly outcome: PolicyVerdict['outcome']['kind'] | 'failed';
  readonly decidedBy?: PolicyVerdict['decidedBy'];
  /** Rules that were looked at, as far as the verdict lists them. */
  readonly rules?: number;
}

/** States in one explanation: a bus message stays small. */
const maxStatesTold = 50;

export function policySummary(
  verdict: PolicyVerdict | undefined,
  failed: boolean,
): PolicySummary | undefined {
  if (failed) return { outcome: 'failed' };
  if (!verdict) return undefined;
  const { outcome, decidedBy, trail } = verdict;
  return { outcome: outcome.kind, ...(decidedBy && { decidedBy }), rules: trail.length };
}

/** The part of an explanation that tells of next hops. */
export function explainedHops(
  decision: Decision,
  facts: HopFacts,
): Pick<RouteExplanation, 'uri' | 'reason' | 'nextHops' | 'passedOver' | 'notTaken'> {
  const reason = whyFirst(decision)?.text;
  const normal = bare(normalNextHop(facts));
  const first = decision.kind === 'forward' ? decision.hops[0]?.uri : undefined;
  return {
    ...(first !== undefined && { uri: first }),
    ...(reason !== undefined && { reason }),
    ...(decision.kind === 'forward' && {
      nextHops: decision.hops.map(({ uri, from }) => ({ uri, from })),
      ...(decision.left.length > 0 && {
        passedOver: decision.left.map(({ uri, because }) => ({ uri, ...because })),
      }),
    }),
    ...(first !== normal && { notTaken: normal }),
  };
}

export function toldStates(seen: readonly SeenState[]): NonNullable<RouteExplanation['states']> {
  return seen.slice(0, maxStatesTold).map((each) => ({
    kind: each.kind,
    of: each.kind === 'service' ? `${each.of}@${each.domain}` : each.of,
    state: stateText(each),
  }));
}

function stateText(seen: SeenState): string {
  if (!seen.state) return 'unknown';
  if (seen.kind !== 'service') return seen.state.state;
  const { serviceState, securityPosture } = seen.state;
  return securityPosture ? `${serviceState.state}, ${securityPosture.posture}` : serviceState.state;
}
