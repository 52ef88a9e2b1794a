import { createHash } from 'node:crypto';
import type { Clock } from '@esinet/kernel';
import { type Mapping, deletionOf, isDeletion } from '@esinet/lost';
import type { Records } from '@esinet/platform';
import { isCurrent } from './foreign-mappings.js';

/** A mapping learnt from a peer, or that there is none any more. */
export interface LearntMapping {
  readonly mapping: Mapping;
  /** Name of the peer. */
  readonly peer: string;
}

export interface Applied {
  /** Mappings that are new, newer, or gone. */
  readonly changes: readonly LearntMapping[];
  /** RFC 6739 section 5.2: deletions of what is not there. */
  readonly notDeleted: readonly Mapping[];
}

export interface MappingBaseLimits {
  /** Mappings and memories of deleted ones. */
  readonly entries: number;
  /** Positions of all their boundaries. */
  readonly positions: number;
  /** How long it is remembered that a mapping was deleted. Milliseconds. */
  readonly deletedMs: number;
}

const COLLECTION = 'ecrf.lost-sync';

/**
 * What was learnt by LoST-Sync, by source and sourceId (RFC 6739 section 5.2): the newer takes the place of the older, a
 * deletion is remembered so that what comes round by another way does not bring it back. Durable before it counts.
 */
export class MappingBase {
  readonly #known = new Map<string, LearntMapping>();
  #positions = 0;

  constructor(
    private readonly records: Records,
    private readonly clock: Clock,
    private readonly limits: MappingBaseLimits,
  ) {}

  /** Reads what was stored; what `isAllowed` refuses, a peer that may not any more, stays out. */
  async load(isAllowed: (learnt: LearntMapping) => boolean): Promise<number> {
    const now = this.clock.wall();
    for (let after: string | undefined; ;) {
      const page = await this.records.list(COLLECTION, { limit: 200, ...(after ? { after } : {}) });
      for (const { value } of page) {
        if (isLearnt(value) && isAllowed(value) && this.#isWorthKeeping(value.mapping, now)) this.#set(value);
      }
      after = page.at(-1)?.key;
      if (page.length === 0 || after === undefined) return this.#known.size;
    }
  }

  get(source: string, sourceId: string): LearntMapping | undefined {
    return this.#known.get(keyOf({ source, sourceId }));
  }

  /** Everything in force. */
  current(): LearntMapping[] {
    const now = this.clock.wall();
    return [...this.#known.values()].filter(({ mapping }) => !isDeletion(mapping) && isCurrent(mapping, now));
  }

  /** Mappings and deletions, for fingerprints. */
  all(): LearntMapping[] {
    return [...this.#known.values()];
  }

  /** What mappings of a peer would change. Undefined: there is no room. */
  plan(mappings: readonly Mapping[], peer: string): Applied | undefined {
    const now = this.clock.wall();
    const changes = new Map<string, LearntMapping>();
    const notDeleted: Mapping[] = [];
    for (const mapping of mappings) {
      const key = keyOf(mapping);
      const known = (changes.get(key) ?? this.#known.get(key))?.mapping;
      const isNewer = !known || Date.parse(mapping.lastUpdated) > Date.parse(known.lastUpdated);
      if (isDeletion(mapping)) {
        if (known && isDeletion(known)) continue;
        const isSame = known && Date.parse(mapping.lastUpdated) === Date.parse(known.lastUpdated);
        if (!known || (!isNewer && !isSame)) notDeleted.push(mapping);
        else changes.set(key, { mapping: deletionOf(mapping, mapping.lastUpdated), peer });
      } else if (isNewer && isCurrent(mapping, now)) {
        changes.set(key, { mapping, peer });
      }
    }
    const more = [...changes].filter(([key]) => !this.#known.has(key)).length;
    const positions = [...changes.values()].reduce((sum, { mapping }) => sum + positionsOf(mapping), 0);
    if (more > 0 && this.#known.size + more > this.limits.entries) this.#purge(now);
    const hasRoom =
      this.#known.size + more <= this.limits.entries && this.#positions + positions <= this.limits.positions;
    return hasRoom ? { changes: [...changes.values()], notDeleted } : undefined;
  }

  /** Writes changes down. @throws RecordsError: then nothing may be committed */
  async store(changes: readonly LearntMapping[]): Promise<void> {
    for (const learnt of changes) {
      await this.records.put(COLLECTION, shortKey(keyOf(learnt.mapping)), learnt);
    }
  }

  commit(changes: readonly LearntMapping[]): void {
    for (const learnt of changes) this.#set(learnt);
  }

  #set(learnt: LearntMapping): void {
    const key = keyOf(learnt.mapping);
    const known = this.#known.get(key);
    if (known) this.#positions -= positionsOf(known.mapping);
    this.#known.delete(key);
    this.#known.set(key, learnt);
    this.#positions += positionsOf(learnt.mapping);
  }

  #purge(now: number): void {
    for (const [key, { mapping }] of this.#known) {
      if (this.#isWorthKeeping(mapping, now)) continue;
      this.#known.delete(key);
      this.#positions -= positionsOf(mapping);
    }
  }

  #isWorthKeeping(mapping: Mapping, now: number): boolean {
    return isDeletion(mapping)
      ? now - Date.parse(mapping.lastUpdated) < this.limits.deletedMs
      : isCurrent(mapping, now);
  }
}

/** Server names compare without case. */
export function keyOf(f: { readonly source: string; readonly sourceId: string }): string {
  return JSON.stringify([f.source.toLowerCase(), f.sourceId]);
}

/** The same in a form and length that is a key of records. */
export function shortKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export function positionsOf({ serviceBoundary = [], civicBoundary = [] }: Mapping): number {
  return serviceBoundary.reduce(
    (sum, shape) =>
      sum + (shape.type === 'polygon' ? shape.rings.reduce((n, ring) => n + ring.length, 0) : 1),
    1 + civicBoundary.length,
  );
}

function isLearnt(value: unknown): value is LearntMapping {
  return (
    typeof value === 'object' &&
    value !== null &&
    'mapping' in value &&
    'peer' in value &&
    value.mapping !== null
  );
}
