import { approvalDigest } from '../approval-digest.js';
import type { OutboxEntry } from '../delivery/outbox.js';
import type { HandoverCase, Person } from '../model.js';

/** A case as people see it: with the digest that an approval is for, and without the salt. */
export function shownCase(c: HandoverCase, deliveries: readonly OutboxEntry[], by: Person): object {
  const { hash, authorisation, levels: _, nextLevels: __, liid, ...rest } = c;
  // Oversight needs to know that it was done in order, not about whom.
  const seesSelectors = by.roles.some((role) => role !== 'auditor' && role !== 'administrator');
  const { selectors, ...others } = authorisation;
  const count = (state: OutboxEntry['state']): number =>
    deliveries.filter((each) => each.state === state).length;
  return {
    ...rest,
    authorisation: { ...others, selectors: seesSelectors ? selectors : selectors.length },
    ...(hash && { hash: { algorithm: hash.algorithm, construct: hash.construct, digest: hash.digest } }),
    ...(liid && {
      // Of an LIID: whether a batch waits for its reviewer, and when it was not in force.
      liid: { batchWaits: liid.pending !== undefined, gaps: liid.gaps, suspendedAt: liid.suspendedAt },
    }),
    digest: approvalDigest(c),
    deliveries: { waiting: count('waiting'), delivered: count('delivered'), failed: count('failed') },
  };
}
