import {
  type BoundaryGeometry,
  BoundaryIndex,
  type CivicAddress,
  type ServiceBoundary,
  type Shape,
  centroidOf,
  shapeToPolygon,
} from '@esinet/location';
import type { LostLocation, Mapping } from '@esinet/lost';
import { matches } from '../coverage.js';
import { normalServiceUrn } from '../service-urn.js';

interface Layer {
  readonly index: BoundaryIndex;
  readonly byId: ReadonlyMap<string, Mapping>;
}

/** Mappings of other servers that are answered here as they came (RFC 5222 section 5.1). Immutable. */
export class ForeignMappings {
  readonly services: readonly string[];
  readonly #layers = new Map<string, Layer>();
  readonly #civic: readonly { readonly urn: string; readonly mapping: Mapping }[];

  constructor(readonly mappings: readonly Mapping[]) {
    const byService = new Map<string, Map<string, Mapping>>();
    for (const mapping of mappings) {
      const urn = normalServiceUrn(mapping.service);
      const of = byService.get(urn) ?? new Map<string, Mapping>();
      of.set(`${mapping.source} ${mapping.sourceId}`, mapping);
      byService.set(urn, of);
    }
    for (const [urn, byId] of byService) {
      const boundaries = [...byId].flatMap(([id, mapping]) => boundaryOf(id, urn, mapping.serviceBoundary));
      this.#layers.set(urn, { index: new BoundaryIndex(boundaries), byId });
    }
    this.services = [...byService.keys()];
    this.#civic = mappings
      .filter((mapping) => mapping.civicBoundary !== undefined)
      .map((mapping) => ({ urn: normalServiceUrn(mapping.service), mapping }));
  }

  /** The mapping of a service that holds a location; of an area the one that has the most of it. */
  find(urn: string, location: LostLocation, now: number): Mapping | undefined {
    if (location.civic) return this.#byAddress(urn, location.civic, now);
    const layer = this.#layers.get(urn);
    const { shape } = location;
    if (!layer || !shape) return undefined;
    const covering = shape.type === 'point' ? [] : layer.index.covering(shape).map((c) => c.boundary);
    const found = covering.length > 0 ? covering : layer.index.at(centroidOf(shape));
    return found.map(({ id }) => layer.byId.get(id)).find((m) => m !== undefined && isCurrent(m, now));
  }

  #byAddress(urn: string, address: CivicAddress, now: number): Mapping | undefined {
    let best: Mapping | undefined;
    let most = 0;
    for (const { urn: service, mapping } of this.#civic) {
      if (service !== urn || !isCurrent(mapping, now)) continue;
      for (const match of mapping.civicBoundary ?? []) {
        if (match.elements.length <= most || !matches(address, match)) continue;
        most = match.elements.length;
        best = mapping;
      }
    }
    return best;
  }
}

/** RFC 5222 section 5.2; a mapping that nobody may keep is none here. */
export function expiryOf(mapping: Mapping): number {
  if (mapping.expires === 'NO-EXPIRATION') return Infinity;
  const at = Date.parse(mapping.expires);
  return Number.isNaN(at) ? -Infinity : at;
}

export function isCurrent(mapping: Mapping, now: number): boolean {
  return now < expiryOf(mapping);
}

/** The shapes of a mapping, together. */
export function geometryOf(shapes: readonly Shape[] | undefined): BoundaryGeometry | undefined {
  const coordinates = (shapes ?? []).flatMap((s) => (s.type === 'point' ? [] : [shapeToPolygon(s)]));
  return coordinates.length > 0 ? { type: 'MultiPolygon', coordinates } : undefined;
}

function boundaryOf(id: string, serviceUrn: string, shapes: readonly Shape[] | undefined): ServiceBoundary[] {
  const geometry = geometryOf(shapes);
  return geometry ? [{ id, serviceUri: '', serviceUrn, displayName: '', geometry }] : [];
}
