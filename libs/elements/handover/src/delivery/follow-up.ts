import type { HandoverCase } from '../model.js';
import { currentSeals } from './may-leave.js';
import type { NewEntry, OutboxEntry } from './outbox.js';

/** What an acknowledgement leads to. */
export interface FollowUp {
  /** Model B: the objects of the document, which may follow it now. TS 103 707 C.3 */
  readonly objects: readonly NewEntry[];
  /** Everything of the case was acknowledged. An LIID that runs has no such moment. */
  readonly isDone: boolean;
}

/** `known`: everything of the case in the outbox; `fresh`: ids that were acknowledged and may not be written so yet. */
export function followUp(
  c: HandoverCase,
  known: readonly OutboxEntry[],
  o: { readonly isModelB: boolean; readonly fresh?: Iterable<string> },
): FollowUp {
  const seals = currentSeals(c);
  const { authority } = c.authorisation;
  const there = new Set(known.map(({ id }) => id));
  const done = new Set(known.filter(({ state }) => state === 'delivered').map(({ id }) => id));
  for (const id of o.fresh ?? []) done.add(id);
  // Not only of this one: what a crash left out follows with the next.
  const acknowledged = o.isModelB ? seals.filter(({ id }) => done.has(id)) : [];
  const objects = acknowledged
    .flatMap((seal) => seal.objects)
    .filter(({ id }) => !there.has(id))
    .map(({ id, bytes }) => ({ authority, case: c.id, kind: 'object' as const, id, bytes }));
  const wanted = seals.flatMap((seal) => [seal.id, ...(o.isModelB ? seal.objects.map(({ id }) => id) : [])]);
  return { objects, isDone: c.phase === 'sending' && wanted.every((id) => done.has(id)) };
}
