import type { ForwardOutcome } from '@esinet/sip';
import type { Admission, NextHopFailure } from './admission.js';

/** Gives an admission back when its call was answered. `uris`: the next hop URI of each target of the decision. */
export function releaseBy(
  admission: Admission,
  { status, target, tried = [] }: ForwardOutcome,
  uris: readonly string[],
): void {
  const failed: NextHopFailure[] = [];
  for (const each of tried) {
    const uri = uris[each.target];
    if (uri !== undefined) failed.push({ uri, status: each.status, answered: each.answered });
  }
  // A target that only failed has not answered, though its failure was the best there was.
  const unanswered = tried.some((each) => each.target === target && !each.answered);
  const answeredBy = unanswered ? undefined : uris[target];
  admission.release({ status, failed, ...(answeredBy !== undefined && { answeredBy }) });
}
