import { endsEvaluation } from './action.js';
import { CallView } from './call-view.js';
import type { Truth } from './condition.js';
import {
  type CompiledPolicy,
  type CompiledRule,
  MAX_POLICY_DEPTH,
  type PolicySet,
  invokedPolicy,
} from './policy-set.js';
import type { PolicyVerdict } from './policy-verdict.js';
import type { RoutingFacts } from './routing-facts.js';

export interface EvaluateOptions {
  /** Rules that were not true, told at most; of those that were the first hundred and the one that decides are told. */
  readonly maxTrail?: number;
}

export const DEFAULT_MAX_TRAIL = 50;
/** Notifications, log lines and rules that were true, told of one call. */
const MAX_TOLD = 100;

/**
 * NENA-STA-010 3.3.3: the origination policy of the queue the call came in on, then, where that decided nothing, the
 * policy of the normal next hop. Of each the rules by priority, until one routes or answers busy. Pure, and never throws.
 */
export function evaluatePolicies(
  set: PolicySet,
  facts: RoutingFacts,
  o: EvaluateOptions = {},
): PolicyVerdict {
  const run = new Evaluation(set, facts, o.maxTrail ?? DEFAULT_MAX_TRAIL);
  if (set.policies.length > 0) {
    const { incomingQueue, normalNextHop } = facts;
    const origination =
      incomingQueue === undefined ? undefined : set.ofQueue('OriginationRoutePolicy', incomingQueue);
    if (origination) run.policy(origination, 0);
    const termination =
      normalNextHop === undefined ? undefined : set.ofQueue('NormalNextHopRoutePolicy', normalNextHop);
    if (termination && !run.decided) run.policy(termination, 0);
  }
  return run.verdict();
}

class Evaluation {
  readonly #call: CallView;
  /** By the slot of the test. */
  readonly #known: (Truth | undefined)[] = [];
  readonly #trail: PolicyVerdict['trail'][number][] = [];
  readonly #notify: PolicyVerdict['notify'][number][] = [];
  readonly #log: PolicyVerdict['log'][number][] = [];
  readonly #under: CompiledPolicy[] = [];
  readonly #done = new Set<CompiledPolicy>();
  #missed = 0;
  #matched = 0;
  #outcome: PolicyVerdict['outcome'] = { kind: 'none' };
  #decidedBy: PolicyVerdict['decidedBy'];

  constructor(
    private readonly set: PolicySet,
    private readonly facts: RoutingFacts,
    private readonly maxTrail: number,
  ) {
    this.#call = new CallView(facts, set.areas);
  }

  get decided(): boolean {
    return this.#outcome.kind !== 'none';
  }

  verdict(): PolicyVerdict {
    return {
      outcome: this.#outcome,
      ...(this.#decidedBy && { decidedBy: this.#decidedBy }),
      trail: this.#trail,
      notify: this.#notify,
      log: this.#log,
    };
  }

  /** A policy that was looked at to its end decided nothing, and will not the second time. */
  policy(compiled: CompiledPolicy, depth: number): void {
    if (this.#done.has(compiled)) return;
    const { policy, name, rules } = compiled;
    if (policy.expires !== undefined && this.facts.now >= policy.expires) {
      this.#note({ policy: name, rule: '', matched: false, failed: 'the policy has expired' }, depth);
      return;
    }
    this.#under.push(compiled);
    for (const rule of rules) {
      if (this.#holds(rule, name, depth)) this.#act(rule, compiled, depth);
      if (this.decided) break;
    }
    this.#under.pop();
    this.#done.add(compiled);
  }

  #holds({ rule, conditions }: CompiledRule, name: string, depth: number): boolean {
    for (const { slot, negated, missed, text } of conditions) {
      const truth = this.#truthOf(slot);
      if (truth === !negated) continue;
      if (typeof truth === 'string')
        this.#note({ policy: name, rule: rule.id, matched: false, failed: `${text}: ${truth}` }, depth);
      else this.#note(missed, depth);
      return false;
    }
    return true;
  }

  #truthOf(slot: number): Truth {
    const known = this.#known[slot];
    if (known !== undefined) return known;
    let truth: Truth;
    try {
      truth = this.set.tests[slot]?.holds(this.#call) ?? false;
    } catch {
      truth = 'could not be tested';
    }
    this.#known[slot] = truth;
    return truth;
  }

  #act({ rule, actions }: CompiledRule, { policy, name }: CompiledPolicy, depth: number): void {
    this.#matched += 1;
    if (this.#matched <= MAX_TOLD || rule.actions.some(endsEvaluation))
      this.#told({ policy: name, rule: rule.id, matched: true }, depth);
    for (const action of actions) {
      switch (action.type) {
        case 'routeAction': {
          const { recipientUri, cause, rnaTimer } = action;
          this.#outcome = {
            kind: 'route',
            recipientUri,
            ...(cause !== undefined && { cause }),
            ...(rnaTimer !== undefined && { rnaTimer }),
          };
          break;
        }
        case 'busyAction':
          this.#outcome = { kind: 'busy' };
          break;
        case 'notifyAction': {
          const { type: _, ...notification } = action;
          if (this.#notify.length < MAX_TOLD) this.#notify.push(notification);
          break;
        }
        case 'logAction':
          if (this.#log.length < MAX_TOLD) this.#log.push({ message: action.message });
          break;
        case 'invokePolicyAction':
          this.#invoke(
            invokedPolicy(this.set, policy.policyOwner, action, this.facts.normalNextHop),
            name,
            rule.id,
            depth,
          );
          if (this.decided) return;
          break;
      }
      if (this.decided) {
        this.#decidedBy = { policy: name, rule: rule.id, priority: rule.priority };
        return;
      }
    }
  }

  #invoke(invoked: CompiledPolicy | undefined, policy: string, rule: string, depth: number): void {
    const refused = (failed: string): void => this.#note({ policy, rule, matched: false, failed }, depth);
    if (!invoked) refused('it invokes a policy that is not there');
    else if (this.#under.includes(invoked)) refused(`it invokes ${invoked.name}, which is being evaluated`);
    else if (this.#under.length >= MAX_POLICY_DEPTH)
      refused(`it invokes policies more than ${MAX_POLICY_DEPTH} deep`);
    else this.policy(invoked, depth + 1);
  }

  #note(entry: PolicyVerdict['trail'][number], depth: number): void {
    this.#missed += 1;
    if (this.#missed <= this.maxTrail) this.#told(entry, depth);
  }

  #told(entry: PolicyVerdict['trail'][number], depth: number): void {
    this.#trail.push(depth === 0 ? entry : { ...entry, depth });
  }
}
