import {
  type BoundaryAttributes,
  BoundaryIndex,
  type CivicAddress,
  type ServiceBoundary,
  type Shape,
  positionsOfRegion,
} from '@esinet/location';
import { type CivicLayer, type CivicLayerOptions, buildCivicLayer } from './civic-layer.js';
import { CivicScopes } from './civic-scopes.js';
import { type ServiceSet, SetPacker, keyOfRegion, regionOfKey } from './packed-set.js';
import { shapeOfRegion } from './served-shapes.js';

/** A boundary as it is served. */
export interface ServedBoundary {
  readonly boundary: BoundaryAttributes;
  /** RFC 5222 section 5.1: whose word the mapping is. */
  readonly source: string;
  /** Wall milliseconds of its last change. */
  readonly lastUpdated: number;
  /** In the order of its geometry; made anew whenever they are asked for. */
  readonly parts: readonly ServedPart[];
  readonly vertices: number;
  /** Its geometry is a MultiPolygon. */
  readonly isMulti: boolean;
  /** The polygon at a place in its geometry. */
  part(n: number): ServedPart | undefined;
}

/**
 * One polygon of a boundary, which is as much as a mapping tells of it. Several shapes in one serviceBoundary are parts
 * of the region to RFC 5222 section 5.5, and alternative descriptions of it to section 12.2: the one polygon around the
 * location is never wrong to a client that keeps it, whichever it reads. What it cannot conclude, it asks again.
 */
export interface ServedPart {
  /** RFC 5222 section 5.6. */
  readonly key: string;
  /** Made from the packed set when it is asked for. */
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

/** Which boundary an area of uncertainty belongs to (RFC 5222 section 12.2 leaves it to the server). */
export type UncertaintyPolicy = 'largest-share' | 'centroid' | 'all';

/** What the boundaries of one layer have in common. */
export interface LayerTraits {
  /** RFC 5222 section 5.1, where it is another than this server. */
  readonly source?: string | undefined;
  /** Where no boundary of the layer's services holds the location. */
  readonly defaultMapping?: DefaultMapping | undefined;
}

/** Everything a question is answered from. Immutable: new boundaries make new layers. */
export interface EcrfLayers {
  /** RFC 5222 section 4: the name of this server. */
  readonly source: string;
  readonly services: ReadonlyMap<string, BoundaryIndex<BoundaryAttributes>>;
  /** By NGUID. */
  readonly served: ReadonlyMap<string, ServedBoundary>;
  readonly byKey: { get(key: string): ServedPart | undefined };
  readonly civic: readonly CivicRule[];
  readonly civicData: CivicLayer | undefined;
  readonly civicScopes: CivicScopes;
  readonly defaultMapping: DefaultMapping | undefined;
  /** By service: of the first layer that has one. */
  readonly defaults: ReadonlyMap<string, DefaultMapping>;
  readonly uncertainty: UncertaintyPolicy;
  readonly expiresMs: number;
  readonly maxVerticesByValue: number;
  readonly nearestWithinMetres: number;
  /** Wall milliseconds at which some boundary comes into force or ends, ascending. */
  readonly changes: readonly number[];
  /** Wall milliseconds since when the default mapping stands. */
  readonly builtAt: number;
}

export interface LayersPolicy {
  readonly source: string;
  readonly civic?: readonly CivicRule[];
  readonly civicData?: CivicLayerOptions | undefined;
  readonly defaultMapping?: DefaultMapping | undefined;
  readonly layers?: readonly LayerTraits[];
  readonly uncertainty?: UncertaintyPolicy;
  readonly expiresMs: number;
  readonly maxVerticesByValue: number;
  readonly nearestWithinMetres?: number;
  readonly builtAt: number;
}

export interface LayersOptions extends LayersPolicy {
  readonly boundaries: readonly {
    readonly boundary: ServiceBoundary;
    readonly lastUpdated: number;
    readonly layer?: number;
  }[];
}

/** Packs the boundaries here and now; a large set is packed in a worker and given to `layersOf`. */
export function buildLayers(o: LayersOptions): EcrfLayers {
  const packer = new SetPacker(o.source);
  for (const { boundary, lastUpdated, layer } of o.boundaries) packer.add(boundary, lastUpdated, layer);
  return layersOf(packer.finish(), o);
}

/** Costs no more than a look at each boundary's attributes. */
export function layersOf(sets: readonly ServiceSet[], o: LayersPolicy): EcrfLayers {
  const services = new Map<string, BoundaryIndex<BoundaryAttributes>>();
  const served = new Map<string, ServedBoundary>();
  const changes = new Set<number>();
  const defaults = new Map<string, DefaultMapping>();
  for (const set of sets) {
    services.set(
      set.urn,
      new BoundaryIndex(
        set.boundaries.map((b) => b.boundary),
        set.packed,
      ),
    );
    set.boundaries.forEach(({ boundary, layer }, n) => {
      const traits = o.layers?.[layer];
      served.set(boundary.id, new PackedBoundary(set, n, traits?.source ?? o.source));
      if (boundary.effective !== undefined) changes.add(boundary.effective);
      if (boundary.expires !== undefined) changes.add(boundary.expires);
      if (traits?.defaultMapping && !defaults.has(set.urn)) defaults.set(set.urn, traits.defaultMapping);
    });
  }
  const civic = (o.civic ?? []).filter((rule) => served.has(rule.boundary));
  const civicData = o.civicData && buildCivicLayer(o.civicData, o.source, o.builtAt);
  for (const at of civicData?.changes ?? []) changes.add(at);
  return {
    source: o.source,
    services,
    served,
    byKey: { get: (key) => partOfKey(sets, key) },
    civic,
    civicData,
    civicScopes: CivicScopes.of(civicData, served, civic),
    defaultMapping: o.defaultMapping,
    defaults,
    uncertainty: o.uncertainty ?? 'largest-share',
    expiresMs: o.expiresMs,
    maxVerticesByValue: o.maxVerticesByValue,
    nearestWithinMetres: o.nearestWithinMetres ?? 0,
    changes: [...changes].sort((a, b) => a - b),
    builtAt: o.builtAt,
  };
}

export function isInForce(boundary: BoundaryAttributes, now: number): boolean {
  return (boundary.effective ?? -Infinity) <= now && now < (boundary.expires ?? Infinity);
}

class PackedBoundary implements ServedBoundary {
  readonly boundary: BoundaryAttributes;
  readonly lastUpdated: number;

