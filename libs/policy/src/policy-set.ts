import { type Result, err, ok } from '@esinet/kernel';
import { AreaIndex } from './area-index.js';
import type { Action } from './action.js';
import type { Test } from './condition.js';
import {
  ANY_QUEUE,
  type Policy,
  type PolicyRule,
  type PolicyType,
  nameOfPolicy,
  queueKey,
} from './policy.js';
import type { PolicyProblem } from './policy-problem.js';
import type { PolicyVerdict } from './policy-verdict.js';

/** Policies that may invoke one another in a row. */
export const MAX_POLICY_DEPTH = 8;

/** A condition of a rule, by the place of its test: equal tests of a set share one, and a call tests it once. */
export interface PlacedCondition {
  readonly slot: number;
  readonly negated: boolean;
  /** What stands in the trail where it is the condition that was not true. */
  readonly missed: PolicyVerdict['trail'][number];
  readonly text: string;
}

export interface CompiledRule {
  readonly rule: PolicyRule;
  /** Cheap ones first; all are ANDed. */
  readonly conditions: readonly PlacedCondition[];
  readonly actions: readonly Action[];
}

export interface CompiledPolicy {
  readonly policy: Policy;
  readonly name: string;
  readonly rules: readonly CompiledRule[];
}

/** Policies that fit together, ready to be evaluated. Immutable. */
export interface PolicySet {
  readonly policies: readonly Policy[];
  readonly tests: readonly Test[];
  /** Of all conditions on the location; undefined where there is none. */
  readonly areas?: AreaIndex;
  /** The policy of a queue: its own, else the one of every queue. */
  readonly ofQueue: (type: PolicyType, queue: string) => CompiledPolicy | undefined;
  /** An OtherRoutePolicy: that of the owner, else the only one of that id. */
  readonly ofId: (owner: string, id: string) => CompiledPolicy | undefined;
}

/** A problem for each policy that cannot be told from another, invokes one that is not there, or in the end itself. */
export function policySet(policies: readonly Policy[]): Result<PolicySet, PolicyProblem[]> {
  const tests: Test[] = [];
  const slots = new Map<string, number>();
  const compiled = policies.map((policy) => compile(policy, tests, slots));
  const problems: PolicyProblem[] = [];
  const byQueue = new Map<string, CompiledPolicy>();
  const byId = new Map<string, CompiledPolicy>();
  const sameId = new Map<string, CompiledPolicy[]>();
  for (const each of compiled) {
    const { policy } = each;
    const map = policy.policyId === undefined ? byQueue : byId;
    const key =
      policy.policyId === undefined ? queuePlace(policy) : idPlace(policy.policyOwner, policy.policyId);
    const before = map.get(key);
    if (before) problems.push(problemOf(policy, `is there twice: ${each.name}`, placeOf(before.policy)));
    else map.set(key, each);
    if (policy.policyId !== undefined && !before)
      sameId.set(policy.policyId, [...(sameId.get(policy.policyId) ?? []), each]);
  }
  const areas = tests.flatMap((test) => test.areas ?? []);
  const set: PolicySet = {
    policies,
    tests,
    ...(areas.length > 0 && { areas: new AreaIndex(areas) }),
    ofQueue: (type, queue) =>
      byQueue.get(`${type} ${queueKey(queue)}`) ?? byQueue.get(`${type} ${ANY_QUEUE}`),
    ofId(owner, id) {
      const own = byId.get(idPlace(owner, id));
      const all = sameId.get(id);
      return own ?? (all?.length === 1 ? all[0] : undefined);
    },
  };
  problems.push(...invocationProblems(compiled, set));
  return problems.length > 0 ? err(problems) : ok(set);
}

function compile(policy: Policy, tests: Test[], slots: Map<string, number>): CompiledPolicy {
  const name = nameOfPolicy(policy);
  const rules = policy.rules.map((rule): CompiledRule => ({
    rule,
    actions: rule.actions,
    conditions: [...rule.conditions]
      .sort((a, b) => a.cost - b.cost)
      .map((condition) => {
        const { negated, text } = condition;
        const key = condition.key ?? (negated ? text.slice('not '.length) : text);
        let slot = slots.get(key);
        if (slot === undefined) {
          slot = tests.length;
          tests.push(condition);
          slots.set(key, slot);
        }
        return { slot, negated, text, missed: { policy: name, rule: rule.id, matched: false, failed: text } };
      }),
  }));
  return { policy, name, rules };
}

function queuePlace({ policyType, policyQueueName = '' }: Policy): string {
  return `${policyType} ${queueKey(policyQueueName)}`;
}

function idPlace(owner: string, id: string): string {
  return `${owner.toLowerCase()}\n${id}`;
}

/** The policy an action invokes, where that can be told without a call. */
export function invokedPolicy(
  set: PolicySet,
  owner: string,
  action: Action & { readonly type: 'invokePolicyAction' },
  nextHop?: string,
): CompiledPolicy | undefined {
  if (action.policyId !== undefined) return set.ofId(owner, action.policyId);
  const queue = action.policyQueueName ?? nextHop;
  return queue === undefined ? undefined : set.ofQueue(action.policyType, queue);
}

function invocationProblems(compiled: readonly CompiledPolicy[], set: PolicySet): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const calls = new Map<CompiledPolicy, CompiledPolicy[]>();
  for (const each of compiled) {
    const invoked: CompiledPolicy[] = [];
    for (const { rule, actions } of each.rules) {
      for (const action of actions) {
        if (action.type !== 'invokePolicyAction') continue;
        // That of the normal next hop is known when there is a call; evaluation has an eye on it.
        if (action.policyId === undefined && action.policyQueueName === undefined) continue;
        const found = invokedPolicy(set, each.policy.policyOwner, action);
        if (found) invoked.push(found);
        else {
          const wanted = action.policyId ?? `${action.policyType} ${action.policyQueueName ?? ''}`;
          problems.push(problemOf(each.policy, `rule ${rule.id} invokes ${wanted}, which is not there`));
        }
      }
    }
    calls.set(each, invoked);
  }
  const cycle = cycleIn(calls);
  if (cycle)
    problems.push(
      problemOf(cycle[0]!.policy, `invokes itself: ${cycle.map(({ name }) => name).join(' → ')}`),
    );
  return problems;
}

/** The first way from a policy back to itself, or one that is deeper than evaluation goes. */
function cycleIn(
  calls: ReadonlyMap<CompiledPolicy, readonly CompiledPolicy[]>,
): CompiledPolicy[] | undefined {
  const done = new Set<CompiledPolicy>();
  const visit = (each: CompiledPolicy, way: readonly CompiledPolicy[]): CompiledPolicy[] | undefined => {
    const at = way.indexOf(each);
    if (at >= 0) return [...way.slice(at), each];
    if (done.has(each)) return undefined;
    for (const next of calls.get(each) ?? []) {
      const found = visit(next, [...way, each]);
      if (found) return found;
    }
    done.add(each);
    return undefined;
  };
  for (const each of calls.keys()) {
    const found = visit(each, []);
    if (found) return found;
  }
  return undefined;
}

function problemOf(policy: Policy, message: string, hint?: string): PolicyProblem {
  return {
    ...(policy.file !== undefined && { file: policy.file }),
    path: '',
    message: `${nameOfPolicy(policy)}: ${message}`,
    ...(hint !== undefined && { hint }),
  };
}

function placeOf(policy: Policy): string {
  return `the other one is ${policy.file === undefined ? `of ${policy.policyOwner}` : `in ${policy.file}`}`;
}
