import { statSync } from 'node:fs';
import { type Clock, type Logger, type Result, err, isoTime, ok } from '@esinet/kernel';
import { type Bus, type CounterMetric, type Health, type Metrics, watchFiles } from '@esinet/platform';
import {
  type FilesPlan,
  type Policy,
  type PolicyProblem,
  type PolicySet,
  type PolicyVerdict,
  type ReadFiles,
  type RoutingFacts,
  evaluatePolicies,
  formatPolicyProblem,
  listPolicyFiles,
  nameOfPolicy,
  policySet,
  readPolicy,
  readPolicyFiles,
  readPolicyFilesByTurns,
  readPolicyKeyFile,
} from '@esinet/policy';
import type { PoliciesConfig } from './config.js';
import type { NamedPolicy, PolicyChange } from './policy-store.js';
import { fittingSet, setOf } from './fitting-set.js';

/** Problems told with a refusal, and in the log. */
const MAX_TOLD = 20;

export type PolicyReloadTrigger = 'start' | 'file' | 'request';

export interface PolicyReload {
  /** refused: something is wrong with the new ones, and the last good ones stay. */
  readonly result: 'ok' | 'refused';
  readonly trigger: PolicyReloadTrigger;
  /** RFC 3339. */
  readonly at: string;
  readonly policies: number;
  readonly rules: number;
  readonly problems: readonly PolicyProblem[];
}

export interface PoliciesPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly health: Health;
}

const nothing: PolicySet = { policies: [], tests: [], ofQueue: () => undefined, ofId: () => undefined };

/**
 * The policies in force, taken as a whole or not at all: a call is judged by one set from its first rule to its last. At
 * the start a file that is broken is left out, since a router has to route; later one broken file refuses the new set, as
 * there is a good one to go on with.
 */
export class Policies {
  #set = nothing;
  #loadedAt: string | undefined;
  #last: PolicyReload | undefined;
  #stop: (() => void) | undefined;
  /** Called after a new set is in force. */
  onTaken?: () => void;
  #work: Promise<unknown> = Promise.resolve();
  readonly #reloads: CounterMetric;
  readonly #verdicts: Readonly<Record<PolicyVerdict['outcome']['kind'], { inc(by?: number): void }>>;
  readonly #inForce: { set(value: number, labels?: Readonly<Record<string, string>>): void };