  constructor(
    private readonly set: ServiceSet,
    private readonly place: number,
    readonly source: string,
  ) {
    const { boundary, lastUpdated } = set.boundaries[place]!;
    this.boundary = boundary;
    this.lastUpdated = lastUpdated;
  }

  get parts(): readonly ServedPart[] {
    const [first, end] = this.#regions();
    return Array.from({ length: end - first }, (_, n) => new PackedPart(this.set, first + n));
  }

  get vertices(): number {
    const [first, end] = this.#regions();
    let sum = 0;
    for (let region = first; region < end; region += 1) sum += positionsOfRegion(this.set.packed, region);
    return sum;
  }

  get isMulti(): boolean {
    return this.set.packed.multi[this.place] === 1;
  }

  part(n: number): ServedPart | undefined {
    const [first, end] = this.#regions();
    return n >= 0 && first + n < end ? new PackedPart(this.set, first + n) : undefined;
  }

  #regions(): [first: number, end: number] {
    const { firstRegion } = this.set.packed;
    return [firstRegion[this.place]!, firstRegion[this.place + 1]!];
  }
}

class PackedPart implements ServedPart {
  constructor(
    private readonly set: ServiceSet,
    private readonly region: number,
  ) {}

  get key(): string {
    return keyOfRegion(this.set, this.region);
  }

  get shape(): Shape {
    return shapeOfRegion(this.set, this.region);
  }

  get vertices(): number {
    return positionsOfRegion(this.set.packed, this.region);
  }
}

function partOfKey(sets: readonly ServiceSet[], key: string): ServedPart | undefined {
  for (const set of sets) {
    const region = regionOfKey(set, key);
    if (region !== undefined) return new PackedPart(set, region);
  }
  return undefined;
}
