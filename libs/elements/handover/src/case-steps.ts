import { type Result, err, isoTime, ok } from '@esinet/kernel';
import { approvalDigest } from './approval-digest.js';
import { notInForce } from './in-force.js';
import type { Approval, HandoverCase, Person, Role, Seal } from './model.js';

export { sealsDigest } from './approval-digest.js';

/** What a person or the element does to a case. */
export type CaseCommand =
  | { readonly do: 'freeze' }
  | { readonly do: 'review'; readonly seals: readonly Seal[] }
  | { readonly do: 'approve'; readonly of: string }
  | { readonly do: 'send' }
  /** Of an LIID: records since the last batch are sealed, or put before a reviewer. */
  | { readonly do: 'batch' }
  | { readonly do: 'review-batch' }
  /** Of an LIID: its time is over. */
  | { readonly do: 'end' }
  | { readonly do: 'delivered' }
  | { readonly do: 'suspend' }
  | { readonly do: 'resume' }
  | { readonly do: 'reject' }
  | { readonly do: 'close' }
  /** The order is over, and with it the reason to keep anything. TS 103 707 D.4.2 */
  | { readonly do: 'expire' };

export type CaseRefusal =
  | 'not-now'
  | 'not-in-force'
  | 'not-allowed'
  /** Of the two who approve neither made the request, and they are two. */
  | 'same-person'
  /** What was approved is not what is there. */
  | 'other-bytes';

const roleFor: Readonly<Record<CaseCommand['do'], Role | undefined>> = {
  freeze: 'handover-clerk',
  review: 'handover-reviewer',
  approve: 'approver',
  send: undefined,
  batch: undefined,
  'review-batch': 'handover-reviewer',
  end: undefined,
  delivered: undefined,
  suspend: 'approver',
  resume: 'approver',
  reject: 'approver',
  close: 'handover-clerk',
  expire: undefined,
};

const from: Readonly<Record<CaseCommand['do'], readonly HandoverCase['phase'][]>> = {
  freeze: ['requested', 'in-review', 'sealed', 'approved', 'delivered'],
  review: ['in-review'],
  approve: ['sealed', 'requested'],
  send: ['approved', 'running', 'sending'],
  batch: ['running'],
  'review-batch': ['running'],
  end: ['running'],
  delivered: ['sending'],
  suspend: ['requested', 'in-review', 'sealed', 'approved', 'running', 'sending', 'delivered'],
  resume: ['suspended'],
  reject: ['requested', 'in-review', 'sealed', 'approved', 'suspended'],
  close: ['requested', 'delivered', 'rejected', 'suspended', 'sealed', 'approved', 'in-review'],
  expire: [
    ...(['requested', 'in-review', 'sealed', 'approved', 'running', 'sending'] as const),
    ...(['delivered', 'suspended', 'rejected'] as const),
  ],
};

/** How many people have to approve the same bytes. No configuration changes it. */
export const approvalsNeeded = 2;

/**
 * One step of a case: the case as it is then, or why it cannot be. Pure; whoever calls it writes the case and the audit
 * together. `by` is undefined for what the element does itself.
 */
export function caseStep(
  c: HandoverCase,
  command: CaseCommand,
  by: Person | undefined,
  wallMs: number,
): Result<HandoverCase, CaseRefusal> {
  const role = roleFor[command.do];
  if (role !== undefined && !by?.roles.includes(role)) return err('not-allowed');
  if (!from[command.do].includes(c.phase) || !fits(command, c)) return err('not-now');
  // What ends a case or only tells what came of it is possible at any time; everything else only under an order.
  const phase = command.do === 'resume' ? 'requested' : c.phase;
  if (!always.has(command.do) && notInForce(c.authorisation, phase, wallMs)) return err('not-in-force');
  switch (command.do) {
    case 'freeze':
      // A new snapshot, and whatever was approved before is void.
      return ok({ ...withoutSplits(c), phase: 'in-review', approvals: [], seals: [] });
    case 'review':
      return ok({
        ...withoutSplits(c),
        ...{ phase: 'sealed', reviewedBy: by?.name ?? '', approvals: [], seals: command.seals },
      });
    case 'approve':
      return approved(c, command.of, by?.name ?? '', wallMs);
    case 'send':
      return c.approvals.length >= approvalsNeeded && c.approvals.every(({ of }) => of === approvalDigest(c))
        ? ok({ ...c, phase: c.phase === 'running' ? 'running' : 'sending' })
        : err('other-bytes');
    case 'batch':
      return ok(c);
    case 'review-batch':
      // Whoever made the request does not look at what comes of it.
      return by?.name === c.createdBy ? err('same-person') : ok(c);
    case 'end':
      return ok({ ...c, phase: 'sending' });
    case 'delivered':
      return ok({ ...c, phase: 'delivered' });
    case 'suspend':
      return ok({
        ...c,
        phase: 'suspended',
        // An LIID that waits for its approvals anew is still as suspended as it was.
        ...(c.liid && { liid: { suspendedAt: isoTime(wallMs), ...c.liid } }),
      });
    case 'resume':
      // What had been approved before has to be looked at again.
      return ok({
        ...c,
        phase: c.seals.length > 0 && !c.authorisation.running ? 'sealed' : 'requested',
        approvals: [],
      });
    case 'reject':
      return ok({ ...c, phase: 'rejected' });
    case 'close':
      return ok(purged(c));
    case 'expire':
      return notInForce(c.authorisation, 'requested', wallMs) === 'expired' ? ok(purged(c)) : err('not-now');
  }
}

function approved(
  c: HandoverCase,
  of: string,
  by: string,
  wallMs: number,
): Result<HandoverCase, CaseRefusal> {
  if (by === c.createdBy || by === c.reviewedBy || c.approvals.some((each) => each.by === by)) {
    return err('same-person');
  }
  if (of !== approvalDigest(c)) return err('other-bytes');
  const approvals: Approval[] = [...c.approvals, { by, at: isoTime(wallMs), of }];
  const done = c.authorisation.running ? 'running' : 'approved';
  return ok({ ...c, approvals, phase: approvals.length >= approvalsNeeded ? done : c.phase });
}

/** An LIID is approved as it is ordered and never frozen; what is stored is approved as it is sealed. */
function fits({ do: step }: CaseCommand, c: HandoverCase): boolean {
  if (c.authorisation.running) return step !== 'freeze' && step !== 'review';
  return step !== 'approve' || c.phase === 'sealed';
}

const always: ReadonlySet<CaseCommand['do']> = new Set(['reject', 'close', 'suspend', 'delivered', 'expire']);

function withoutSplits({ splits: _, ...c }: HandoverCase): HandoverCase {
  return c;
}

/** Closed: selectors and salt are gone, their digest stays. TS 103 707 D.4 */
function purged(c: HandoverCase): HandoverCase {
  const { hash, liid: _, levels: __, nextLevels: ___, splits: ____, ...rest } = c;
  return {
    ...rest,
    ...(hash && { hash: { algorithm: hash.algorithm, construct: hash.construct, digest: hash.digest } }),
    authorisation: { ...c.authorisation, selectors: [] },
    phase: 'closed',
  };
}
