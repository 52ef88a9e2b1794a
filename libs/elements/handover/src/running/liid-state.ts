import { createHash } from 'node:crypto';

/** How far an LIID has come. Stored with the seals of each batch in one write: nothing twice, nothing left out. */
export interface LiidState {
  /** The DeliveryID of everything under it. */
  readonly deliveryId: string;
  /** Marks of the messages that were sealed, by chat. */
  readonly done: Readonly<Record<string, readonly string[]>>;
  /** Times in which it was not in force: what was recorded then is nobody's. RFC 3339, half-open. */
  readonly gaps: readonly { readonly from: string; readonly until: string }[];
  /** Since when it is suspended, RFC 3339. */
  readonly suspendedAt?: string;
  /** What lies with the reviewer: marks by chat, and whether it is the last batch. */
  readonly pending?: { readonly marks: LiidState['done']; readonly isLast: boolean };
}

/** Tells the messages of one chat apart, in few characters: 96 bits of the digest of its key. */
export function markOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 16);
}

export function withMarks(done: LiidState['done'], marks: LiidState['done']): LiidState['done'] {
  const all: Record<string, readonly string[]> = { ...done };
  for (const [chat, own] of Object.entries(marks)) all[chat] = [...(all[chat] ?? []), ...own];
  return all;
}

/** The state of one that two people have approved, for the first time or again. */
export function startedOrResumed(
  state: LiidState | undefined,
  o: { readonly now: string; readonly uuid: () => string },
): LiidState {
  if (!state) return { deliveryId: o.uuid(), done: {}, gaps: [] };
  const { suspendedAt, ...rest } = state;
  if (suspendedAt === undefined) return state;
  return { ...rest, gaps: [...rest.gaps, { from: suspendedAt, until: o.now }] };
}
