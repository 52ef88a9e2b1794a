import { isoTime } from '@esinet/kernel';
import { readBoundaries } from '@esinet/location';
import { dateOf, type GisFeature, type GisSource, isRecord, textOf } from './gis-feature.js';
import type { FeatureRef, IssueDraft } from './issue.js';
import { isIssueCode, type IssueCode } from './issue-catalogue.js';
import { flatRings, readGeometry } from './read-geometry.js';

export interface CheckedFeatures {
  readonly features: readonly GisFeature[];
  readonly issues: readonly IssueDraft[];
}

/** A geometry nothing is wrong with, to ask readBoundaries about properties alone. */
const anyGeometry = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ],
  ],
};

/** Services of RFC 5031 and its registry below `sos`. */
const registered = new Set(
  ['ambulance', 'animal-control', 'fire', 'gas', 'marine', 'mountain', 'physician', 'poison', 'police'].map(
    (name) => `urn:service:sos.${name}`,
  ),
);

/** Every feature of a file, each looked at by itself. `several`: features without NGUID are named with their file. */
export function checkFeatures(source: GisSource, several: boolean, now: number): CheckedFeatures {
  const { file, geojson, lines } = source;
  const whole: FeatureRef = { id: file, name: file, file };
  const listed =
    isRecord(geojson) && geojson['type'] === 'FeatureCollection' ? geojson['features'] : undefined;
  if (!Array.isArray(listed)) {
    const message = isRecord(geojson) ? kindOf(geojson) : 'it is not even an object';
    return { features: [], issues: [{ code: 'not-a-feature-collection', message, features: [whole] }] };
  }
  const crs = crsProblem(geojson as Readonly<Record<string, unknown>>);
  const issues: IssueDraft[] = crs ? [{ code: 'crs', message: crs, features: [whole] }] : [];
  const features: GisFeature[] = [];
  const projected: GisFeature[] = [];
  (listed as unknown[]).forEach((raw, index) => {
    const line = lines?.[index];
    const properties = isRecord(raw) && isRecord(raw['properties']) ? raw['properties'] : {};
    const id = textOf(properties, 'NGUID') ?? (several ? `${file}#${index}` : `#${index}`);
    const ref: FeatureRef = { id, name: nameOf(properties) ?? id, file, ...(line !== undefined && { line }) };
    const report = (code: IssueCode, message: string, more: Partial<IssueDraft> = {}): void => {
      issues.push({ code, message, features: [ref], ...more });
    };
    if (!isRecord(raw) || raw['type'] !== 'Feature') {
      report('not-a-feature', isRecord(raw) ? kindOf(raw) : 'an entry that is no object');
      return;
    }
    checkProperties(properties, now, report);
    const geometry = readGeometry(raw['geometry']);
    const feature: GisFeature = {
      ref,
      raw,
      properties,
      service: (textOf(properties, 'ServiceURN') ?? '').toLowerCase(),
      serviceUri: textOf(properties, 'ServiceURI') ?? '',
      effective: orElse(dateOf(properties, 'Effective'), -Infinity),
      expires: orElse(dateOf(properties, 'Expire'), Infinity),
      // Degrees of another system would be compared with what they are not.
      polygons: crs ? [] : geometry.polygons,
    };
    features.push(feature);
    if (geometry.projected) {
      projected.push(feature);
      return;
    }
    geometry.problems.forEach(({ code, message, at }, i) =>
      report(code, message, { mark: `${i}`, ...placed(at) }),
    );
    for (const [i, at] of flatRings(geometry.polygons).entries()) {
      report('empty-ring', 'all positions of a ring lie on one line', { mark: `${i}`, ...placed(at) });
    }
  });
  if (projected.length > 0 && !crs) {
    const message = `${count(projected.length, 'feature')} with numbers such as metres`;
    issues.unshift({ code: 'projected', message, features: projected.map(({ ref }) => ref) });
  }
  return { features, issues };
}

type Report = (code: IssueCode, message: string, more?: Partial<IssueDraft>) => void;

function checkProperties(properties: Readonly<Record<string, unknown>>, now: number, report: Report): void {
  const asked = readBoundaries({
    type: 'FeatureCollection',
    features: [{ type: 'Feature', properties, geometry: anyGeometry }],
  });
  const codes = new Set<string>();
  for (const { code, message } of asked.ok ? [] : asked.error) {
    codes.add(code);
    report(isIssueCode(code) ? code : 'refused-by-ecrf', message, { mark: message });
  }
  const shown = (name: string): string => JSON.stringify(properties[name]);
  if (!textOf(properties, 'ServiceNum')) report('missing-service-number', 'ServiceNum is missing');
  if (!textOf(properties, 'DsplayName')) report('missing-display-name', 'DsplayName is missing');
  if (!textOf(properties, 'Agency_ID')) report('missing-agency-id', 'Agency_ID is missing');
  const uri = textOf(properties, 'ServiceURI');
  if (uri && !codes.has('bad-service-uri') && !/^sips?:/i.test(uri))
    report('odd-service-uri', `ServiceURI is ${shown('ServiceURI')}`);
  const urn = textOf(properties, 'ServiceURN')?.toLowerCase();
  if (urn?.startsWith('urn:service:sos.') && !isRegistered(urn))
    report('unknown-service-urn', `ServiceURN is ${shown('ServiceURN')}`);
  const effective = dateOf(properties, 'Effective');
  const expires = dateOf(properties, 'Expire');
  if (expires <= now) report('expired', `expired ${isoTime(expires)}`);
  else if (effective > now) report('not-yet-effective', `effective from ${isoTime(effective)}`);
}

/** What stands below a registered service is its own business. */
function isRegistered(urn: string): boolean {
  return registered.has(urn) || [...registered].some((known) => urn.startsWith(`${known}.`));
}

function nameOf(properties: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of ['DsplayName', 'DisplayName', 'name', 'NAME', 'Name', 'Agency_ID']) {
    const text = textOf(properties, name);
    if (text) return text;
  }
  return undefined;
}

function placed(at: readonly [number, number] | undefined): Partial<IssueDraft> {
  if (!at) return {};
  return { place: { lon: at[0], lat: at[1] }, geometry: { type: 'Point', coordinates: at } };
}

function orElse(value: number, other: number): number {
  return Number.isNaN(value) ? other : value;
}

function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

function kindOf(thing: Readonly<Record<string, unknown>>): string {
  const { type } = thing;
  if (type === 'FeatureCollection') return 'its features are no list';
  return typeof type === 'string' ? `it is a ${type.slice(0, 40)}` : 'it has no type';
}

/** GeoJSON of 2008 could name another system; WGS84 in longitude and latitude is all there is since RFC 7946 (4). */
function crsProblem(collection: Readonly<Record<string, unknown>>): string | undefined {
  const { crs } = collection;
  if (crs === undefined || crs === null) return undefined;
  const properties = isRecord(crs) ? crs['properties'] : undefined;
  const name = isRecord(properties) ? properties['name'] : undefined;
  if (typeof name !== 'string') return 'its crs member names no system';
  if (/(CRS:?84|EPSG:(.*:)?4326|WGS ?84)$/i.test(name.trim())) return undefined;
  return `its crs is ${name.slice(0, 80)}`;
}
