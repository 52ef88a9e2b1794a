import { towards } from '@esinet/platform';
import {
  type ForwardTarget,
  type HeaderEdit,
  type Retarget,
  type SipMessage,
  type TriedTarget,
  historyInfo,
  parseUri,
  sipReason,
} from '@esinet/sip';
import type { Decision, Hop } from './next-hops.js';
import type { Failure, RoutingPolicy } from './policy.js';
import { rewriteFor } from './rewrite.js';
import type { WaysOut } from './ways-out.js';

export interface Retargets {
  readonly targets: readonly ForwardTarget[];
  /** The next hop of each target. */
  readonly uris: readonly string[];
  readonly responseEdits?: (response: SipMessage) => readonly HeaderEdit[];
}

/**
 * The targets of a decision, each with the history that leads to it (RFC 7044 9): the next hops that were left untried
 * with their reasons, then those that were tried before it and what became of them, then itself.
 */
export function retargets(
  request: SipMessage,
  decision: Extract<Decision, { kind: 'forward' }>,
  o: { readonly policy: RoutingPolicy; readonly ways: WaysOut },
): Retargets {
  const received = request.values('History-Info');
  const targets: ForwardTarget[] = [];
  const uris: string[] = [];
  let responseEdits: Retargets['responseEdits'];

  const told = (hop: Hop, tried: readonly TriedTarget[]): HeaderEdit[] => {
    const steps = stepsTo(hop, decision, triedHops(tried, uris));
    const because = steps.at(-1)?.because;
    return [
      { op: 'set-lines', name: 'History-Info', values: historyInfo(received, request.requestUri, steps) },
      ...(because === undefined ? [] : [reasonEdit(request, because)]),
    ];
  };

  for (const hop of decision.hops) {
    const parsed = parseUri(hop.uri);
    if (!parsed) continue;
    const rewritten = rewriteFor(request, hop.uri, parsed, o.policy);
    responseEdits ??= rewritten.responseEdits;
    // A domain that is not in the table is another ESInet's: the border knows the way (TS 103 698 D.2), or refuses.
    const known = o.ways.domain(parsed.host);
    for (const way of known.length > 0 ? known : o.ways.border) {
      uris.push(hop.uri);
      targets.push({
        ...towards(way),
        siblings: `${hop.uri} ${way.transport}`,
        edits: rewritten.edits,
        editsAfter: (tried) => told(hop, tried),
        ...(rewritten.requestUri !== undefined && { uri: rewritten.requestUri }),
        ...(hop.passedOver && { standsIn: true }),
      });
    }
  }
  return { targets, uris, ...(responseEdits && { responseEdits }) };
}

/** The retargetings that end at `hop`, each with why the one before it was left. */
function stepsTo(
  hop: Hop,
  decision: Extract<Decision, { kind: 'forward' }>,
  tried: ReadonlyMap<string, number>,
): Retarget[] {
  const steps: Retarget[] = [];
  let because = decision.failure;
  const add = (uri: string): void => {
    steps.push({ uri, by: 'mp', ...(because && { because: sipReason(because.cause, because.text) }) });
  };
  for (const left of decision.left) {
    add(left.uri);
    because = left.because;
  }
  for (const [uri, status] of tried) {
    if (uri === hop.uri) continue;
    add(uri);
    because = tryFailed(status);
  }
  add(hop.uri);
  return steps;
}

/** By next hop, in the order they were tried: several ways may lead to one, and the last says what became of it. */
function triedHops(tried: readonly TriedTarget[], uris: readonly string[]): Map<string, number> {
  const byUri = new Map<string, number>();
  for (const { target, status } of tried) {
    const uri = uris[target];
    if (uri !== undefined) byUri.set(uri, status);
  }
  return byUri;
}

function tryFailed(status: number): Failure {
  if (status === 408) return { cause: 408, text: 'next hop did not answer' };
  if (status === 503) return { cause: 503, text: 'next hop unavailable' };
  return { cause: status, text: 'next hop refused' };
}

/** RFC 3326 2: one Reason of a protocol; those of others that came with the request stay. */
function reasonEdit(request: SipMessage, reason: string): HeaderEdit {
  const others = request.values('Reason').filter((value) => !/^\s*SIP\s*(;|$)/i.test(value));
  return { op: 'set-lines', name: 'Reason', values: [...others, reason] };
}
