import { err, ok, type Result } from '@esinet/kernel';
import { attribute, type XmlElement } from '@esinet/xml';
import {
  readCoordinates,
  readNumber,
  readPos,
  readPosList,
  writeNumber,
  writePos,
} from './gml-coordinates.js';
import type { LocationError } from './location-error.js';
import type { Position, Shape } from './shape.js';

export const GML_NS = 'http://www.opengis.net/gml';
export const GML32_NS = 'http://www.opengis.net/gml/3.2';
/** The one of the examples of RFC 4119. */
const OLD_GML_NS = 'urn:opengis:specification:gml:schema-xsd:feature:v3.0';
/** Namespaces whose `Point` and `Polygon` mean the same. */
export const GML_NAMESPACES: readonly string[] = [GML_NS, GML32_NS, OLD_GML_NS];
/** The shapes of RFC 5491 that GML itself does not have. */
export const GEOSHAPE_NS = 'http://www.opengis.net/pidflo/1.0';

const SRS_NAME = 'urn:ogc:def:crs:EPSG::4326';
const METRE = 'urn:ogc:def:uom:EPSG::9001';
const DEGREE = 'urn:ogc:def:uom:EPSG::9102';

/** Half the way around the Earth, in metres: a longer radius says nothing. */
export const MAX_LENGTH_M = 20_037_508;
/** Positions of all rings of one polygon; RFC 5491 5.1 asks for at most 16 in real-time use. */
export const MAX_POLYGON_POSITIONS = 4_000;
const MAX_RINGS = 64;

/** Units seen in the field beside the ones RFC 5491 5 asks for, in metres. */
const LENGTH_UNITS: ReadonlyMap<string, number> = new Map([
  ['9001', 1],
  ['m', 1],
  ['metre', 1],
  ['meter', 1],
  ['metres', 1],
  ['meters', 1],
  ['9036', 1000],
  ['km', 1000],
  ['9002', 0.3048],
]);
/** In degrees. */
const ANGLE_UNITS: ReadonlyMap<string, number> = new Map([
  ['9102', 1],
  ['deg', 1],
  ['degree', 1],
  ['degrees', 1],
  ['9101', 180 / Math.PI],
  ['rad', 180 / Math.PI],
  ['radian', 180 / Math.PI],
  ['radians', 180 / Math.PI],
]);

type Read<T> = Result<T, LocationError>;
type Dimension = 2 | 3;

const wrong = (message: string): { ok: false; error: LocationError } => err({ code: 'shape', message });
const beyond = (message: string): { ok: false; error: LocationError } => err({ code: 'range', message });

// Inside of a shape local names are enough: senders mix up gml, gs, versions and cases, and mean the same.
const isNamed = (c: XmlElement, local: string): boolean =>
  c.local === local || (c.local.length === local.length && c.local.toLowerCase() === local.toLowerCase());
const named = (e: XmlElement, local: string): XmlElement[] => e.children.filter((c) => isNamed(c, local));
const first = (e: XmlElement, ...locals: string[]): XmlElement | undefined => {
  for (const local of locals) {
    for (const c of e.children) if (isNamed(c, local)) return c;
  }
  return undefined;
};

/** Whether an element is a shape of RFC 5491 by its name, whatever its content. */
export function isGmlShape(e: XmlElement): boolean {
  return (
    (e.uri === '' || e.uri === GEOSHAPE_NS || GML_NAMESPACES.includes(e.uri)) &&
    SHAPES.has(e.local.toLowerCase())
  );
}

/** RFC 5491 5.2. Three-dimensional shapes lose their height. Errors: 'shape', 'range', 'srs'. */
export function readGmlShape(e: XmlElement): Result<Shape, LocationError> {
  if (!isGmlShape(e)) return wrong('not a shape of RFC 5491');
  const dimension = readSrs(e);
  if (!dimension.ok) return dimension;
  return SHAPES.get(e.local.toLowerCase())?.(e, dimension.value) ?? wrong('not a shape of RFC 5491');
}

const SHAPES: ReadonlyMap<string, (e: XmlElement, d: Dimension) => Read<Shape>> = new Map([
  ['point', readPoint],
  ['circle', readCircle],
  ['sphere', readCircle],
  ['ellipse', readEllipse],
  ['ellipsoid', readEllipse],
  ['arcband', readArcBand],
  ['polygon', readPolygon],
  ['prism', readPrism],
]);

/**
 * The dimension of the reference system, which must be EPSG 4326 or 4979 in any of its spellings; a missing name
 * stands for 4326. Names on inner elements are looked at too: another system there would move the caller.
 */
