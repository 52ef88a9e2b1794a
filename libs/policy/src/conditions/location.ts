import {
  type BoundaryGeometry,
  type Shape,
  isGmlShape,
  readGmlShape,
  readPresence,
  shapeToPolygon,
} from '@esinet/location';
import { type XmlElement, readXml } from '@esinet/xml';
import { areaOfGeometry } from '../area-index.js';
import { type ConditionKind, type Test, cost } from '../condition.js';
import { Fields } from '../fields.js';

/** Areas of one condition, and positions of one of them. */
const MAX_AREAS = 32;
const MAX_POSITIONS = 20_000;
/** A share that counts as all of it: arithmetic is not exact. */
const ALL = 1 - 1e-6;

const relations = ['intersects', 'within'] as const;

/**
 * NENA-STA-010 3.3.3.1.5: whether the location the call is routed by lies in one of these areas, a PIDF-LO or GML shape in
 * `lo`, or, of our own, a GeoJSON geometry in `geojson`. `relation` is of our own too: `within` asks for all of an
 * uncertain location, `intersects`, which is the default, for any of it.
 */
export const location: ConditionKind = {
  type: 'LocationCondition',
  read(fields) {
    const relation = fields.has('relation') ? fields.oneOf('relation', relations) : 'intersects';
    if (fields.raw('extension') !== undefined) fields.wrong('extension', 'is not supported');
    const listed = fields.list('location', MAX_AREAS);
    if (listed.length === 0 && !fields.has('location'))
      fields.wrong('location', 'is missing', 'a list of areas');
    const labels: string[] = [];
    const areas = listed.flatMap(({ value, path }) => {
      const area = Fields.of(value, path, fields.problems);
      if (!area) return [];
      labels.push(area.optionalText('label') ?? 'an area');
      return readArea(area) ?? [];
    });
    if (relation === undefined || areas.length === 0 || areas.length < listed.length) return undefined;
    return locationTest(relation, areas, labels);
  },
};

function locationTest(
  relation: (typeof relations)[number],
  geometries: readonly BoundaryGeometry[],
  labels: readonly string[],
): Test {
  const areas = geometries.map(areaOfGeometry);
  const keys = areas.map(({ key }) => key);
  const text = `location ${relation} ${labels.join(' or ')}`;
  const least = relation === 'within' ? ALL : Number.MIN_VALUE;
  return {
    text,
    // Two areas may have the same label.
    key: `${text} ${keys.join(' ')}`,
    cost: cost.area,
    areas,
    holds: (call) =>
      call.location === undefined
        ? 'the location of the call is not known as a shape'
        : keys.some((key) => call.shareOf(key) >= least),
  };
}

function readArea(fields: Fields): BoundaryGeometry | undefined {
  fields.optionalText('lang');
  const profile = fields.has('profile') ? fields.text('profile') : 'geodetic';
  if (profile !== undefined && !/^geodetic(-2d)?$/i.test(profile))
    fields.wrong('profile', 'is not supported', 'geodetic: calls are routed by shapes');
  const geojson = fields.raw('geojson');
  const lo =
    geojson === undefined ? fields.text('lo', 'a PIDF-LO or GML shape, or geojson instead') : undefined;
  fields.end();
  if (geojson !== undefined) return readGeojson(fields, geojson);
  if (lo === undefined) return undefined;
  const shapes = shapesOf(lo);
  if (typeof shapes === 'string') return fields.wrong('lo', shapes);
  return {
    type: 'MultiPolygon',
    coordinates: shapes.map((shape) => shapeToPolygon(shape)),
  };
}

function shapesOf(lo: string): readonly Shape[] | string {
  const xml = readXml(lo);
  if (!xml.ok) return `is no XML: ${xml.error.message}`;
  const shapes = isGmlShape(xml.value) ? [readGmlShape(xml.value)] : shapesInPresence(xml.value);
  const read: Shape[] = [];
  for (const shape of shapes) {
    if (!shape.ok) return `has a shape that cannot be read: ${shape.error.message}`;
    if (shape.value.type === 'point') return 'is a point, which has no area: give a circle or a polygon';
    read.push(shape.value);
  }
  return read.length === 0 ? 'has no shape' : read;
}

function shapesInPresence(root: XmlElement): ReturnType<typeof readGmlShape>[] {
  const presence = readPresence(root);
  if (!presence.ok) return [presence];
  return presence.value.shapes.map((value) => ({ ok: true, value }));
}

function readGeojson(fields: Fields, value: unknown): BoundaryGeometry | undefined {
  const geometry = value as { readonly type?: unknown; readonly coordinates?: unknown } | null;
  const wrong = (message: string): undefined =>
    fields.wrong('geojson', message, 'a Polygon or MultiPolygon of [longitude, latitude]');
  if (typeof value !== 'object' || geometry === null) return wrong('expected a GeoJSON geometry');
  const { type, coordinates } = geometry;
  if (type !== 'Polygon' && type !== 'MultiPolygon') return wrong('expected a Polygon or a MultiPolygon');
  const polygons = type === 'Polygon' ? [coordinates] : coordinates;
  if (!Array.isArray(polygons) || polygons.length === 0) return wrong('has no coordinates');
  let positions = 0;
  for (const polygon of polygons as unknown[]) {
    if (!Array.isArray(polygon) || polygon.length === 0) return wrong('has a polygon without rings');
    for (const ring of polygon as unknown[]) {
      if (!Array.isArray(ring) || ring.length < 4) return wrong('has a ring of fewer than four positions');
      positions += ring.length;
      if (positions > MAX_POSITIONS) return wrong(`has more than ${MAX_POSITIONS} positions`);
      if (!ring.every(isPosition)) return wrong('has a position that is no [longitude, latitude]');
      const [first, last] = [ring[0] as number[], ring.at(-1) as number[]];
      if (first[0] !== last[0] || first[1] !== last[1])
        return wrong('has a ring that does not end where it starts');
    }
  }
  return { type, coordinates } as BoundaryGeometry;
}

function isPosition(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [lon, lat] = value as unknown[];
  return typeof lon === 'number' && typeof lat === 'number' && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
}
