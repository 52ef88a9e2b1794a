import type { Clock } from '@esinet/kernel';
import {
  BoundaryIndex,
  type Position,
  type ServiceBoundary,
  type Shape,
  shapeToPolygon,
} from '@esinet/location';
import type { Mapping } from '@esinet/lost';

/** What a mapping is needed for: the next hops of a service within a boundary. */
export interface CachedMapping {
  readonly uris: readonly string[];
  /** source and sourceId: names the boundary in events. */
  readonly boundaryId: string;
}

interface Entry extends CachedMapping {
  readonly service: string;
  /** Of what the server said; another one makes all that came with it before outdated. */
  readonly version: string;
  readonly index: BoundaryIndex;
  /** wall ms */
  readonly expires: number;
}

/** How much of an area must lie within a boundary for the boundary to answer for it. */
const wholeShare = 0.999;

/**
 * Mappings by service and the boundary they came with: good for every location inside until they expire (RFC 5222 8.3),
 * and for `staleMs` longer while the ECRF is away.
 */
export class MappingCache {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly o: { readonly maxEntries: number; readonly maxAgeMs: number; readonly staleMs: number },
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  find(service: string, shape: Shape, use: 'fresh' | 'stale'): CachedMapping | undefined {
    const now = this.clock.wall();
    const allowance = use === 'stale' ? this.o.staleMs : 0;
    for (const entry of [...this.#entries.values()].reverse()) {
      if (entry.service === service && entry.expires + allowance > now && covers(entry.index, shape))
        return entry;
    }
    return undefined;
  }

  remember(service: string, mapping: Mapping): void {
    const expires = this.#expiry(mapping.expires);
    if (expires === undefined || mapping.serviceBoundary === undefined) return;
    const polygons = mapping.serviceBoundary.flatMap(rings);
    if (polygons.length === 0) return;
    const id = boundaryId(mapping);
    const boundary: ServiceBoundary = {
      id,
      serviceUri: mapping.uris[0] ?? '',
      serviceUrn: service,
      displayName: '',
      geometry: { type: 'MultiPolygon', coordinates: polygons },
    };
    const version = JSON.stringify([mapping.lastUpdated, mapping.uris]);
    for (const [key, entry] of this.#entries) {
      const same = entry.service === service && entry.boundaryId === id;
      if (same && entry.version !== version) this.#entries.delete(key);
    }
    // A server may tell of each part of a boundary by itself (RFC 5222 12.2), under one sourceId.
    const key = `${service} ${id} ${JSON.stringify(polygons[0]?.[0]?.slice(0, 3))}`;
    // Taken out first, so that the newest stands last.
    this.#entries.delete(key);
    this.#entries.set(key, {
      service,
      version,
      uris: mapping.uris,
      boundaryId: id,
      expires,
      index: new BoundaryIndex([boundary]),
    });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.o.maxEntries) break;
      this.#entries.delete(oldest);
    }
  }

  /** RFC 5222 5.2 */
  #expiry(text: string): number | undefined {
    const now = this.clock.wall();
    const latest = now + this.o.maxAgeMs;
    if (text === 'NO-CACHE') return undefined;
    if (text === 'NO-EXPIRATION') return latest;
    const at = Date.parse(text);
    return Number.isNaN(at) || at <= now ? undefined : Math.min(at, latest);
  }
}

export function boundaryId(mapping: Pick<Mapping, 'source' | 'sourceId'>): string {
  return `${mapping.source}/${mapping.sourceId}`;
}

function covers(index: BoundaryIndex, shape: Shape): boolean {
  if (shape.type === 'point') return index.at(shape.position).length > 0;
  const [most] = index.covering(shape);
  return most !== undefined && most.share >= wholeShare;
}

function rings(shape: Shape): Position[][][] {
  return shape.type === 'point' ? [] : [shapeToPolygon(shape)];
}