function readSrs(e: XmlElement): Read<Dimension> {
  let dimension: Dimension = 2;
  const waiting: XmlElement[] = [e];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.children.length > 0) waiting.push(...next.children);
    if (next.attributes.size === 0) continue;
    const written = attribute(next, 'srsName');
    const name = written === SRS_NAME ? undefined : written?.trim().toLowerCase();
    if (name) {
      const code = name.slice(
        Math.max(name.lastIndexOf(':'), name.lastIndexOf('#'), name.lastIndexOf('/')) + 1,
      );
      if (!name.includes('epsg') || (code !== '4326' && code !== '4979')) {
        return err({ code: 'srs', message: 'a reference system other than EPSG 4326 and 4979' });
      }
      if (code === '4979') dimension = 3;
    }
    if (attribute(next, 'srsDimension')?.trim() === '3') dimension = 3;
  }
  return ok(dimension);
}

function readPoint(e: XmlElement): Read<Shape> {
  const position = readCenter(e);
  return position.ok ? ok({ type: 'point', position: position.value }) : position;
}

function readCircle(e: XmlElement): Read<Shape> {
  const center = readCenter(e);
  if (!center.ok) return center;
  const radius = readLength(e, 'radius');
  if (!radius.ok) return radius;
  return ok({ type: 'circle', center: center.value, radius: radius.value });
}

function readEllipse(e: XmlElement): Read<Shape> {
  const center = readCenter(e);
  if (!center.ok) return center;
  const a = readLength(e, 'semiMajorAxis');
  if (!a.ok) return a;
  const b = readLength(e, 'semiMinorAxis');
  if (!b.ok) return b;
  const angle = readAngle(e, 'orientation');
  if (!angle.ok) return angle;
  const exchanged = b.value > a.value;
  return ok({
    type: 'ellipse',
    center: center.value,
    semiMajor: Math.max(a.value, b.value),
    semiMinor: Math.min(a.value, b.value),
    orientation: turn(angle.value + (exchanged ? 90 : 0)),
  });
}

function readArcBand(e: XmlElement): Read<Shape> {
  const center = readCenter(e);
  if (!center.ok) return center;
  const inner = readLength(e, 'innerRadius');
  if (!inner.ok) return inner;
  const outer = readLength(e, 'outerRadius');
  if (!outer.ok) return outer;
  if (outer.value < inner.value) return beyond('an outer radius smaller than the inner one');
  const start = readAngle(e, 'startAngle');
  if (!start.ok) return start;
  const opening = readAngle(e, 'openingAngle');
  if (!opening.ok) return opening;
  if (opening.value < 0 || opening.value > 360)
    return beyond('an opening angle not within 0 and 360 degrees');
  return ok({
    type: 'arcband',
    center: center.value,
    innerRadius: inner.value,
    outerRadius: outer.value,
    startAngle: turn(start.value),
    openingAngle: opening.value,
  });
}

function readPrism(e: XmlElement, dimension: Dimension): Read<Shape> {
  const base = first(e, 'base');
  const polygon = base && first(base, 'Polygon');
  return polygon ? readPolygon(polygon, dimension) : wrong('a prism without a base');
}

function readPolygon(e: XmlElement, dimension: Dimension): Read<Shape> {
  const exterior = first(e, 'exterior', 'outerBoundaryIs');
  if (!exterior) return wrong('a polygon without an exterior');
  const holes = [...named(e, 'interior'), ...named(e, 'innerBoundaryIs')];
  if (holes.length >= MAX_RINGS) return wrong('a polygon with too many rings');
  const rings: Position[][] = [];
  let positions = 0;
  for (const holder of [exterior, ...holes]) {
    const linear = first(holder, 'LinearRing');
    if (!linear) return wrong('a polygon boundary without a LinearRing');
    const ring = readRing(linear, dimension);
    if (!ring.ok) return ring;
    positions += ring.value.length;
    if (positions > MAX_POLYGON_POSITIONS) return wrong('a polygon with too many positions');
    rings.push(ring.value);
  }
  return ok({ type: 'polygon', rings });
}

function readRing(linear: XmlElement, dimension: Dimension): Read<Position[]> {
  const ring: Position[] = [];
  for (const part of linear.children) {
    const name = part.local.toLowerCase();
    if (name === 'poslist' || name === 'coordinates') {
      const list = name === 'poslist' ? readPosList(part.text, dimension) : readCoordinates(part.text);
      if (!list.ok) return list;
      for (const position of list.value) ring.push(position);
    } else if (name === 'pos') {
      const position = readPos(part.text);
      if (!position.ok) return position;
      ring.push(position.value);
    } else if (name === 'pointproperty' || name === 'pointrep') {
      const position = readCenter(part);
      if (!position.ok) return position;
      ring.push(position.value);
    }
  }
  const start = ring[0];
  const end = ring.at(-1);
  if (ring.length < 4 || !start || !end) return wrong('a ring of fewer than four positions');
  if (start[0] !== end[0] || start[1] !== end[1]) return wrong('a ring that is not closed');
  return ok(ring);
}

