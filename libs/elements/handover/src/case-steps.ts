import { createHash } from 'node:crypto';
import { type Result, err, ok } from '@esinet/kernel';
import { notInForce } from './in-force.js';
import type { Approval, HandoverCase, Person, Role, Seal } from './model.js';

/** What a person or the element does to a case. */
export type CaseCommand =
  | { readonly do: 'freeze' }
  | { readonly do: 'review'; readonly seals: readonly Seal[] }
  | { readonly do: 'approve'; readonly of: string }
  | { readonly do: 'send' }
  | { readonly do: 'delivered' }
  | { readonly do: 'suspend' }
  | { readonly do: 'resume' }
  | { readonly do: 'reject' }
  | { readonly do: 'close' };

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
  delivered: undefined,
  suspend: 'approver',
  resume: 'approver',
  reject: 'approver',
  close: 'handover-clerk',
};

const from: Readonly<Record<CaseCommand['do'], readonly HandoverCase['phase'][]>> = {
  freeze: ['requested', 'in-review', 'sealed', 'approved', 'delivered'],
  review: ['in-review'],
  approve: ['sealed'],
  send: ['approved', 'sending'],
  delivered: ['sending'],
  suspend: ['requested', 'in-review', 'sealed', 'approved', 'sending'],
  resume: ['suspended'],
  reject: ['requested', 'in-review', 'sealed', 'approved', 'suspended'],
  close: ['requested', 'delivered', 'rejected', 'suspended', 'sealed', 'approved', 'in-review'],
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
  if (!from[command.do].includes(c.phase)) return err('not-now');
  // What ends a case is possible at any time; everything else only while there is an order for it.
  const ends = command.do === 'reject' || command.do === 'close' || command.do === 'suspend';
  const phase = command.do === 'resume' ? 'requested' : c.phase;
  if (!ends && notInForce(c.authorisation, phase, wallMs)) return err('not-in-force');
  switch (command.do) {
    case 'freeze':
      // A new snapshot, and whatever was approved before is void.
      return ok({ ...c, phase: 'in-review', approvals: [], seals: [] });
    case 'review':
      return ok({ ...c, phase: 'sealed', reviewedBy: by?.name ?? '', approvals: [], seals: command.seals });
    case 'approve':
      return approved(c, command.of, by?.name ?? '', wallMs);
    case 'send':
      return c.approvals.length >= approvalsNeeded &&
        c.approvals.every(({ of }) => of === sealsDigest(c.seals))
        ? ok({ ...c, phase: 'sending' })
        : err('other-bytes');
    case 'delivered':
      return ok({ ...c, phase: 'delivered' });
    case 'suspend':
      return ok({ ...c, phase: 'suspended' });
    case 'resume':
      // What had been approved before has to be looked at again.
      return ok({ ...c, phase: c.seals.length > 0 ? 'sealed' : 'requested', approvals: [] });
    case 'reject':
      return ok({ ...c, phase: 'rejected' });
    case 'close':
      return ok(purged(c));
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
  if (of !== sealsDigest(c.seals)) return err('other-bytes');
  const approvals: Approval[] = [...c.approvals, { by, at: new Date(wallMs).toISOString(), of }];
  return ok({ ...c, approvals, phase: approvals.length >= approvalsNeeded ? 'approved' : 'sealed' });
}

/** What an approval is for: every sealed document, its objects, and their order. */
export function sealsDigest(seals: readonly Seal[]): string {
  const hash = createHash('sha256');
  for (const { digest, objects } of seals) {
    hash.update(`${digest}\n`);
    for (const object of objects) hash.update(`${object.id} ${object.digest}\n`);
  }
  return hash.digest('hex');
}

/** Closed: selectors and salt are gone, their digest stays. TS 103 707 D.4 */
function purged(c: HandoverCase): HandoverCase {
  const { hash, ...rest } = c;
  return {
    ...rest,
    ...(hash && { hash: { algorithm: hash.algorithm, construct: hash.construct, digest: hash.digest } }),
    authorisation: { ...c.authorisation, selectors: [] },
    phase: 'closed',
  };
}
