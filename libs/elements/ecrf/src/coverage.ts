import {
  BoundaryIndex,
  type BoundaryGeometry,
  type CivicAddress,
  type ServiceBoundary,
  centroidOf,
} from '@esinet/location';
import type { LostLocation } from '@esinet/lost';
import { type BoundarySource, type LoadProblem, loadBoundaries } from './load-boundaries.js';
import { normalServiceUrn } from './service-urn.js';

/** Where another LoST server is responsible for a service (RFC 5582 section 7.1). */
export interface CoverageRegion {
  readonly id: string;
  /** LoST name of that server, lower case (RFC 5222 section 4). */
  readonly server: string;
  readonly serviceUrn: string;
  readonly geometry?: BoundaryGeometry;
  /** Alternatives: all addresses that have the elements of one of them. */
  readonly civic?: readonly CivicAddress[];
  /** Wall milliseconds. */
  readonly lastUpdated?: number;
  readonly effective?: number;
  readonly expires?: number;
}

export interface ReadCoverage {
  readonly regions: readonly CoverageRegion[];
  readonly problems: readonly LoadProblem[];
}

/** RFC 5222 section 15, the pattern of an application unique string. */
const SERVER_NAME = /^([a-z0-9-]{1,63}\.){1,31}[a-z0-9]{1,63}$/;
/** Stands in for the service URI that a region has none of, so that its geometry is checked like any boundary's. */
const SCHEME = 'lost:';

/** The LoST name in `text`, lower case; undefined where it is none. */
export function lostName(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const name = text.trim().toLowerCase();
  return name.length <= 253 && SERVER_NAME.test(name) ? name : undefined;
}

/**
 * Regions of a GeoJSON FeatureCollection: NGUID, ServiceURN, LostServer (or `server` for all of them) and a geometry,
 * checked like boundaries. What is usable is taken and the rest listed.
 */
export function readCoverage(sources: readonly BoundarySource[], server?: string): ReadCoverage {
  const problems: LoadProblem[] = [];
  const loaded = loadBoundaries(
    sources.map((source) => ({ ...source, geojson: withServiceUri(source, server, problems) })),
  );
  return {
    regions: loaded.boundaries.map(({ boundary, lastUpdated }) => ({
      id: boundary.id,
      server: boundary.serviceUri.slice(SCHEME.length),
      serviceUrn: normalServiceUrn(boundary.serviceUrn),
      geometry: boundary.geometry,
      lastUpdated,
      ...(boundary.effective === undefined ? {} : { effective: boundary.effective }),
      ...(boundary.expires === undefined ? {} : { expires: boundary.expires }),
    })),
    problems: [...problems, ...loaded.problems],
  };
}

function withServiceUri(
  source: BoundarySource,
  server: string | undefined,
  problems: LoadProblem[],
): unknown {
  const { geojson } = source;
  if (!isRecord(geojson) || !Array.isArray(geojson['features'])) return geojson;
  const features = geojson['features'].flatMap((feature: unknown, index): unknown[] => {
    if (!isRecord(feature) || !isRecord(feature['properties'])) return [feature];
    const { properties } = feature;
    const name = lostName(server ?? properties['LostServer']);
    if (name === undefined) {
      const id = typeof properties['NGUID'] === 'string' ? properties['NGUID'] : `#${index}`;
      const message = 'LostServer is not the name of a LoST server such as ecrf.example.net';
      problems.push({ source: source.name, feature: id, code: 'bad-lost-server', message });
      return [];
    }
    return [{ ...feature, properties: { ...properties, ServiceURI: SCHEME + name } }];
  });
  return { ...geojson, features };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All regions of others known here, by service. Immutable: what is learnt makes a new one. */
export class Coverage {
  readonly services: readonly string[];
  readonly #byService = new Map<string, { index: BoundaryIndex; regions: Map<string, CoverageRegion> }>();
  readonly #civic: readonly CoverageRegion[];

  constructor(readonly regions: readonly CoverageRegion[]) {
    const geodetic = new Map<string, Map<string, CoverageRegion>>();
    for (const region of regions) {
      if (!region.geometry) continue;
      const of = geodetic.get(region.serviceUrn) ?? new Map<string, CoverageRegion>();
      of.set(region.id, region);
      geodetic.set(region.serviceUrn, of);
    }
    for (const [urn, of] of geodetic) {
      this.#byService.set(urn, {
        index: new BoundaryIndex([...of.values()].flatMap(boundaryOf)),
        regions: of,
      });
    }
    this.#civic = regions.filter((region) => region.civic !== undefined);
    this.services = [...new Set(regions.map((region) => region.serviceUrn))];
  }

  /**
   * Servers responsible for a service at a location, each once. Several where regions overlap (RFC 5582 section 7.3);
   * of civic regions those that name most elements of the address (section 7.1, longest match).
   */
  serversFor(urn: string, location: LostLocation, now: number): string[] {
    const regions = location.civic
      ? this.#civicRegions(urn, location.civic, now)
      : this.#geodeticRegions(urn, location, now);
    return [...new Set(regions.map((region) => region.server))];
  }

  isInForce(now: number): boolean {
    return this.regions.some((region) => inForce(region, now));
  }

  #geodeticRegions(urn: string, { shape }: LostLocation, now: number): CoverageRegion[] {
    const of = this.#byService.get(urn);
    if (!of || !shape) return [];
    const covering = shape.type === 'point' ? [] : of.index.covering(shape).map((c) => c.boundary);
    const found = covering.length > 0 ? covering : of.index.at(centroidOf(shape));
    return found.flatMap(({ id }) => of.regions.get(id) ?? []).filter((region) => inForce(region, now));
  }

  #civicRegions(urn: string, address: CivicAddress, now: number): CoverageRegion[] {
    let best: CoverageRegion[] = [];
    let most = 0;
    for (const region of this.#civic) {
      if (region.serviceUrn !== urn || !inForce(region, now)) continue;
      for (const match of region.civic ?? []) {
        if (match.elements.length < most || !matches(address, match)) continue;
        if (match.elements.length > most) best = [];
        most = match.elements.length;
        best.push(region);
      }
    }
    return best;
  }
}

/** RFC 5222 section 12.3: an address lies within if it has every element named, with that value. */
export function matches(address: CivicAddress, match: CivicAddress): boolean {
  return (
    match.elements.length > 0 &&
    match.elements.every(({ name, value }) => {
      const given = address.elements.find((e) => e.name === name)?.value;
      return given !== undefined && folded(given) === folded(value);
    })
  );
}

function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}

function inForce(region: CoverageRegion, now: number): boolean {
  return (region.effective ?? -Infinity) <= now && now < (region.expires ?? Infinity);
}

function boundaryOf(region: CoverageRegion): ServiceBoundary[] {
  const { id, server, serviceUrn, geometry } = region;
  return geometry ? [{ id, serviceUri: SCHEME + server, serviceUrn, displayName: server, geometry }] : [];
}