function readCenter(e: XmlElement): Read<Position> {
  const pos = first(e, 'pos');
  if (pos) return readPos(pos.text);
  const coordinates = first(e, 'coordinates');
  if (coordinates) {
    const list = readCoordinates(coordinates.text);
    if (!list.ok) return list;
    return list.value[0] && list.value.length === 1 ? ok(list.value[0]) : wrong('not one position');
  }
  const inner = first(e, 'pointProperty', 'pointMember', 'Point');
  return inner ? readCenter(inner) : wrong('no position');
}

function readLength(e: XmlElement, local: string): Read<number> {
  const length = readMeasure(e, local, LENGTH_UNITS);
  if (!length.ok) return length;
  if (length.value < 0) return beyond('a negative length');
  if (length.value > MAX_LENGTH_M) return beyond('a length beyond the size of the Earth');
  return length;
}

function readAngle(e: XmlElement, local: string): Read<number> {
  return readMeasure(e, local, ANGLE_UNITS);
}

function readMeasure(e: XmlElement, local: string, units: ReadonlyMap<string, number>): Read<number> {
  const element = first(e, local);
  if (!element) return wrong('a measure is missing');
  const n = readNumber(element.text);
  if (n === undefined) return wrong('a measure is not a number');
  const uom = attribute(element, 'uom')?.trim().toLowerCase() ?? '';
  const code = uom.slice(Math.max(uom.lastIndexOf(':'), uom.lastIndexOf('#'), uom.lastIndexOf('/')) + 1);
  const factor = uom === '' ? 1 : units.get(code);
  return factor === undefined ? wrong('an unknown unit of measure') : ok(n * factor);
}

/** Degrees within 0 and 360. */
function turn(degrees: number): number {
  return degrees >= 0 && degrees < 360 ? degrees : ((degrees % 360) + 360) % 360;
}

/**
 * A shape as RFC 5491 5.2 writes it. With prefixes given they are used as declared by the document around it;
 * without, the element declares `gml` and `gs` itself. Holes are written as GML has them (service boundaries need
 * them), which the profile of RFC 5491 does not.
 */
export function writeGmlShape(s: Shape, prefix?: { readonly gml: string; readonly gs: string }): string {
  const gml = prefix?.gml ?? 'gml';
  const gs = prefix?.gs ?? 'gs';
  const gmlDeclaration = prefix ? '' : ` xmlns:${gml}="${GML_NS}"`;
  const gsDeclaration = prefix ? '' : `${gmlDeclaration} xmlns:${gs}="${GEOSHAPE_NS}"`;
  const pos = (p: Position): string => `<${gml}:pos>${writePos(p)}</${gml}:pos>`;
  const measure = (local: string, n: number, uom: string): string =>
    `<${gs}:${local} uom="${uom}">${writeNumber(n)}</${gs}:${local}>`;
  const shape = (local: string, content: string): string =>
    `<${gs}:${local}${gsDeclaration} srsName="${SRS_NAME}">${content}</${gs}:${local}>`;
  switch (s.type) {
    case 'point':
      return `<${gml}:Point${gmlDeclaration} srsName="${SRS_NAME}">${pos(s.position)}</${gml}:Point>`;
    case 'circle':
      return shape('Circle', pos(s.center) + measure('radius', s.radius, METRE));
    case 'ellipse':
      return shape(
        'Ellipse',
        pos(s.center) +
          measure('semiMajorAxis', s.semiMajor, METRE) +
          measure('semiMinorAxis', s.semiMinor, METRE) +
          measure('orientation', s.orientation, DEGREE),
      );
    case 'arcband':
      return shape(
        'ArcBand',
        pos(s.center) +
          measure('innerRadius', s.innerRadius, METRE) +
          measure('outerRadius', s.outerRadius, METRE) +
          measure('startAngle', s.startAngle, DEGREE) +
          measure('openingAngle', s.openingAngle, DEGREE),
      );
    case 'polygon': {
      const ring = (r: readonly Position[], role: string): string =>
        `<${gml}:${role}><${gml}:LinearRing>${r.map(pos).join('')}</${gml}:LinearRing></${gml}:${role}>`;
      const content = s.rings.map((r, i) =>
        i === 0 ? ring(wound(r, true), 'exterior') : ring(wound(r, false), 'interior'),
      );
      return `<${gml}:Polygon${gmlDeclaration} srsName="${SRS_NAME}">${content.join('')}</${gml}:Polygon>`;
    }
  }
}

/** RFC 5491 5.1: the exterior runs counter-clockwise. */
function wound(ring: readonly Position[], counterClockwise: boolean): readonly Position[] {
  let doubled = 0;
  ring.forEach((a, i) => {
    const b = ring[i + 1];
    if (b) doubled += a[0] * b[1] - b[0] * a[1];
  });
  return doubled < 0 === counterClockwise ? [...ring].reverse() : ring;
}
