import {
  type CircleShape,
  type PolygonShape,
  type Position,
  type Shape,
  centroidOf,
  distance,
  shapeToPolygon,
  uncertaintyOf,
} from '@esinet/location';

/** Points on a side of the grid that stands for an area of uncertainty. */
const GRID = 12;
/** RFC 7459 4.1 and RFC 5491 5: of an area nothing more is known than that the device is in it with this confidence. */
const CONFIDENCE = 0.95;

/** Points evenly spread in a shape, worked out once for each: many watchers may look at the same place. */
const samples = new WeakMap<Shape, readonly Position[]>();

function samplesOf(shape: Shape): readonly Position[] {
  let found = samples.get(shape);
  if (!found) samples.set(shape, (found = spread(shape)));
  return found;
}

function spread(shape: Shape): readonly Position[] {
  const center = centroidOf(shape);
  if (uncertaintyOf(shape) === 0) return [center];
  const rings = shapeToPolygon(shape).map((ring) => ring.map((p) => near(p, center)));
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of rings[0] ?? []) {
    west = Math.min(west, x);
    east = Math.max(east, x);
    south = Math.min(south, y);
    north = Math.max(north, y);
  }
  const points: Position[] = [];
  for (let row = 0; row < GRID; row++) {
    const y = south + ((row + 0.5) / GRID) * (north - south);
    for (let column = 0; column < GRID; column++) {
      const x = west + ((column + 0.5) / GRID) * (east - west);
      if (isWithin(rings, x, y)) points.push([x, y]);
    }
  }
  return points.length > 0 ? points : [center];
}

type Region = CircleShape | PolygonShape;
type Side = 'in' | 'out' | undefined;

/** Outlines of regions with their longitudes made continuous, once for each region. */
const outlines = new WeakMap<PolygonShape, readonly (readonly Position[])[]>();

function outlineOf(region: PolygonShape, center: Position): readonly (readonly Position[])[] {
  let found = outlines.get(region);
  if (!found) outlines.set(region, (found = region.rings.map((ring) => ring.map((p) => near(p, center)))));
  return found;
}

/** Which part of a shape lies in a region, 0 to 1. */
export function shareWithin(shape: Shape, region: Region): number {
  const center = centroidOf(region);
  const apart = distance(centroidOf(shape), center);
  const reach = uncertaintyOf(shape) + uncertaintyOf(region);
  // Nowhere near: most moves of most devices, without looking at a single corner.
  if (apart > reach * 1.01 + 1) return 0;
  const points = samplesOf(shape);
  let within = 0;
  if (region.type === 'circle') {
    for (const point of points) if (distance(point, center) <= region.radius) within++;
  } else {
    const rings = outlineOf(region, center);
    for (const point of points) {
      const [x, y] = near(point, center);
      if (isWithin(rings, x, y)) within++;
    }
  }
  return within / points.length;
}

/** What was found out of a shape: it is asked for when it comes, and again when it is told. */
const sides = new WeakMap<Shape, WeakMap<Region, Side>>();

/**
 * Whether a device is inside or outside with at least half of all confidence; undefined: neither (RFC 6447 3.4). Of a
 * point without an area it is taken to be there.
 */
export function sideOf(shape: Shape, region: Region): Side {
  let known = sides.get(shape);
  if (!known) sides.set(shape, (known = new WeakMap()));
  if (known.has(region)) return known.get(region);
  const confidence = uncertaintyOf(shape) === 0 ? 1 : CONFIDENCE;
  const within = shareWithin(shape, region);
  const side: Side = within * confidence >= 0.5 ? 'in' : (1 - within) * confidence >= 0.5 ? 'out' : undefined;
  known.set(region, side);
  return side;
}

/** The same position with the longitude that is nearest to another's, across the antimeridian too. */
function near([x, y]: Position, [around]: Position): Position {
  if (x - around > 180) return [x - 360, y];
  return x - around < -180 ? [x + 360, y] : [x, y];
}

/** Even-odd over all rings. */
function isWithin(rings: readonly (readonly Position[])[], px: number, py: number): boolean {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i++) {
      const [x1, y1] = ring[i]!;
      const [x2, y2] = ring[i + 1]!;
      if (y1 > py !== y2 > py && px < x1 + ((py - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
    }
  }
  return inside;
}
