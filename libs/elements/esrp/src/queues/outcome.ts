import type { AdmissionOutcome, NextHopFailure } from './admission.js';
import type { CircuitEvent } from './circuit.js';
import { uriKey } from './uri-key.js';

/** What one call says of the next hops it was at. */
export interface OutcomeReading {
  readonly hops: readonly { readonly hop: string; readonly event: CircuitEvent }[];
  /** Next hops that said 486. */
  readonly busy: readonly string[];
}

/** `served`: the next hop that was admitted to. */
export function readOutcome(
  served: string,
  { status, answeredBy, failed }: AdmissionOutcome,
): OutcomeReading {
  const failures = failed ?? alone(served, status);
  // Status 0: it was not sent anywhere.
  const isAlone = failed === undefined && failures.length === 0 && status > 0;
  const answering = answeredBy ?? (isAlone ? served : undefined);
  const answeringHop = answering === undefined ? undefined : uriKey(answering).hop;
  const hops: { hop: string; event: CircuitEvent }[] = [];
  const busy = new Set<string>();
  for (const { uri, status: why, answered } of failures) {
    if (why === 486) busy.add(uri);
    const { hop } = uriKey(uri);
    // Of several servers of one next hop one took the call: which, is the business of the proxy.
    if (hop === answeringHop) continue;
    if (!answered) hops.push({ hop, event: 'unanswered' });
    else hops.push({ hop, event: isFailure(why) ? 'failed' : 'answered' });
  }
  if (answering !== undefined && answeringHop !== undefined) {
    if (status === 486) busy.add(answering);
    hops.push({ hop: answeringHop, event: isFailure(status) ? 'failed' : 'answered' });
  }
  return { hops, busy: [...busy] };
}

/** Where only a status is known: it may be somebody else's, so that one alone does not say that nobody is there. */
function alone(uri: string, status: number): NextHopFailure[] {
  return isFailure(status) ? [{ uri, status, answered: true }] : [];
}

function isFailure(status: number): boolean {
  return status === 408 || status === 503;
}
