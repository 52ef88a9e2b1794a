import { err, ok, type Result } from '@esinet/kernel';
import { type Extent, extentOf, findSwappedAxes } from './boundary-extent.js';
import { checkPolygon } from './check-polygon.js';
import type { BoundaryGeometry, BoundaryRing, ServiceBoundary } from './service-boundary.js';

export type BoundaryProblemCode =
  | 'not-a-feature-collection'
  | 'not-a-feature'
  | 'missing-nguid'
  | 'duplicate-nguid'
  | 'missing-service-uri'
  | 'bad-service-uri'
  | 'missing-service-urn'
  | 'bad-service-urn'
  | 'bad-service-number'
  | 'bad-date'
  | 'expires-before-effective'
  | 'empty-geometry'
  | 'geometry-type'
  | 'too-few-positions'
  | 'not-closed'
  | 'not-a-number'
  | 'out-of-range'
  | 'self-crossing'
  | 'hole-outside'
  | 'axes-swapped';

export interface BoundaryProblem {
  /** The NGUID, or `#` and the index of the feature where it has none. */
  readonly feature: string;
  readonly code: BoundaryProblemCode;
  readonly message: string;
}

/** Problems listed of one set; a set of this many is broken as a whole. */
export const MAX_BOUNDARY_PROBLEMS = 1_000;
/** Problems listed of one feature's geometry. */
const MAX_GEOMETRY_PROBLEMS = 8;

type Properties = Readonly<Record<string, unknown>>;
export type Report = (code: BoundaryProblemCode, message: string) => void;

/**
 * A GeoJSON FeatureCollection with the property names of the NENA GIS data model as service boundaries, or everything
 * that is wrong with it. All or nothing: a set with a hole in it would send calls to the default PSAP.
 */
export function readBoundaries(geojson: unknown): Result<ServiceBoundary[], BoundaryProblem[]> {
  const features = featuresOf(geojson);
  if (!features) return err([NO_COLLECTION]);
  const reader = new BoundaryReader();
  const boundaries = features.flatMap((feature) => reader.read(feature) ?? []);
  reader.finish();
  return reader.problems.length > 0 ? err([...reader.problems]) : ok(boundaries);
}

/** Said of what is no FeatureCollection. */
export const NO_COLLECTION: BoundaryProblem = {
  feature: '#',
  code: 'not-a-feature-collection',
  message: 'not a GeoJSON FeatureCollection with features',
};

/** Reads a set feature by feature, for sets that are too large to be there as a whole. */
export class BoundaryReader {
  readonly #problems: BoundaryProblem[] = [];
  readonly #warnings: BoundaryProblem[] = [];
  readonly #ids = new Set<string>();
  readonly #extents: { id: string; extent: Extent }[] = [];
  #count = 0;

  /** The first ones. */
  get problems(): readonly BoundaryProblem[] {
    return this.#problems;
  }

  /** What is odd with boundaries that are used all the same: small loops where a ring crosses itself. The first ones. */
  get warnings(): readonly BoundaryProblem[] {
    return this.#warnings;
  }

