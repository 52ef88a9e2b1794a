import type { Clock } from '@esinet/kernel';
import {
  BoundaryIndex,
  type Position,
  type ServiceBoundary,
  type Shape,
  shapeToPolygon,
} from '@esinet/location';
import type { FindServiceResponse, LostLocation, Mapping } from '@esinet/lost';
import { lostName, matches } from './coverage.js';
import { normalServiceUrn } from './service-urn.js';

export interface AnswerCacheLimits {
  readonly entries: number;
  /** Positions of all boundaries kept. */
  readonly positions: number;
  /** An answer is not used longer than this, whatever it says itself. Milliseconds. */
  readonly maxAgeMs: number;
  /** How long beyond its end an answer serves while its authority is away. Milliseconds. */
  readonly staleMs: number;
}

interface Entry {
  readonly service: string;
  /** The server our question went to: what it says counts where it is the one to ask, and nowhere else. */
  readonly asked: string;
  readonly answer: FindServiceResponse;
  readonly identity: string;
  readonly version: string;
  readonly index?: BoundaryIndex;
  readonly positions: number;
  /** Wall milliseconds. */
  readonly expires: number;
}

/** How much of an area must lie within a boundary for the boundary to answer for it. */
const WHOLE_SHARE = 0.999;

/**
 * Answers of other servers by service and the boundary they came with, with the path and the warnings of then (RFC 5222
 * sections 5.2 and 6): good for every location inside until they expire, and for a while longer if the authority is away.
 */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  #positions = 0;

  constructor(
    private readonly clock: Clock,
    private readonly limits: AnswerCacheLimits,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  find(
    service: string,
    location: LostLocation,
    servers: readonly string[],
    use: 'fresh' | 'stale',
  ): FindServiceResponse | undefined {
    const now = this.clock.wall();
    const allowance = use === 'stale' ? this.limits.staleMs : 0;
    const urn = normalServiceUrn(service);
    for (const entry of [...this.#entries.values()].reverse()) {
      if (entry.service !== urn || entry.expires + allowance <= now) continue;
      if (servers.includes(entry.asked) && holds(entry, location)) {
        return { ...entry.answer, locationUsed: location.id };
      }
    }
    return undefined;
  }

  /** Keeps an answer if it may be kept and its boundary holds the location that was asked for. */
  remember(service: string, location: LostLocation, asked: string, answer: FindServiceResponse): boolean {
    const [mapping] = answer.mappings;
    if (!mapping || answer.mappings.length > 1 || lostName(mapping.source) === undefined) return false;
    if (answer.warnings.some((w) => w.code !== 'serviceSubstitution')) return false;
    const expires = this.#expiry(mapping.expires);
    if (expires === undefined) return false;
    const kept = entryOf(normalServiceUrn(service), asked, mapping, answer, expires);
    if (!kept || !holds(kept, location) || kept.positions > this.limits.positions) return false;
    for (const [key, entry] of this.#entries) {
      if (entry.identity === kept.identity && entry.version !== kept.version) this.#drop(key);
    }
    const key = `${kept.identity} ${boundaryStart(mapping)}`;
    this.#drop(key);
    this.#entries.set(key, kept);
    this.#positions += kept.positions;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.limits.entries && this.#positions <= this.limits.positions) break;
      this.#drop(oldest);
    }
    return this.#entries.has(key);
  }

  #drop(key: string): void {
    this.#positions -= this.#entries.get(key)?.positions ?? 0;
    this.#entries.delete(key);
  }

  /** RFC 5222 section 5.2. */
  #expiry(text: string): number | undefined {
    const now = this.clock.wall();
    const latest = now + this.limits.maxAgeMs;
    if (text === 'NO-CACHE') return undefined;
    if (text === 'NO-EXPIRATION') return latest;
    const at = Date.parse(text);
    return Number.isNaN(at) || at <= now ? undefined : Math.min(at, latest);
  }
}

function entryOf(
  service: string,
  asked: string,
  mapping: Mapping,
  { locationValidation: _, ...answer }: FindServiceResponse,
  expires: number,
): Entry | undefined {
  const common = {
    service,
    asked,
    answer,
    identity: JSON.stringify([service, asked, mapping.source, mapping.sourceId]),
    version: JSON.stringify([mapping.lastUpdated, mapping.uris]),
    expires,
  };
  if (mapping.civicBoundary && mapping.civicBoundary.length > 0) return { ...common, positions: 1 };
  const polygons = (mapping.serviceBoundary ?? []).flatMap(ringsOf);
  if (polygons.length === 0) return undefined;
  const boundary: ServiceBoundary = {
    id: 'kept',
    serviceUri: '',
    serviceUrn: service,
    displayName: '',
    geometry: { type: 'MultiPolygon', coordinates: polygons },
  };
  const positions = polygons.flat().reduce((sum, ring) => sum + ring.length, 0);
  return { ...common, positions, index: new BoundaryIndex([boundary]) };
}

function holds(entry: Entry, { shape, civic }: LostLocation): boolean {
  if (civic) return (entry.answer.mappings[0]?.civicBoundary ?? []).some((match) => matches(civic, match));
  if (!shape || !entry.index) return false;
  if (shape.type === 'point') return entry.index.at(shape.position).length > 0;
  const [most] = entry.index.covering(shape);
  return most !== undefined && most.share >= WHOLE_SHARE;
}

/** A server may tell of each part of a boundary by itself (RFC 5222 section 12.2), under one sourceId. */
function boundaryStart({ serviceBoundary, civicBoundary }: Mapping): string {
  const [shape] = serviceBoundary ?? [];
  return JSON.stringify(shape?.type === 'polygon' ? shape.rings[0]?.slice(0, 3) : (shape ?? civicBoundary));
}

function ringsOf(shape: Shape): Position[][][] {
  return shape.type === 'point' ? [] : [shapeToPolygon(shape)];
}
