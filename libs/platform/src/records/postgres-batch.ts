import { type Fence, type WriteOutcome, fencedError } from './records.js';

/** One write with what is sent of it. */
export interface ReadyWrite {
  readonly kind: 'append' | 'put';
  readonly collection: string;
  readonly key: Buffer;
  readonly text: string;
}

/** What is stored together or not at all. */
export interface WriteGroup {
  readonly writes: readonly ReadyWrite[];
  readonly fence: Fence | undefined;
}

/** One row for each key of a batch, in the order of collections and keys: two that write the same keys wait for each other, and never in a circle. */
export interface BatchRow {
  readonly collection: string;
  readonly key: Buffer;
  readonly text: string;
  /** Also when the key is there; else only when it is not. */
  readonly overwrite: boolean;
  /** Number of its fence, from 1; 0 for none. */
  readonly fence: number;
}

export interface Batch {
  readonly rows: readonly BatchRow[];
  readonly fences: readonly Fence[];
  /** What each group is to be told, when the server has said which rows are new and which fences are in force (by their numbers, from 1). */
  readonly outcomes: (
    fresh: ReadonlySet<number>,
    inForce: ReadonlySet<number>,
  ) => (readonly WriteOutcome[] | Error)[];
}

/**
 * Says of one group after the other whether it may go into the batch. Rows are made one for each key before the server
 * has looked at the fences, so that a key must not be written under two.
 */
export function joinsBatch(): (group: WriteGroup) => boolean {
  const fenceOf = new Map<string, string>();
  return ({ writes, fence }) => {
    const own = fence ? fenceId(fence) : '';
    const ids = writes.map(idOf);
    if (ids.some((id) => (fenceOf.get(id) ?? own) !== own)) return false;
    for (const id of ids) fenceOf.set(id, own);
    return true;
  };
}

/** All that the groups, in their order, come to. */
export function batchOf(groups: readonly WriteGroup[]): Batch {
  const fences: Fence[] = [];
  const byFence = new Map<string, number>();
  const fenceOf = (fence: Fence | undefined): number => {
    if (!fence) return 0;
    const id = fenceId(fence);
    let number = byFence.get(id);
    if (number === undefined) {
      number = fences.push(fence);
      byFence.set(id, number);
    }
    return number;
  };
  const byKey = new Map<string, BatchRow>();
  for (const { writes, fence } of groups) {
    const number = fenceOf(fence);
    for (const write of writes) {
      const id = idOf(write);
      const before = byKey.get(id);
      // An append behind another write of this batch changes nothing, whatever the server has.
      if (before && write.kind === 'append') continue;
      const { collection, key, text, kind } = write;
      byKey.set(id, { collection, key, text, overwrite: kind === 'put', fence: number });
    }
  }
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  const rowOf = new Map(sorted.map(([id], i) => [id, i + 1]));
  return {
    rows: sorted.map(([, row]) => row),
    fences,
    outcomes: (fresh, inForce) => {
      const seen = new Set<string>();
      return groups.map(({ writes, fence }) => {
        if (fence && !inForce.has(fenceOf(fence))) return fencedError(fence);
        return writes.map((write): WriteOutcome => {
          const id = idOf(write);
          const first = !seen.has(id) && fresh.has(rowOf.get(id) ?? 0);
          seen.add(id);
          return write.kind === 'put' || first ? 'stored' : 'duplicate';
        });
      });
    },
  };
}

function idOf({ collection, key }: ReadyWrite): string {
  // As LevelDB's keys: '!' sorts before every character of a collection name.
  return `${collection}!${key.toString('latin1')}`;
}

function fenceId({ name, epoch }: Fence): string {
  return `${epoch} ${name}`;
}
