import { turnOfStep } from './ring-longitudes.js';
import type { Position } from './shape.js';

/** Mean radius of the Earth in metres. A sphere is within 0.6 % of the ellipsoid, less than any uncertainty here. */
export const EARTH_RADIUS_M = 6_371_008.8;
/** Length of a degree of latitude, in metres. */
export const METRES_PER_DEGREE = (EARTH_RADIUS_M * Math.PI) / 180;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const degrees = (r: number): number => (r * 180) / Math.PI;

/** Great-circle distance in metres. */
export function distance(a: Position, b: Position): number {
  const dLat = radians(b[1] - a[1]);
  const dLon = radians(b[0] - a[0]);
  const h =
    Math.sin(dLat / 2) ** 2 + Math.cos(radians(a[1])) * Math.cos(radians(b[1])) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The position that lies so many metres from another in the direction of a bearing (degrees from north, clockwise). */
export function destination(from: Position, bearing: number, metres: number): Position {
  const [lon, lat] = destinationUnwrapped(from, bearing, metres);
  return [normalizeLongitude(lon), lat];
}

/** The same without bringing the longitude back within -180 and 180: an outline stays in one piece. */
export function destinationUnwrapped(from: Position, bearing: number, metres: number): Position {
  const angle = metres / EARTH_RADIUS_M;
  const lat = radians(from[1]);
  const toward = radians(bearing);
  const sin = Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(toward);
  const dLon = Math.atan2(
    Math.sin(toward) * Math.sin(angle) * Math.cos(lat),
    Math.cos(angle) - Math.sin(lat) * sin,
  );
  return [from[0] + degrees(dLon), degrees(Math.asin(Math.max(-1, Math.min(1, sin))))];
}

/** Within -180 and 180. */
export function normalizeLongitude(lon: number): number {
  if (lon >= -180 && lon <= 180) return lon;
  return ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** Longitudes as a continuous line from the first on: each step takes the shorter way round. */
export function unwrap(ring: readonly Position[]): Position[] {
  const out: Position[] = [];
  let offset = 0;
  let before: Position | undefined;
  for (const p of ring) {
    if (before) offset += turnOfStep(p[0], p[1], before[0], before[1]);
    out.push(offset === 0 ? p : [p[0] + offset, p[1]]);
    before = p;
  }
  return out;
}
