import { systemClock } from '@esinet/kernel';
import {
  type Policy,
  type PolicySet,
  type PolicyVerdict,
  type RoutingFacts,
  evaluatePolicies,
  formatPolicyProblem,
  nameOfPolicy,
} from '@esinet/policy';
import { bold, dim, exit, green, print, printJson, red, tell, yellow } from '../terminal.js';
import { type PolicyCallOptions, factsOf } from './policy-call.js';
import { loadPolicies } from './policy-check.js';

export interface PolicyTestOptions extends PolicyCallOptions {
  readonly key?: string;
  readonly expect?: string;
  readonly json?: boolean;
}

/** `esinet policy test FILE…`: which rule decides about a call, and of every rule before it what was not true. */
export function policyTest(files: readonly string[], o: PolicyTestOptions): number {
  const loaded = loadPolicies(files, o.key);
  if (!loaded.set || loaded.problems.length > 0) {
    for (const problem of loaded.problems) tell(red(formatPolicyProblem(problem)));
    return loaded.code;
  }
  const { set } = loaded;
  const facts = factsOf(o, set, systemClock.wall());
  if (!facts.ok) {
    tell(red(facts.error));
    return exit.usage;
  }
  const began = systemClock.now();
  const verdict = evaluatePolicies(set, facts.value, { maxTrail: Infinity });
  const tookMs = systemClock.now() - began;
  const met = o.expect === undefined || o.expect === outcomeWord(verdict);
  if (o.json) printJson({ ...verdict, ...(o.expect !== undefined && { expected: o.expect, met }) });
  else {
    printCall(facts.value);
    printTrail(verdict, set);
    printOutcome(verdict, facts.value);
    printUnseen(facts.value, set);
    print(dim(`${verdict.trail.length} rules looked at in ${tookMs.toFixed(2)} ms`));
    if (!met) tell(red(`Expected ${o.expect}, not ${outcomeWord(verdict)}.`));
  }
  return met ? exit.ok : exit.failed;
}

/** `none`, `busy`, or the URI. */
function outcomeWord({ outcome }: PolicyVerdict): string {
  return outcome.kind === 'route' ? outcome.recipientUri : outcome.kind;
}

function printCall({ request, now, incomingQueue, normalNextHop }: RoutingFacts): void {
  print(`${bold(`${request.method} ${request.requestUri}`)}  at ${new Date(now).toISOString()}`);
  print(dim(`  in on ${incomingQueue ?? 'no queue'}, normal next hop ${normalNextHop ?? 'not known'}`));
}

type TrailEntry = PolicyVerdict['trail'][number];

/** Policies with their rules below, an invoked one below the rule that invoked it. */
function printTrail({ trail }: PolicyVerdict, set: PolicySet): void {
  const policies = new Map(set.policies.map((policy) => [nameOfPolicy(policy), policy]));
  const depths = trail.map(({ depth = 0 }) => depth);
  trail.forEach((entry, i) => {
    const depth = depths[i] ?? 0;
    const before = trail[i - 1];
    const policy = policies.get(entry.policy);
    if (before?.policy !== entry.policy || (before.depth ?? 0) < depth) {
      print(`${bars(depths, i, depth)}${bold(entry.policy)}${about(policy)}`);
    }
    const last = isLast(trail, i);
    print(`${bars(depths, i, depth)}${last ? '└─' : '├─'} ${ruleLine(entry, policy)}`);
  });
  if (trail.length === 0) print(dim('  no policy is for this queue and this next hop'));
}

function about(policy: Policy | undefined): string {
  const what = [policy?.description, policy?.file].filter((each) => each !== undefined);
  return what.length === 0 ? '' : dim(`  ${what.join(', ')}`);
}

/** Whether no other rule of that policy follows at that depth before the way goes up again. */
function isLast(trail: readonly TrailEntry[], i: number): boolean {
  const { policy, depth = 0 } = trail[i] ?? { policy: '' };
  for (const next of trail.slice(i + 1)) {
    if ((next.depth ?? 0) < depth) return true;
    if ((next.depth ?? 0) === depth) return next.policy !== policy;
  }
  return true;
}

/** The lines of the policies above, where they go on further down. */
function bars(depths: readonly number[], i: number, depth: number): string {
  let text = '  ';
  for (let level = 0; level < depth; level += 1) {
    const next = depths.findIndex((each, j) => j > i && each <= level);
    text += next >= 0 && depths[next] === level ? '│  ' : '   ';
  }
  return text;
}

function ruleLine({ rule, matched, failed }: TrailEntry, policy: Policy | undefined): string {
  const known = policy?.rules.find(({ id }) => id === rule);
  const priority = known === undefined ? '' : ` ${dim(String(known.priority))}`;
  const described = known?.description === undefined ? '' : dim(`  ${known.description}`);
  if (!matched) return `${yellow('✗')} ${rule}${priority}  not true: ${failed ?? ''}`;
  const does = known?.actions.map(({ type }) => type).join(', ') ?? '';
  return `${green('✓')} ${bold(rule)}${priority}  ${does}${described}`;
}

function printOutcome(verdict: PolicyVerdict, facts: RoutingFacts): void {
  const { outcome, decidedBy, notify, log } = verdict;
  for (const { message } of log) print(`${dim('logs')}     ${message}`);
  for (const { eventCode, recipientUri } of notify)
    print(
      `${dim('notifies')} ${eventCode} to ${recipientUri === '' ? 'everybody subscribed' : recipientUri}`,
    );
  const by = decidedBy && dim(`by rule ${decidedBy.rule} (${decidedBy.priority}) of ${decidedBy.policy}`);
  if (outcome.kind === 'route') {
    const cause = outcome.cause === undefined ? '' : `  cause ${outcome.cause}`;
    print(`${bold(green(`goes to ${outcome.recipientUri}`))}${cause}  ${by ?? ''}`);
  } else if (outcome.kind === 'busy') print(`${bold(red('is answered 600 Busy Everywhere'))}  ${by ?? ''}`);
  else print(`${bold(`no rule decides: goes to its normal next hop`)}  ${facts.normalNextHop ?? ''}`);
}

/** A word about policies that could not be looked at, since the call was not described in full. */
function printUnseen({ normalNextHop }: RoutingFacts, set: PolicySet): void {
  if (normalNextHop !== undefined) return;
  const unseen = set.policies.filter(({ policyType }) => policyType === 'NormalNextHopRoutePolicy').length;
  if (unseen > 0) tell(yellow(`Without --next-hop, ${unseen} policies of next hops were not looked at.`));
}