  /** The next feature of the set as a boundary; undefined where something is wrong with it, which `problems` tell. */
  read(feature: unknown): ServiceBoundary | undefined {
    const index = this.#count;
    this.#count += 1;
    const nguid =
      isRecord(feature) && isRecord(feature['properties']) ? text(feature['properties'], 'NGUID') : undefined;
    const name = nguid ?? `#${index}`;
    let broken = false;
    const report: Report = (code, message) => {
      broken = true;
      if (this.#problems.length < MAX_BOUNDARY_PROBLEMS)
        this.#problems.push({ feature: name, code, message });
    };
    const warn: Report = (code, message) => {
      if (this.#warnings.length < MAX_BOUNDARY_PROBLEMS)
        this.#warnings.push({ feature: name, code, message });
    };
    if (nguid !== undefined && this.#ids.has(nguid))
      report('duplicate-nguid', 'this NGUID is on an earlier feature too');
    if (nguid !== undefined) this.#ids.add(nguid);
    const boundary = readFeature(feature, nguid, report, warn);
    if (broken || !boundary) return undefined;
    this.#extents.push({ id: boundary.id, extent: extentOf(boundary) });
    return boundary;
  }

  /** What only the whole set shows: NGUIDs of boundaries that were read and are not to be used. */
  finish(): ReadonlySet<string> {
    const swapped = new Set<string>();
    for (;;) {
      const found = findSwappedAxes(this.#extents.filter(({ id }) => !swapped.has(id)));
      if (found.length === 0) return swapped;
      for (const id of found) {
        swapped.add(id);
        const message = 'lies far from all others, and among them if longitude and latitude are exchanged';
        this.#problems.push({ feature: id, code: 'axes-swapped', message });
      }
    }
  }
}

function featuresOf(geojson: unknown): readonly unknown[] | undefined {
  if (!isRecord(geojson) || geojson['type'] !== 'FeatureCollection') return undefined;
  const features = geojson['features'];
  return Array.isArray(features) ? features : undefined;
}

function readFeature(
  feature: unknown,
  nguid: string | undefined,
  report: Report,
  warn: Report,
): ServiceBoundary | undefined {
  if (!isRecord(feature) || feature['type'] !== 'Feature') {
    report('not-a-feature', 'not a GeoJSON Feature');
    return undefined;
  }
  const properties: Properties = isRecord(feature['properties']) ? feature['properties'] : {};
  if (nguid === undefined) report('missing-nguid', 'NGUID is missing');
  const serviceUri = text(properties, 'ServiceURI');
  if (serviceUri === undefined) report('missing-service-uri', 'ServiceURI is missing');
  else if (!isUri(serviceUri)) report('bad-service-uri', 'ServiceURI is not a URI with a scheme and a host');
  const serviceUrn = text(properties, 'ServiceURN');
  if (serviceUrn === undefined) report('missing-service-urn', 'ServiceURN is missing');
  else if (!isUrn(serviceUrn)) report('bad-service-urn', 'ServiceURN is not a URN such as urn:service:sos');
  const serviceNumber = text(properties, 'ServiceNum');
  if (serviceNumber !== undefined && !/^[0-9*#]{1,20}$/.test(serviceNumber)) {
    report('bad-service-number', 'ServiceNum is not a dial string (RFC 5222 5.7)');
  }
  const effective = date(properties, 'Effective', report);
  const expires = date(properties, 'Expire', report);
  if (effective !== undefined && expires !== undefined && expires <= effective) {
    report('expires-before-effective', 'Expire is not after Effective');
  }
  const geometry = readGeometry(feature['geometry'], report, warn);
  if (nguid === undefined || serviceUri === undefined || serviceUrn === undefined || !geometry)
    return undefined;
  const agencyId = text(properties, 'Agency_ID');
  const language = text(properties, 'Language');
  return {
    id: nguid,
    serviceUri,
    serviceUrn: serviceUrn.toLowerCase(),
    ...(serviceNumber !== undefined && { serviceNumber }),
    displayName: text(properties, 'DsplayName') ?? agencyId ?? nguid,
    ...(agencyId !== undefined && { agencyId }),
    ...(effective !== undefined && { effective }),
    ...(expires !== undefined && { expires }),
    geometry,
    ...(language !== undefined && { language }),
  };
}

function readGeometry(geometry: unknown, report: Report, warn: Report): BoundaryGeometry | undefined {
  if (!isRecord(geometry)) {
    report('empty-geometry', 'no geometry');
    return undefined;
  }
  const { type, coordinates } = geometry;
  if (type !== 'Polygon' && type !== 'MultiPolygon') {
    report('geometry-type', 'a boundary is a Polygon or a MultiPolygon');
    return undefined;
  }
  const polygons: unknown = type === 'Polygon' ? [coordinates] : coordinates;
  if (
    !Array.isArray(polygons) ||
    polygons.length === 0 ||
    polygons.some((p) => !Array.isArray(p) || p.length === 0)
  ) {
    report('empty-geometry', 'a geometry without rings');
    return undefined;
  }
  let problems = 0;
  const limited: Report = (code, message) => {
    problems += 1;
    if (problems <= MAX_GEOMETRY_PROBLEMS) report(code, message);
  };
  const read = (polygons as unknown[][]).map((rings, p) =>
    rings.flatMap((ring, r): BoundaryRing[] => {
      const checked = readRing(ring, `polygon ${p} ring ${r}`, limited);
      return checked ? [checked] : [];
    }),
  );
  if (problems === 0) read.forEach((rings, p) => checkPolygon(rings, `polygon ${p}`, limited, warn));
  if (problems > 0) return undefined;
  const [only] = read;
  return type === 'Polygon' && only
    ? { type, coordinates: only }
    : { type: 'MultiPolygon', coordinates: read };
}

function readRing(ring: unknown, where: string, report: Report): BoundaryRing | undefined {
  if (!Array.isArray(ring)) {
    report('empty-geometry', `${where} is not a list of positions`);
    return undefined;
  }
  for (const [i, p] of (ring as unknown[]).entries()) {
    const lon: unknown = Array.isArray(p) ? p[0] : undefined;
    const lat: unknown = Array.isArray(p) ? p[1] : undefined;
    if (
      typeof lon !== 'number' ||
      typeof lat !== 'number' ||
      !Number.isFinite(lon) ||
      !Number.isFinite(lat)
    ) {
      report('not-a-number', `${where} position ${i} is not two numbers`);
      return undefined;
    }
    if (Math.abs(lat) > 90 || Math.abs(lon) > 180) {
      const swapped = Math.abs(lon) <= 90 && Math.abs(lat) <= 180;
      report(
        swapped ? 'axes-swapped' : 'out-of-range',
        swapped
          ? `${where} position ${i} is in range only if longitude and latitude are exchanged`
          : `${where} position ${i} is beyond 180 or 90 degrees`,
      );
      return undefined;
    }
  }
  const positions = ring as BoundaryRing;
  const first = positions[0];
  const last = positions.at(-1);
  if (!first || !last || positions.length < 4) {
    report('too-few-positions', `${where} has fewer than four positions`);
    return undefined;
  }
  if (first[0] !== last[0] || first[1] !== last[1]) {
    report('not-closed', `${where} does not end where it starts`);
    return undefined;
  }
  return positions;
}

function text(properties: Properties, name: string): string | undefined {
  const value = properties[name];
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** An ISO date, or milliseconds as some GIS exports write it. */
function date(properties: Properties, name: string, report: Report): number | undefined {
  const value = properties[name];
  if (value === undefined || value === null || value === '') return undefined;
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isFinite(ms)) return ms;
  report('bad-date', `${name} is not a date`);
  return undefined;
}

function isUri(uri: string): boolean {
  if (!/^[A-Za-z][-A-Za-z0-9+.]*:[^\s<>"]+$/.test(uri)) return false;
  const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return true;
  const host = uri.slice(Math.max(uri.indexOf(':'), uri.lastIndexOf('@')) + 1);
  return /^[A-Za-z0-9[]/.test(host);
}

function isUrn(urn: string): boolean {
  return /^urn:[a-z0-9][-a-z0-9]{1,31}:[^\s<>"]+$/i.test(urn);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
