import { approvalDigest } from '../approval-digest.js';
import { approvalsNeeded } from '../case-steps.js';
import { notInForce } from '../in-force.js';
import type { HandoverCase, Seal } from '../model.js';

/** Whether something of a case may leave at this moment; `later`: not now, and perhaps again. */
export type MayLeave =
  { readonly kind: 'now'; readonly seal: Seal } | { readonly kind: 'later' } | { readonly kind: 'never' };

/**
 * Asked before each attempt, each retry and each object that is fetched: the order is in force, the case was not stopped,
 * and two people approved these very bytes, or, of an LIID, the authorisation under which they were sealed. `id` is that of
 * a seal or of one of its objects.
 */
export function mayLeave(c: HandoverCase | undefined, id: string, wallMs: number): MayLeave {
  const never = { kind: 'never' } as const;
  if (!c) return never;
  const seal = currentSeals(c).find(
    (each) => each.id === id || each.objects.some((object) => object.id === id),
  );
  if (!seal) return never;
  switch (notInForce(c.authorisation, c.phase, wallMs)) {
    case 'expired':
    case 'rejected':
    case 'closed':
      return never;
    case 'not-yet':
    case 'suspended':
      return { kind: 'later' };
    case undefined:
      break;
  }
  // Resumed, or looked at again: whether these bytes go is decided once more.
  if (c.phase !== 'sending' && c.phase !== 'delivered' && c.phase !== 'running') return { kind: 'later' };
  return isApproved(c) ? { kind: 'now', seal } : never;
}

/** Whether two people have approved what is there now. */
export function isApproved(c: HandoverCase): boolean {
  const of = approvalDigest(c);
  const people = new Set(c.approvals.filter((approval) => approval.of === of).map(({ by }) => by));
  return people.size >= approvalsNeeded;
}

/** What is sent: the seals, and in the place of one that was too large those it was split into. */
export function currentSeals(c: Pick<HandoverCase, 'seals' | 'splits'>): readonly Seal[] {
  return c.seals.flatMap((seal) => c.splits?.[seal.id] ?? [seal]);
}