  constructor(
    readonly config: PoliciesConfig,
    private readonly ports: PoliciesPorts,
  ) {
    const { metrics, health, clock, logger } = ports;
    this.#reloads = metrics.counter('esinet_esrp_policy_reloads_total', 'New sets of policies by outcome', [
      'result',
    ]);
    this.#inForce = metrics.gauge('esinet_esrp_policy_rules', 'Policies in force, and their rules', ['what']);
    const verdicts = metrics.counter('esinet_esrp_policy_verdicts_total', 'Calls by what the policies said', [
      'outcome',
    ]);
    this.#verdicts = {
      route: verdicts.labelled({ outcome: 'route' }),
      busy: verdicts.labelled({ outcome: 'busy' }),
      none: verdicts.labelled({ outcome: 'none' }),
    };
    if (config.files.length === 0) return;
    health.note('policies', () => this.#note());
    this.#take(readPolicyFiles(this.#plan), 'start');
    if (config.watch)
      this.#stop = watchFiles(
        config.files,
        {
          list: () => listPolicyFiles(config.files, []),
          what: 'policy files',
          debounceMs: config.debounce,
          clock,
          logger,
        },
        () => void this.reload('file'),
      );
  }

  /** What the policies in force say of a call. Counts it; never throws. */
  evaluate(facts: RoutingFacts): PolicyVerdict {
    const verdict = this.judge(facts);
    this.#verdicts[verdict.outcome.kind].inc();
    return verdict;
  }

  /** The same of a call that is only looked at again. */
  judge(facts: RoutingFacts): PolicyVerdict {
    return evaluatePolicies(this.#set, facts, { maxTrail: this.config.maxTrail });
  }

  get all(): readonly Policy[] {
    return this.#set.policies;
  }

  /** RFC 3339; undefined while there is none. */
  get loadedAt(): string | undefined {
    return this.#loadedAt;
  }

  get last(): PolicyReload | undefined {
    return this.#last;
  }

  /** Where policies that come from outside are kept; undefined where no folder is among the files. */
  get folder(): string | undefined {
    return this.config.files.find(
      (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
    );
  }

  /** Those of that owner and name: more than one only where a queue has policies of both types. */
  find({ owner, id, policyType }: NamedPolicy): readonly Policy[] {
    return this.all.filter(
      (policy) =>
        policy.policyOwner.toLowerCase() === owner.toLowerCase() &&
        (policy.policyId ?? policy.policyQueueName) === id &&
        (policyType === undefined || policy.policyType === policyType),
    );
  }

  /** A new policy tried out beside the others: the one it would replace, or what is wrong. Changes nothing. */
  with(
    named: NamedPolicy,
    text: string,
  ): Result<{ readonly policy: Policy; readonly before: Policy | undefined }, PolicyChange> {
    const key =
      this.config.verificationKey === null ? undefined : readPolicyKeyFile(this.config.verificationKey);
    if (key && !key.ok) return err({ result: 'failed', reason: key.error });
    const { maxRules, maxBytes } = this.config;
    const read = readPolicy(text, { limits: { maxRules, maxBytes }, ...(key && { key: key.value }) });
    if (!read.ok) return err({ result: 'refused', problems: read.error });
    const policy = read.value;
    const { policyType } = policy;
    if (
      policy.policyOwner.toLowerCase() !== named.owner.toLowerCase() ||
      (policy.policyId ?? policy.policyQueueName) !== named.id ||
      (named.policyType !== undefined && named.policyType !== policyType)
    )
      return err({ result: 'refused', reason: 'owner, name or type are not those of the request' });
    const [before] = this.find({ ...named, policyType });
    const set = policySet([...this.all.filter((each) => each !== before), policy]);
    return set.ok ? ok({ policy, before }) : err({ result: 'refused', problems: set.error });
  }

  /** What would be wrong without it. Changes nothing. */
  without(policy: Policy): readonly PolicyProblem[] {
    const set = policySet(this.all.filter((each) => each !== policy));
    return set.ok ? [] : set.error;
  }

  /** The files again, after what is under way. */
  reload(trigger: PolicyReloadTrigger): Promise<PolicyReload> {
    return this.inTurn(() => this.reloadNow(trigger));
  }

  /** One change at a time. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  /** Only within `inTurn`. */
  async reloadNow(trigger: PolicyReloadTrigger): Promise<PolicyReload> {
    return this.#take(await readPolicyFilesByTurns(this.#plan), trigger);
  }

  get #plan(): FilesPlan {
    const { files, verificationKey, maxPolicies, maxRules, maxBytes } = this.config;
    return { paths: files, verificationKey, maxPolicies, limits: { maxRules, maxBytes } };
  }

  #take({ policies, problems }: ReadFiles, trigger: PolicyReloadTrigger): PolicyReload {
    const { set, misfits } = trigger === 'start' ? fittingSet(policies) : setOf(policies);
    const all = [...problems, ...misfits];
    const usable = set !== undefined && (all.length === 0 || trigger === 'start');
    const at = isoTime(this.ports.clock.wall());
    if (usable) {
      this.#set = set;
      this.#loadedAt = at;
    }
    const { policies: inForce } = this.#set;
    const rules = inForce.reduce((sum, policy) => sum + policy.rules.length, 0);
    const result = all.length === 0 ? 'ok' : 'refused';
    this.#last = { result, trigger, at, policies: inForce.length, rules, problems: all.slice(0, MAX_TOLD) };
    this.#reloads.inc({ result });
    this.#inForce.set(inForce.length, { what: 'policies' });
    this.#inForce.set(rules, { what: 'rules' });
    this.#tell(this.#last, usable);
    if (usable) this.onTaken?.();
    return this.#last;
  }

  #tell(done: PolicyReload, taken: boolean): void {
    const { logger, bus } = this.ports;
    const { problems, ...told } = done;
    for (const problem of problems) logger.error('policy refused', { reason: formatPolicyProblem(problem) });
    const fields = { ...told, problems: problems.length };
    if (done.result === 'ok') logger.info('policies loaded', fields);
    else if (taken) logger.error('policies loaded without those that are broken', fields);
    else logger.error('policies not loaded, the last good ones stay', fields);
    for (const { signature, ...policy } of this.#set.policies)
      if (signature === 'not-verified' && taken)
        logger.warn('policy is signed, but no key is configured to verify it', {
          policy: nameOfPolicy({ signature, ...policy }),
        });
    try {
      bus.publish('events.esrp.policies', {
        element: 'esrp',
        ...told,
        problems: problems.map(formatPolicyProblem),
      });
    } catch {
      // Nobody routes by this event.
    }
  }

  #note(): string | undefined {
    const last = this.#last;
    if (!last || last.result === 'ok') return undefined;
    const [first] = last.problems;
    const why = first ? formatPolicyProblem(first) : 'unknown';
    return `policies of ${last.at} were not taken as they are (${why}); ${last.policies} are in force`;
  }

  onApplicationShutdown(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
