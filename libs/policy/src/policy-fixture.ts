import type { KnownStates } from '@esinet/states';
import { describedRequest } from './described-request.js';
import { evaluatePolicies } from './evaluate.js';
import type { Policy } from './policy.js';
import { formatPolicyProblem } from './policy-problem.js';
import { type PolicySet, policySet } from './policy-set.js';
import type { PolicyVerdict } from './policy-verdict.js';
import { type ReadPolicyOptions, readPolicy } from './read-policy.js';
import type { RoutingFacts } from './routing-facts.js';

/** What the specs of this library share. Not part of what it exports. */

export type Json = Readonly<Record<string, unknown>>;

export const queue = 'sip:sos@esrp.example';
export const hop = 'sip:madrid@psap.example';

export function origination(...policyRules: readonly Json[]): Json {
  return {
    policyType: 'OriginationRoutePolicy',
    policyOwner: 'esrp.example',
    policyQueueName: queue,
    policyRules,
  };
}

export function nextHop(...policyRules: readonly Json[]): Json {
  return {
    policyType: 'NormalNextHopRoutePolicy',
    policyOwner: 'psap.example',
    policyQueueName: hop,
    policyRules,
  };
}

export function other(policyId: string, ...policyRules: readonly Json[]): Json {
  return { policyType: 'OtherRoutePolicy', policyOwner: 'esrp.example', policyId, policyRules };
}

export const to = (user: string): Json => ({
  actionType: 'routeAction',
  recipientUri: `sip:${user}@psap.example`,
});
export const invoke = (policyId: string): Json => ({
  actionType: 'invokePolicyAction',
  policyType: 'OtherRoutePolicy',
  policyId,
});

export function rule(priority: number, conditions: readonly Json[], ...actions: readonly Json[]): Json {
  return { id: `r${priority}`, priority, conditions, actions };
}

export function read(json: Json | string, o?: ReadPolicyOptions): Policy {
  const result = readPolicy(typeof json === 'string' ? json : JSON.stringify(json), o);
  if (!result.ok) throw new Error(result.error.map(formatPolicyProblem).join('\n'));
  return result.value;
}

/** Problems as people read them. */
export function problemsOf(json: Json | string, o?: ReadPolicyOptions): string[] {
  const result = readPolicy(typeof json === 'string' ? json : JSON.stringify(json, null, 1), o);
  return result.ok ? [] : result.error.map(formatPolicyProblem);
}

export function setOf(...policies: readonly Json[]): PolicySet {
  const set = policySet(policies.map((policy) => read(policy)));
  if (!set.ok) throw new Error(set.error.map(formatPolicyProblem).join('\n'));
  return set.value;
}

export const nothingKnown: KnownStates = {
  element: () => undefined,
  service: () => undefined,
  queue: () => undefined,
};

export interface CallDraft extends Partial<Omit<RoutingFacts, 'request'>> {
  readonly method?: string;
  readonly uri?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

export function call({
  method,
  uri = 'urn:service:sos',
  headers = [],
  body,
  ...facts
}: CallDraft = {}): RoutingFacts {
  const request = describedRequest({
    uri,
    headers,
    ...(method !== undefined && { method }),
    ...(body !== undefined && { body }),
  });
  if (!request.ok) throw new Error(request.error);
  return {
    request: request.value,
    now: Date.parse('2026-03-02T12:00:00Z'),
    incomingQueue: queue,
    normalNextHop: hop,
    lostService: 'urn:service:sos',
    states: nothingKnown,
    ...facts,
  };
}

/** What became of a call by one rule with these conditions: true, or why not. */
export function holds(condition: Json, draft: CallDraft = {}): true | string {
  const set = setOf(origination(rule(1, [condition], to('there'))));
  const verdict = evaluatePolicies(set, call(draft));
  return verdict.outcome.kind === 'route' ? true : (verdict.trail[0]?.failed ?? 'nothing was looked at');
}

export function route(verdict: PolicyVerdict): string {
  return verdict.outcome.kind === 'route' ? verdict.outcome.recipientUri : verdict.outcome.kind;
}
