import { isRecord } from '../check/gis-feature.js';
import { signedArea } from '../check/read-geometry.js';
import { polygonsOfRaw, type RawFeature } from './raw-feature.js';

export interface ConvertOptions {
  /** Names of properties: from, to. */
  readonly map?: ReadonlyMap<string, string>;
  /** Properties that get a value; `{Name}` in it is another property. */
  readonly set?: ReadonlyMap<string, string>;
  /** Exterior rings counter-clockwise, holes clockwise (RFC 7946 3.1.6). */
  readonly rewind?: boolean;
  /** Decimals of a degree. */
  readonly round?: number;
  readonly swapAxes?: boolean;
  readonly closeRings?: boolean;
}

export interface Converted {
  readonly features: readonly RawFeature[];
  /** Properties read under another name by themselves: from, to. */
  readonly renamed: ReadonlyMap<string, string>;
  /** NENA fields and in how many features each is missing. */
  readonly missing: ReadonlyMap<string, number>;
  /** Names in braces that some feature does not have. */
  readonly unknown: readonly string[];
}

/** Of the NENA GIS data model, those that an ECRF reads. */
export const nenaFields = ['NGUID', 'ServiceURI', 'ServiceURN', 'ServiceNum', 'DsplayName', 'Agency_ID'];
const optionalFields = ['Effective', 'Expire', 'Language'];
/** Names of older versions of the model, and of databases that write all in one case. */
const aliases = new Map([
  ['es_nguid', 'NGUID'],
  ['displayname', 'DsplayName'],
  ...[...nenaFields, ...optionalFields].map((name) => [name.toLowerCase(), name] as const),
]);

/** Features with their properties named and their rings put right as asked. */
export function convertFeatures(features: readonly RawFeature[], o: ConvertOptions): Converted {
  const renamed = new Map<string, string>();
  const missing = new Map<string, number>();
  const unknown = new Set<string>();
  const out = features.map((feature): RawFeature => {
    const properties: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(feature.properties)) {
      const asked = o.map?.get(name);
      const known = aliases.get(name.toLowerCase());
      const alias =
        known !== undefined && known !== name && feature.properties[known] === undefined ? known : undefined;
      if (asked === undefined && alias !== undefined) renamed.set(name, alias);
      put(properties, asked ?? alias ?? name, value);
    }
    for (const [name, template] of o.set ?? []) {
      const value = template.replace(/\{([^{}]+)\}/g, (_, key: string) => {
        const found = properties[key] ?? feature.properties[key];
        if (found === undefined || found === null) unknown.add(key);
        return found === undefined || found === null ? '' : String(found);
      });
      put(properties, name, value);
    }
    for (const name of nenaFields) {
      const value = properties[name];
      if (value === undefined || value === null || value === '')
        missing.set(name, (missing.get(name) ?? 0) + 1);
    }
    return { properties, geometry: geometryOf(feature, o) };
  });
  return { features: out, renamed, missing, unknown: [...unknown] };
}

/** Also where the name is one that objects have of themselves. */
function put(properties: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(properties, name, { value, enumerable: true, writable: true, configurable: true });
}

function geometryOf(feature: RawFeature, o: ConvertOptions): unknown {
  const { geometry } = feature;
  const type = isRecord(geometry) ? geometry['type'] : undefined;
  // What is no area stays what it is: the check tells.
  if (type !== 'Polygon' && type !== 'MultiPolygon') return geometry;
  if (!o.rewind && o.round === undefined && !o.swapAxes && !o.closeRings) return geometry;
  const polygons = polygonsOfRaw(feature).map((rings) => rings.map((ring, r) => ringOf(ring, r, o)));
  return type === 'Polygon' ? { type, coordinates: polygons[0] ?? [] } : { type, coordinates: polygons };
}

function ringOf(ring: readonly number[][], number: number, o: ConvertOptions): number[][] {
  let out = ring.map(([x = 0, y = 0]) => (o.swapAxes ? [y, x] : [x, y]));
  if (o.round !== undefined) {
    const unit = 10 ** o.round;
    out = out
      .map(([x = 0, y = 0]) => [Math.round(x * unit) / unit, Math.round(y * unit) / unit])
      .filter((p, i, all) => i === 0 || p[0] !== all[i - 1]?.[0] || p[1] !== all[i - 1]?.[1]);
  }
  const [first, last] = [out[0], out.at(-1)];
  if (o.closeRings && first && last && (first[0] !== last[0] || first[1] !== last[1])) out.push([...first]);
  if (o.rewind && signedArea(out) < 0 === (number === 0)) out.reverse();
  return out;
}

/** A FeatureCollection, one feature a line: messages can name the line, and versions can be compared. */
export function writeGeojson(
  features: readonly RawFeature[],
  about: Readonly<Record<string, unknown>>,
): string {
  const head = Object.entries(about).map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},`,
  );
  const lines = features.map(({ properties, geometry }) =>
    JSON.stringify({ type: 'Feature', properties, geometry }),
  );
  return `{"type":"FeatureCollection",${head.join('')}"features":[\n${lines.join(',\n')}\n]}\n`;
}
