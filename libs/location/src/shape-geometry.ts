import {
  destination,
  destinationUnwrapped,
  distance,
  METRES_PER_DEGREE,
  normalizeLongitude,
  unwrap,
} from './geodesy.js';
import type { ArcBandShape, EllipseShape, Position, Shape } from './shape.js';

/** Corners of the polygon that stands for a circle or an ellipse: within 0.2 % of the area. */
export const DEFAULT_OUTLINE_POINTS = 64;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The centroid of the uncertainty (RFC 7459 5.1), on the surface. */
export function centroidOf(s: Shape): Position {
  switch (s.type) {
    case 'point':
      return s.position;
    case 'circle':
    case 'ellipse':
      return s.center;
    case 'arcband':
      return arcBandCentroid(s);
    case 'polygon':
      return polygonCentroid(s.rings);
  }
}

/** RFC 7459 5.1.1.1. */
function arcBandCentroid(s: ArcBandShape): Position {
  const { innerRadius: inner, outerRadius: outer } = s;
  if (outer <= 0) return s.center;
  const half = radians(s.openingAngle) / 2;
  const chord = half === 0 ? 1 : Math.sin(half) / half;
  const along = (2 * chord * (inner * inner + inner * outer + outer * outer)) / (3 * (inner + outer));
  return destination(s.center, s.startAngle + s.openingAngle / 2, along);
}

function polygonCentroid(rings: readonly (readonly Position[])[]): Position {
  const exterior = unwrap(rings[0] ?? []);
  const origin = exterior[0];
  if (!origin) return [0, 0];
  let doubled = 0;
  let x = 0;
  let y = 0;
  rings.forEach((ring, n) => {
    const line = n === 0 ? exterior : unwrap(ring);
    const sign = n === 0 ? 1 : -1;
    const wound = Math.sign(planarDoubledArea(line, origin)) * sign;
    for (let i = 0; i + 1 < line.length; i += 1) {
      const a = relative(line[i] ?? origin, origin);
      const b = relative(line[i + 1] ?? origin, origin);
      const cross = (a[0] * b[1] - b[0] * a[1]) * wound;
      doubled += cross;
      x += (a[0] + b[0]) * cross;
      y += (a[1] + b[1]) * cross;
    }
  });
  if (Math.abs(doubled) < 1e-18) {
    const corners = exterior.slice(0, -1);
    const lon = corners.reduce((sum, p) => sum + p[0], 0) / corners.length;
    const lat = corners.reduce((sum, p) => sum + p[1], 0) / corners.length;
    return [normalizeLongitude(lon), lat];
  }
  return [normalizeLongitude(origin[0] + x / (3 * doubled)), origin[1] + y / (3 * doubled)];
}

function relative(p: Position, origin: Position): Position {
  return [p[0] - origin[0], p[1] - origin[1]];
}

/** Twice the signed area in square degrees; positive is counter-clockwise. */
function planarDoubledArea(line: readonly Position[], origin: Position): number {
  let doubled = 0;
  for (let i = 0; i + 1 < line.length; i += 1) {
    const a = relative(line[i] ?? origin, origin);
    const b = relative(line[i + 1] ?? origin, origin);
    doubled += a[0] * b[1] - b[0] * a[1];
  }
  return doubled;
}

/** Area in square metres. A polygon is measured in the plane at its middle latitude: meant for areas of uncertainty. */
export function areaOf(s: Shape): number {
  switch (s.type) {
    case 'point':
      return 0;
    case 'circle':
      return Math.PI * s.radius * s.radius;
    case 'ellipse':
      return Math.PI * s.semiMajor * s.semiMinor;
    case 'arcband':
      return (radians(s.openingAngle) * (s.outerRadius * s.outerRadius - s.innerRadius * s.innerRadius)) / 2;
    case 'polygon': {
      const squareMetres = METRES_PER_DEGREE * METRES_PER_DEGREE * Math.cos(radians(centroidOf(s)[1]));
      const areas = s.rings.map((r) => Math.abs(planarDoubledArea(unwrap(r), r[0] ?? [0, 0])) / 2);
      const holes = areas.slice(1).reduce((sum, a) => sum + a, 0);
      return Math.max(0, (areas[0] ?? 0) - holes) * squareMetres;
    }
  }
}

/** Radius in metres of the circle about the centroid that holds the whole shape (RFC 7459 5.2). */
export function uncertaintyOf(s: Shape): number {
  switch (s.type) {
    case 'point':
      return 0;
    case 'circle':
      return s.radius;
    case 'ellipse':
      return s.semiMajor;
    case 'arcband':
    case 'polygon': {
      const center = centroidOf(s);
      return shapeToPolygon(s)
        .flat()
        .reduce((max, p) => Math.max(max, distance(center, p)), 0);
    }
  }
}

/**
 * The shape as rings of positions, closed, the first the exterior, counter-clockwise. Curves become so many corners.
 * A point becomes a ring of no extent. Longitudes are within -180 and 180, so a ring may step over the antimeridian.
 */
export function shapeToPolygon(s: Shape, points: number = DEFAULT_OUTLINE_POINTS): Position[][] {
  return outlineOf(s, points).map((ring) =>
    ring.map(([lon, lat]): Position => [normalizeLongitude(lon), lat]),
  );
}

/** The same with continuous longitudes, which may leave -180 and 180. */
export function outlineOf(s: Shape, points: number = DEFAULT_OUTLINE_POINTS): Position[][] {
  const corners = Math.max(4, Math.min(1_000, Math.floor(points)));
  switch (s.type) {
    case 'point':
      return [[s.position, s.position, s.position, s.position]];
    case 'circle':
      return [around(corners, (bearing) => destinationUnwrapped(s.center, bearing, s.radius))];
    case 'ellipse':
      return [around(corners, (turn) => ellipseCorner(s, turn))];
    case 'arcband':
      return arcBandOutline(s, corners);
    case 'polygon':
      return s.rings.map(unwrap);
  }
}

/** Counter-clockwise, closed. */
function around(corners: number, at: (bearing: number) => Position): Position[] {
  const ring: Position[] = [];
  for (let i = 0; i < corners; i += 1) ring.push(at(360 - (360 * i) / corners));
  const start = ring[0];
  if (start) ring.push(start);
  return ring;
}

/** Corners go by the eccentric anomaly: they are dense where the ellipse bends. */
function ellipseCorner(s: EllipseShape, turn: number): Position {
  const along = s.semiMajor * Math.cos(radians(turn));
  const across = s.semiMinor * Math.sin(radians(turn));
  const bearing = s.orientation + (Math.atan2(across, along) * 180) / Math.PI;
  return destinationUnwrapped(s.center, bearing, Math.hypot(along, across));
}

function arcBandOutline(s: ArcBandShape, corners: number): Position[][] {
  if (s.openingAngle >= 360) {
    const outer = around(corners, (b) => destinationUnwrapped(s.center, b, s.outerRadius));
    if (s.innerRadius <= 0) return [outer];
    return [outer, around(corners, (b) => destinationUnwrapped(s.center, b, s.innerRadius)).reverse()];
  }
  const steps = Math.max(1, Math.ceil((corners * s.openingAngle) / 360));
  const arc = (radius: number): Position[] =>
    Array.from({ length: steps + 1 }, (_, i) =>
      destinationUnwrapped(s.center, s.startAngle + (s.openingAngle * i) / steps, radius),
    );
  const inner = s.innerRadius <= 0 ? [s.center] : arc(s.innerRadius);
  const ring = [...inner, ...arc(s.outerRadius).reverse()];
  const start = ring[0];
  return [start ? [...ring, start] : ring];
}
