import type { BoundaryRing } from '@esinet/location';

/**
 * Positions are compared on a grid of 1e-7 degrees, about a centimetre: borders that differ by less are the same, and
 * whole numbers make every decision about crossing lines exact.
 */
export const UNITS_PER_DEGREE = 1e7;
const TURN = 360 * UNITS_PER_DEGREE;

/** A ring without its closing position: x0, y0, x1, y1 … in units of the grid. */
export type GridRing = Float64Array;
/** Polygons of a feature; the first ring is the exterior, counter-clockwise, the others are holes, clockwise. */
export type GridPolygons = readonly (readonly GridRing[])[];

/** Twice the signed area of a ring, relative to its first corner so that small rings stay exact. */
export function doubleAreaOf(ring: GridRing): number {
  const x0 = ring[0] ?? 0;
  const y0 = ring[1] ?? 0;
  let sum = 0;
  for (let i = 2; i + 3 < ring.length; i += 2) {
    sum += (ring[i]! - x0) * (ring[i + 3]! - y0) - (ring[i + 2]! - x0) * (ring[i + 1]! - y0);
  }
  return sum;
}

/** A step of more than half the globe crosses the antimeridian the short way; one of 360 degrees is a map's edge. */
function continuousRing(ring: BoundaryRing): GridRing {
  const out = new Float64Array(ring.length * 2);
  let length = 0;
  let offset = 0;
  let before = ring[0]?.[0] ?? 0;
  for (const position of ring) {
    const lon = position[0]!;
    const step = lon - before;
    if (Math.abs(step) > 180 && Math.abs(step) < 360) offset += step > 0 ? -360 : 360;
    before = lon;
    const x = Math.round((lon + offset) * UNITS_PER_DEGREE);
    const y = Math.round(position[1]! * UNITS_PER_DEGREE);
    if (length > 0 && out[length - 2] === x && out[length - 1] === y) continue;
    out[length] = x;
    out[length + 1] = y;
    length += 2;
  }
  if (length > 2 && out[0] === out[length - 2] && out[1] === out[length - 1]) length -= 2;
  return out.slice(0, length);
}

function reversed(ring: GridRing): GridRing {
  const out = new Float64Array(ring.length);
  for (let i = 0; i < ring.length; i += 2) {
    out[i] = ring[ring.length - 2 - i]!;
    out[i + 1] = ring[ring.length - 1 - i]!;
  }
  return out;
}

function shifted(ring: GridRing, dx: number): GridRing {
  if (dx !== 0) for (let i = 0; i < ring.length; i += 2) ring[i]! += dx;
  return ring;
}

/** Polygons on the grid, oriented, closed or not; rings that enclose nothing are left out. */
export function toGrid(polygons: readonly (readonly BoundaryRing[])[]): GridPolygons {
  return polygons.flatMap((rings) => {
    const [exterior, ...holes] = rings.map(continuousRing);
    if (!exterior || exterior.length < 6) return [];
    const oriented = [doubleAreaOf(exterior) < 0 ? reversed(exterior) : exterior];
    for (const hole of holes) {
      if (hole.length < 6) continue;
      const turns = Math.round((exterior[0]! - hole[0]!) / TURN);
      oriented.push(shifted(doubleAreaOf(hole) > 0 ? reversed(hole) : hole, turns * TURN));
    }
    return [oriented];
  });
}

/**
 * Brings all features to one turn of the globe that starts where none of them is: those on both sides of the
 * antimeridian meet there as anywhere else. Changes the rings.
 */
export function alignTurns(features: readonly GridPolygons[]): void {
  const taken = new Uint8Array(360);
  const exteriors = features.flat().map((polygon) => ({ polygon, ...spanOf(polygon[0]!) }));
  for (const { from, to } of exteriors) {
    const first = Math.floor(from / UNITS_PER_DEGREE);
    const last = Math.min(first + 359, Math.ceil(to / UNITS_PER_DEGREE) - 1);
    for (let d = first; d <= last; d += 1) taken[(((d + 180) % 360) + 360) % 360] = 1;
  }
  const seam = seamOf(taken) * UNITS_PER_DEGREE;
  for (const { polygon, from } of exteriors) {
    const turns = Math.floor((from - seam) / TURN);
    if (turns !== 0) for (const ring of polygon) shifted(ring, -turns * TURN);
  }
}

/** A longitude in whole degrees that no feature covers: the antimeridian where it is free, else amid the widest room. */
function seamOf(taken: Uint8Array): number {
  if (!taken[0] || !taken[359]) return -180;
  let best = -1;
  let widest = 0;
  for (let start = 0; start < 360; start += 1) {
    if (taken[start] || !taken[(start + 359) % 360]) continue;
    let width = 0;
    while (width < 360 && !taken[(start + width) % 360]) width += 1;
    if (width > widest) {
      widest = width;
      best = start + Math.floor(width / 2);
    }
  }
  return best < 0 ? -180 : (best % 360) - 180;
}

function spanOf(ring: GridRing): { readonly from: number; readonly to: number } {
  let from = Infinity;
  let to = -Infinity;
  for (let i = 0; i < ring.length; i += 2) {
    if (ring[i]! < from) from = ring[i]!;
    if (ring[i]! > to) to = ring[i]!;
  }
  return { from, to };
}

/** Back to degrees and closed; all rings by the same turn of the globe, the first with its middle within -180 and 180. */
export function toPolygon(rings: readonly GridRing[]): [number, number][][] {
  const { from, to } = spanOf(rings[0] ?? new Float64Array());
  const turns = rings.length > 0 ? Math.floor(((from + to) / 2 + TURN / 2) / TURN) : 0;
  return rings.map((ring) => {
    const out: [number, number][] = [];
    for (let i = 0; i < ring.length; i += 2) {
      out.push([(ring[i]! - turns * TURN) / UNITS_PER_DEGREE, ring[i + 1]! / UNITS_PER_DEGREE]);
    }
    const first = out[0];
    if (first) out.push([first[0], first[1]]);
    return out;
  });
}
