import { type Clock, isoTime } from '@esinet/kernel';
import { type Mapping, type MappingFingerprint, deletionOf, isDeletion } from '@esinet/lost';
import type { CoverageRegion } from '../coverage.js';
import type { EcrfLayers } from '../layers.js';
import { type MappingBase, keyOf, positionsOf } from './mapping-base.js';
import { type Announce, coverageMappings, ownMappings } from './own-mappings.js';
import type { SyncPeer } from './sync-peers.js';

export interface SyncSourceOptions {
  readonly announce: Announce;
  /** What this server says it is responsible for, instead of the boundaries it has. */
  readonly outline: readonly CoverageRegion[];
  readonly layers: () => EcrfLayers;
  /** Of the configuration. */
  readonly coverage: readonly CoverageRegion[];
  readonly base: MappingBase;
  readonly clock: Clock;
  /** Positions of the boundaries in one document; one mapping always goes. */
  readonly positions: number;
}

/** What this server gives by LoST-Sync (RFC 6739 sections 4.2 and 5.1). */
export class SyncSource {
  readonly #startedAt: number;

  constructor(private readonly o: SyncSourceOptions) {
    this.#startedAt = o.clock.wall();
  }

  /** All that a peer may have, as received where it was received (RFC 6739 section 8: never modified). */
  mappingsFor(peer: SyncPeer): Mapping[] {
    const { announce, outline, layers, coverage, base, clock } = this.o;
    if (peer.give === 'none') return [];
    const own =
      announce === 'coverage' && outline.length > 0
        ? coverageMappings(outline, this.#startedAt)
        : ownMappings(layers(), announce, clock.wall());
    if (peer.give === 'own') return own;
    const learnt = base.current().map(({ mapping }) => mapping);
    return [...own, ...coverageMappings(coverage, this.#startedAt), ...learnt];
  }

  /** Deletions learnt from others, for a peer that may have all. */
  #isDeleted(f: MappingFingerprint): boolean {
    const known = this.o.base.get(f.source, f.sourceId);
    return known !== undefined && isDeletion(known.mapping);
  }

  /**
   * The answer to a getMappingsRequest: what is missing or newer, and of what the peer has and nobody has any more the
   * deletion. As much as goes into one document; asking again with what was got brings the rest.
   */
  answerTo(peer: SyncPeer, exists: readonly MappingFingerprint[]): Mapping[] {
    const given = new Map(this.mappingsFor(peer).map((m) => [keyOf(m), m]));
    const has = new Map(exists.map((f) => [keyOf(f), f]));
    const wanted = [...given].flatMap(([key, mapping]): Mapping[] => {
      const known = has.get(key);
      const isNews = !known || Date.parse(mapping.lastUpdated) > Date.parse(known.lastUpdated);
      return isNews ? [mapping] : [];
    });
    const own = this.o.layers().source.toLowerCase();
    const now = isoTime(this.o.clock.wall());
    const gone = [...has]
      .filter(([key, f]) => !given.has(key) && (f.source.toLowerCase() === own || this.#isDeleted(f)))
      .map(([, f]) => deletionOf(f, now));
    return documentsOf([...gone, ...wanted], this.o.positions)[0] ?? [];
  }
}

/** Mappings in the order given, in documents of so many positions. */
export function documentsOf(mappings: readonly Mapping[], positions: number): Mapping[][] {
  const documents: Mapping[][] = [];
  let left = 0;
  for (const mapping of mappings) {
    const size = positionsOf(mapping);
    const open = documents.at(-1);
    if (open && size <= left) {
      open.push(mapping);
      left -= size;
    } else {
      documents.push([mapping]);
      left = positions - size;
    }
  }
  return documents;
}
