import { messageOf } from '@esinet/kernel';
import type { PolicyVerdict, RoutingFacts } from '@esinet/policy';

/** The policies in force. */
export interface PoliciesPort {
  /** Synchronous and quick; what it throws is caught: the call goes to its normal next hop. */
  evaluate(facts: RoutingFacts): PolicyVerdict;
}

export type Judged =
  | { readonly verdict?: PolicyVerdict; readonly failed?: undefined }
  /** They failed: the sentence is for a log, and holds nothing of a message unless the error did. */
  | { readonly verdict?: undefined; readonly failed: string };

/** What the policies say; nothing where there are none or where they fail. */
export function judged(policies: PoliciesPort | undefined, facts: RoutingFacts): Judged {
  if (!policies) return {};
  try {
    return { verdict: policies.evaluate(facts) };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}
