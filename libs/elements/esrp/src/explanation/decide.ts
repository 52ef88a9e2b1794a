import { type Decision, afterQueues, nextHops } from '../next-hops.js';
import { type PoliciesPort, judged } from '../verdict.js';
import { type RecordedFacts, routingFactsOf } from './recorded-facts.js';

/** The decision that follows from what was recorded: under the same policies the same next hops. Pure. */
export function decide(facts: RecordedFacts, policies: PoliciesPort | undefined): Decision {
  const verdict = facts.policyFailed ? undefined : judged(policies, routingFactsOf(facts)).verdict;
  return afterQueues(nextHops(facts, verdict), facts.queue, facts.running);
}

/** The next hops of a decision as they are compared: in their order; `busy` where there are none. */
export function hopUris(decision: Decision): readonly string[] {
  return decision.kind === 'busy' ? ['busy'] : decision.hops.map(({ uri }) => uri);
}
