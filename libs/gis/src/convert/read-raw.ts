import { err, ok, type Result } from '@esinet/kernel';
import { isRecord } from '../check/gis-feature.js';
import { readGeometry } from '../check/read-geometry.js';
import { jsonFault, jsonOutline, MAX_JSON_DEPTH } from '../json-places.js';
import { readCsv } from './csv.js';
import { readKml } from './kml.js';
import type { RawFeature } from './raw-feature.js';

/** Decodes an object of a TopoJSON topology into GeoJSON features. */
export type DecodeTopology = (
  topology: unknown,
  object: unknown,
) => { readonly features: readonly unknown[] };

export interface RawInput {
  readonly features: readonly RawFeature[];
  /** Members of the collection that say whose it is. */
  readonly about: Readonly<Record<string, unknown>>;
}

export interface ReadRawOptions {
  /** The object of a TopoJSON file. */
  readonly object?: string;
  readonly decodeTopology?: DecodeTopology;
}

const transform = 'ogr2ogr -t_srs EPSG:4326 -lco RFC7946=YES out.geojson in.geojson';

/** What a file is by its first characters, where it is none that can be read here: a sentence with what to do. */
export function foreignFormat(file: string, text: string): string | undefined {
  const how = `ogr2ogr -t_srs EPSG:4326 -lco RFC7946=YES out.geojson ${file}`;
  if (text.startsWith('SQLite format 3'))
    return `this is a GeoPackage or another SQLite file. Convert it: ${how}`;
  if (text.startsWith('PK\u0003\u0004')) return 'this is a zip file (KMZ, zipped shapefile?). Unzip it first';
  if (/\.(shp|dbf|shx)$/i.test(file)) return `this is a shapefile. Convert it: ${how}`;
  if (text.startsWith('<') && /<(wfs:|gml:|ogr:)/.test(text.slice(0, 2_000)))
    return `this is GML. Convert it: ${how}`;
  return undefined;
}

/** Features of whatever people have: GeoJSON in every wrapping, TopoJSON, CSV with well-known text, KML. */
export function readRaw(file: string, text: string, o: ReadRawOptions): Result<RawInput, string> {
  const foreign = foreignFormat(file, text);
  if (foreign) return err(`${file}: ${foreign}`);
  const start = text.trimStart()[0] ?? '';
  if (start === '') return err(`${file}: the file is empty`);
  const read =
    start === '{' || start === '[' || start === '\u001e'
      ? readJsonForms(text, o)
      : start === '<'
        ? listed(readKml(text))
        : /[,;\t]/.test(text.slice(0, Math.max(0, text.indexOf('\n'))))
          ? listed(readCsv(text))
          : err<string>('this is none of GeoJSON, TopoJSON, CSV with well-known text, KML');
  if (!read.ok) return err(`${file}: ${read.error}`);
  const far = read.value.features.find(({ geometry }) => readGeometry(geometry).projected);
  if (far)
    return err(
      `${file}: the numbers look like metres of a projection, not like degrees. ${transformHint(file)}`,
    );
  return read;
}

function transformHint(file: string): string {
  return `Transform it first: ${transform.replace('in.geojson', file)}`;
}

function listed(features: Result<RawFeature[], string>): Result<RawInput, string> {
  return features.ok ? ok({ features: features.value, about: {} }) : features;
}

function readJsonForms(text: string, o: ReadRawOptions): Result<RawInput, string> {
  const { tooDeep } = jsonOutline(text);
  if (tooDeep)
    return err(`line ${tooDeep.line}, column ${tooDeep.column}: nested deeper than ${MAX_JSON_DEPTH} levels`);
  let json: unknown;
  try {
    json = JSON.parse(text) as unknown;
  } catch {
    const lines = readLines(text);
    if (lines) return ok({ features: lines, about: {} });
    const fault = jsonFault(text);
    return err(fault ? `line ${fault.line}, column ${fault.column}: not JSON: ${fault.message}` : 'not JSON');
  }
  if (!isRecord(json)) return err('it is JSON, but no GeoJSON');
  const crs = otherCrs(json);
  if (crs)
    return err(
      `its coordinate reference system is ${crs}, not WGS84 (EPSG:4326). Transform it first: ${transform}`,
    );
  if (json['type'] === 'Topology') return readTopology(json, o);
  const features = json['type'] === 'FeatureCollection' ? json['features'] : [json];
  if (!Array.isArray(features)) return err('its features are no list');
  const about = Object.fromEntries(
    ['properties', 'attribution', 'name'].flatMap((key) =>
      json['type'] === 'FeatureCollection' && json[key] !== undefined ? [[key, json[key]]] : [],
    ),
  );
  return ok({ features: (features as unknown[]).map(rawOf), about });
}

/** One feature a line (RFC 8142), as some tools export it. */
function readLines(text: string): RawFeature[] | undefined {
  const features: RawFeature[] = [];
  for (const line of text.split(/[\n\u001e]/)) {
    if (line.trim() === '') continue;
    try {
      const json: unknown = JSON.parse(line);
      if (!isRecord(json) || json['type'] !== 'Feature') return undefined;
      features.push(rawOf(json));
    } catch {
      return undefined;
    }
  }
  return features.length > 1 ? features : undefined;
}

function rawOf(json: unknown): RawFeature {
  if (!isRecord(json)) return { properties: {}, geometry: null };
  if (json['type'] !== 'Feature') return { properties: {}, geometry: json };
  const properties = isRecord(json['properties']) ? json['properties'] : {};
  const { id } = json;
  // So that --map id=NGUID and {id} find it.
  const named = (typeof id === 'string' || typeof id === 'number') && properties['id'] === undefined;
  return { properties: named ? { id, ...properties } : properties, geometry: json['geometry'] ?? null };
}

function otherCrs({ crs }: Readonly<Record<string, unknown>>): string | undefined {
  const properties = isRecord(crs) ? crs['properties'] : undefined;
  const name = isRecord(properties) ? properties['name'] : undefined;
  if (typeof name !== 'string' || /(CRS:?84|EPSG:(.*:)?4326|WGS ?84)$/i.test(name.trim())) return undefined;
  return name.slice(0, 80);
}

function readTopology(
  topology: Readonly<Record<string, unknown>>,
  o: ReadRawOptions,
): Result<RawInput, string> {
  const objects = isRecord(topology['objects']) ? topology['objects'] : {};
  const names = Object.keys(objects);
  const name = o.object ?? (names.length === 1 ? names[0] : undefined);
  if (!o.decodeTopology) return err('TopoJSON cannot be read here');
  if (name === undefined)
    return err(`a TopoJSON file with ${names.length} objects; choose one: --object ${names.join(' | ')}`);
  if (!Object.hasOwn(objects, name)) return err(`it has no object ${name}, but ${names.join(', ')}`);
  try {
    const decoded = o.decodeTopology(topology, objects[name]) as { features?: readonly unknown[] };
    return ok({ features: (decoded.features ?? [decoded]).map(rawOf), about: {} });
  } catch {
    return err('the TopoJSON is broken: its arcs do not fit its objects');
  }
}
