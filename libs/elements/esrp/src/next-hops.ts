import type { PolicyVerdict } from '@esinet/policy';
import { parseUri } from '@esinet/sip';
import type { QueueAnswer } from './admission.js';
import type { Failure } from './policy.js';

/** Who named a next hop. */
export type HopSource = 'policy' | 'mapping' | 'default' | 'queue';

export interface Hop {
  /** SIP URI without headers. */
  readonly uri: string;
  readonly from: HopSource;
  /** Its queue did not let the call in: the last to be tried. */
  readonly passedOver?: true;
}

/** A next hop that was not tried, and why: it stands in the history of the call all the same. */
export interface LeftHop {
  readonly uri: string;
  readonly because: Failure;
}

/** What the order of next hops follows from, besides policies and queues. */
export interface HopFacts {
  /** Of the ECRF, in its order. */
  readonly mapped: readonly string[];
  /** Why there are none. */
  readonly failure?: Failure;
  readonly defaultPsapUri: string;
  /** A chat that runs is never told that all are busy. */
  readonly running: boolean;
}

export type Decision =
  | {
      readonly kind: 'forward';
      /** Tried one after the other; never empty. */
      readonly hops: readonly Hop[];
      readonly left: readonly LeftHop[];
      /** Why no next hop could be found for the call itself. */
      readonly failure?: Failure;
    }
  | { readonly kind: 'busy'; readonly because: Failure; readonly retryAfterSeconds?: number };

/** The next hop before any policy: the first that the ECRF named, else the default. */
export function normalNextHop({
  mapped,
  defaultPsapUri,
}: Pick<HopFacts, 'mapped' | 'defaultPsapUri'>): string {
  return mapped.find(isSipUri) ?? defaultPsapUri;
}

/**
 * The next hops in the order in which they are tried: that of the policy, those of the ECRF, the default PSAP. Whatever
 * a policy says, the others stay behind it: an emergency is never lost by a rule.
 */
export function nextHops(facts: HopFacts, verdict: PolicyVerdict | undefined): Decision {
  const outcome = verdict?.outcome;
  const { failure } = facts;
  if (outcome?.kind === 'busy' && !facts.running) {
    return { kind: 'busy', because: { cause: 600, text: 'policy: busy' } };
  }
  const hops: Hop[] = [];
  const add = (uri: string, from: HopSource): void => {
    const target = bare(uri);
    if (isSipUri(target) && !hops.some((hop) => hop.uri === target)) hops.push({ uri: target, from });
  };
  if (outcome?.kind === 'route') add(outcome.recipientUri, 'policy');
  for (const uri of facts.mapped) add(uri, 'mapping');
  add(facts.defaultPsapUri, 'default');

  const normal = bare(normalNextHop(facts));
  const diverted = outcome?.kind === 'route' && hops[0]?.from === 'policy' && hops[0].uri !== normal;
  const why = `policy: ${outcome?.kind === 'route' ? (outcome.cause ?? verdict?.decidedBy?.rule ?? 'route') : ''}`;
  const left = diverted ? [{ uri: normal, because: also({ cause: 302, text: why }, failure) }] : [];
  return { kind: 'forward', hops, left, ...(failure && { failure }) };
}

/** RFC 3326 2: one reason of a protocol, so it says both. */
function also(because: Failure, failure: Failure | undefined): Failure {
  return failure ? { ...because, text: `${because.text}; ${failure.text}` } : because;
}

/** Why the first next hop is not what was meant for the call; undefined where it is. */
export function whyFirst(decision: Decision): Failure | undefined {
  if (decision.kind === 'busy') return decision.because;
  return decision.left.at(-1)?.because ?? decision.failure;
}

/** RFC 4458 2: the causes of a retargeting, as near as they come. */
const queueCauses: Readonly<Record<string, number>> = {
  Full: 486,
  ResourceExhausted: 486,
  Unreachable: 503,
};

/** The decision after its queues were asked: who let the call in comes first, who did not comes last. */
export function afterQueues(decision: Decision, answer: QueueAnswer | undefined, running: boolean): Decision {
  if (decision.kind === 'busy' || !answer || answer.kind === 'failed') return decision;
  if (answer.kind === 'busy') {
    if (running) return decision;
    const because = { cause: 600, text: 'queue: all busy' };
    return { kind: 'busy', because, retryAfterSeconds: answer.retryAfterSeconds };
  }
  const passed = new Map(answer.passedOver.map(({ uri, why }) => [bare(uri), why]));
  const known = new Map(decision.hops.map((hop) => [hop.uri, hop]));
  const order = [answer.uri, ...(answer.then ?? []), ...known.keys()].map(bare).filter(isSipUri);
  const all = [...new Set(order)].map((uri): Hop => ({
    ...(known.get(uri) ?? { uri, from: 'queue' }),
    ...(passed.has(uri) && uri !== bare(answer.uri) && { passedOver: true }),
  }));
  const hops = [...all.filter((hop) => !hop.passedOver), ...all.filter((hop) => hop.passedOver)];
  const left = [...passed]
    .filter(([uri]) => isSipUri(uri) && uri !== hops[0]?.uri)
    .map(([uri, why]): LeftHop => ({
      uri,
      because: also({ cause: queueCauses[why] ?? 480, text: `queue: ${why}` }, decision.failure),
    }));
  return { ...decision, hops, left: [...decision.left, ...left] };
}

/** RFC 3261 19.1.1: headers of a URI have no place in a Request-URI or a Route. */
export function bare(uri: string): string {
  const question = uri.indexOf('?');
  return question < 0 ? uri : uri.slice(0, question);
}

function isSipUri(uri: string): boolean {
  const scheme = parseUri(uri)?.scheme;
  return scheme === 'sip' || scheme === 'sips';
}
