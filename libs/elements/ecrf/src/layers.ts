import { createHash } from 'node:crypto';
import {
  BoundaryIndex,
  type CivicAddress,
  type Position,
  type ServiceBoundary,
  type Shape,
} from '@esinet/location';
import { type CivicLayer, type CivicLayerOptions, CivicScopes, buildCivicLayer } from './civic-layer.js';
import { normalServiceUrn } from './service-urn.js';

/** A boundary as it is served. */
export interface ServedBoundary {
  readonly boundary: ServiceBoundary;
  /** Wall milliseconds of its last change. */
  readonly lastUpdated: number;
  /** In the order of its geometry. */
  readonly parts: readonly ServedPart[];
  readonly vertices: number;
}

/**
 * One polygon of a boundary, which is as much as a mapping tells of it. Several shapes in one serviceBoundary are parts
 * of the region to RFC 5222 section 5.5, and alternative descriptions of it to section 12.2: the one polygon around the
 * location is never wrong to a client that keeps it, whichever it reads. What it cannot conclude, it asks again.
 */
export interface ServedPart {
  /** RFC 5222 section 5.6. */
  readonly key: string;
  readonly shape: Shape;
  readonly vertices: number;
}

/** Civic addresses that belong to a boundary: all that have these elements with these values. */
export interface CivicRule {
  readonly match: CivicAddress;
  /** NGUID. */
  readonly boundary: string;
}

export interface DefaultMapping {
  readonly uri: string;
  readonly displayName: string;
}

/** Everything a question is answered from. Immutable: new boundaries make new layers. */
export interface EcrfLayers {
  /** RFC 5222 section 4: the name of this server. */
  readonly source: string;
  readonly services: ReadonlyMap<string, BoundaryIndex>;
  /** By NGUID. */
  readonly served: ReadonlyMap<string, ServedBoundary>;
  readonly byKey: ReadonlyMap<string, ServedPart>;
  readonly civic: readonly CivicRule[];
  readonly civicData: CivicLayer | undefined;
  readonly civicScopes: CivicScopes;
  readonly defaultMapping: DefaultMapping | undefined;
  readonly expiresMs: number;
  readonly maxVerticesByValue: number;
  readonly nearestWithinMetres: number;
  /** Wall milliseconds at which some boundary comes into force or ends, ascending. */
  readonly changes: readonly number[];
  /** Wall milliseconds since when the default mapping stands. */
  readonly builtAt: number;
}

export interface LayersOptions {
  readonly source: string;
  readonly boundaries: readonly { readonly boundary: ServiceBoundary; readonly lastUpdated: number }[];
  readonly civic?: readonly CivicRule[];
  readonly civicData?: CivicLayerOptions | undefined;
  readonly defaultMapping?: DefaultMapping | undefined;
  readonly expiresMs: number;
  readonly maxVerticesByValue: number;
  readonly nearestWithinMetres?: number;
  readonly builtAt: number;
}

export function buildLayers(o: LayersOptions): EcrfLayers {
  const byService = new Map<string, ServiceBoundary[]>();
  const served = new Map<string, ServedBoundary>();
  const byKey = new Map<string, ServedPart>();
  const changes = new Set<number>();
  for (const { boundary, lastUpdated } of o.boundaries) {
    const urn = normalServiceUrn(boundary.serviceUrn);
    const layer = byService.get(urn);
    if (layer) layer.push(boundary);
    else byService.set(urn, [boundary]);
    const parts = partsOf(o.source, boundary);
    const vertices = parts.reduce((sum, part) => sum + part.vertices, 0);
    served.set(boundary.id, { boundary, lastUpdated, parts, vertices });
    for (const part of parts) byKey.set(part.key, part);
    if (boundary.effective !== undefined) changes.add(boundary.effective);
    if (boundary.expires !== undefined) changes.add(boundary.expires);
  }
  const civic = (o.civic ?? []).filter((rule) => served.has(rule.boundary));
  const civicData = o.civicData && buildCivicLayer(o.civicData, o.builtAt);
  for (const at of civicData?.changes ?? []) changes.add(at);
  return {
    source: o.source,
    services: new Map([...byService].map(([urn, boundaries]) => [urn, new BoundaryIndex(boundaries)])),
    served,
    byKey,
    civic,
    civicData,
    civicScopes: new CivicScopes(civicData, served, civic),
    defaultMapping: o.defaultMapping,
    expiresMs: o.expiresMs,
    maxVerticesByValue: o.maxVerticesByValue,
    nearestWithinMetres: o.nearestWithinMetres ?? 0,
    changes: [...changes].sort((a, b) => a - b),
    builtAt: o.builtAt,
  };
}

export function isInForce(boundary: ServiceBoundary, now: number): boolean {
  return (boundary.effective ?? -Infinity) <= now && now < (boundary.expires ?? Infinity);
}

/**
 * RFC 5222 section 5.6: 128 bits, another key for another boundary. A digest of what it names instead of a drawn
 * number, so that every replica and every restart gives the same key and a client keeps what it has.
 */
function partKey(source: string, boundary: ServiceBoundary, shape: Shape): string {
  const content = JSON.stringify([source, boundary.id, shape]);
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}

function partsOf(source: string, boundary: ServiceBoundary): ServedPart[] {
  const { geometry } = boundary;
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((polygon) => {
    const rings = polygon.map((ring) => ring.map((p): Position => [p[0] ?? 0, p[1] ?? 0]));
    const shape: Shape = { type: 'polygon', rings };
    const vertices = rings.reduce((sum, ring) => sum + ring.length, 0);
    return { key: partKey(source, boundary, shape), shape, vertices };
  });
}
