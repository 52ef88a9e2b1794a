import type { SipMessage } from '../codec/sip-message.js';

/** How one branch ended: with a final response, or without one (then as if with this status). */
export interface BranchResult {
  readonly target: number;
  readonly status: number;
  readonly response?: SipMessage;
  /** It was never sent there, since the next hop has asked for less. RFC 7339 5.10 */
  readonly held?: true;
}

/** RFC 3261 16.7 step 6: 4xx that tell the client how to ask again. */
const helpful = [401, 407, 415, 420, 484];

/** The one that goes upstream: 6xx before all, else the lowest class, in 4xx the helpful ones. RFC 3261 16.7 step 6 */
export function bestResult(results: readonly BranchResult[]): BranchResult | undefined {
  let best: BranchResult | undefined;
  for (const result of results) if (!best || rank(result) < rank(best)) best = result;
  return best;
}

function rank({ status, response }: BranchResult): number {
  const group = Math.floor(status / 100);
  if (group === 2) return 0;
  if (group === 6) return 1;
  const withinClass = helpful.includes(status) ? 0 : response ? 1 : 2;
  return group * 10 + withinClass;
}
