import { METRES_PER_DEGREE } from './geodesy.js';
import { turnOfStep } from './ring-longitudes.js';
import type { BoundaryRing } from './service-boundary.js';

export interface Crossing {
  /** The two edges, each told by its first position in the ring; the first is the lower. */
  readonly first: number;
  readonly second: number;
  readonly at: readonly [lon: number, lat: number];
  /** Square metres of the smaller of the two loops that the crossing makes of the ring. */
  readonly loop: number;
  /** Of both together, 0 to 0.5. */
  readonly share: number;
}

/** Pairs of edges that may be compared: a ring made to be slow is looked through in part. */
export const MAX_CROSSING_WORK = 20_000_000;
/** Crossings listed of one ring. */
const MAX_CROSSINGS = 16;
/** Of the products an orientation is the difference of: below, three points count as in line. */
const ROUNDING = 1e-14;

/**
 * Where a ring crosses itself: two of its edges have a point in common that is within both. Edges that touch in a
 * vertex, or run back over each other, do not cross. Edges are put into horizontal slabs about as high as they are, and
 * swept by longitude within each: n log n for anything drawn from life.
 */
export function selfCrossings(ring: BoundaryRing): { crossings: Crossing[]; complete: boolean } {
  const count = Math.max(0, ring.length - 1);
  const xs = new Float64Array(count + 1);
  const ys = new Float64Array(count + 1);
  let offset = 0;
  let south = Infinity;
  let north = -Infinity;
  let climb = 0;
  for (let i = 0; i <= count; i += 1) {
    const lon = ring[i]?.[0] ?? 0;
    const lat = ring[i]?.[1] ?? 0;
    if (i > 0) offset += turnOfStep(lon, lat, ring[i - 1]?.[0] ?? 0, ys[i - 1]!);
    xs[i] = lon + offset;
    ys[i] = lat;
    south = Math.min(south, ys[i]!);
    north = Math.max(north, ys[i]!);
    if (i > 0) climb += Math.abs(ys[i]! - ys[i - 1]!);
  }
  const height = north - south;
  if (!(height > 0) || count < 4) return { crossings: [], complete: true };
  const slabs = Math.max(1, Math.min(count, Math.floor((count * height) / climb)));
  const { start, members } = slabsOf(ys, count, slabs, south, height);

  const lows = new Float64Array(count);
  const highs = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    lows[i] = Math.min(xs[i]!, xs[i + 1]!);
    highs[i] = Math.max(xs[i]!, xs[i + 1]!);
  }
  const crossings = new Map<number, Crossing>();
  let work = 0;
  for (let s = 0; s < slabs; s += 1) {
    const here = members.subarray(start[s], start[s + 1]).sort((a, b) => lows[a]! - lows[b]!);
    for (let a = 0; a < here.length; a += 1) {
      const e = here[a]!;
      const end = highs[e]!;
      for (let b = a + 1; b < here.length && lows[here[b]!]! <= end; b += 1) {
        work += 1;
        const f = here[b]!;
        if (Math.max(ys[e]!, ys[e + 1]!) < Math.min(ys[f]!, ys[f + 1]!)) continue;
        if (Math.max(ys[f]!, ys[f + 1]!) < Math.min(ys[e]!, ys[e + 1]!)) continue;
        const at = crossingOf(xs, ys, e, f);
        if (!at) continue;
        const [first, second] = e < f ? [e, f] : [f, e];
        crossings.set(first * count + second, { first, second, at, ...loopArea(xs, ys, first, second, at) });
        if (crossings.size >= MAX_CROSSINGS) return { crossings: [...crossings.values()], complete: true };
      }
      if (work > MAX_CROSSING_WORK) return { crossings: [...crossings.values()], complete: false };
    }
  }
  return { crossings: [...crossings.values()], complete: true };
}

function slabsOf(
  ys: Float64Array,
  count: number,
  slabs: number,
  south: number,
  height: number,
): { start: Uint32Array; members: Uint32Array } {
  const per = slabs / height;
  const slabOf = (y: number): number => Math.min(slabs - 1, Math.floor((y - south) * per));
  const start = new Uint32Array(slabs + 1);
  for (let i = 0; i < count; i += 1) {
    const a = slabOf(ys[i]!);
    const b = slabOf(ys[i + 1]!);
    for (let s = Math.min(a, b); s <= Math.max(a, b); s += 1) start[s + 1]! += 1;
  }
  for (let s = 0; s < slabs; s += 1) start[s + 1]! += start[s]!;
  const fill = start.slice();
  const members = new Uint32Array(start[slabs]!);
  for (let i = 0; i < count; i += 1) {
    const a = slabOf(ys[i]!);
    const b = slabOf(ys[i + 1]!);
    for (let s = Math.min(a, b); s <= Math.max(a, b); s += 1) {
      members[fill[s]!] = i;
      fill[s]! += 1;
    }
  }
  return { start, members };
}

/** Which side of the line from a to b the point c is on: 1 left, -1 right, 0 on it as far as can be told. */
function side(xs: Float64Array, ys: Float64Array, a: number, b: number, c: number): number {
  const left = (xs[b]! - xs[a]!) * (ys[c]! - ys[a]!);
  const right = (ys[b]! - ys[a]!) * (xs[c]! - xs[a]!);
  const difference = left - right;
  if (Math.abs(difference) <= ROUNDING * (Math.abs(left) + Math.abs(right))) return 0;
  return difference > 0 ? 1 : -1;
}

function crossingOf(xs: Float64Array, ys: Float64Array, e: number, f: number): [number, number] | undefined {
  if (side(xs, ys, e, e + 1, f) * side(xs, ys, e, e + 1, f + 1) >= 0) return undefined;
  if (side(xs, ys, f, f + 1, e) * side(xs, ys, f, f + 1, e + 1) >= 0) return undefined;
  const dx = xs[e + 1]! - xs[e]!;
  const dy = ys[e + 1]! - ys[e]!;
  const gx = xs[f + 1]! - xs[f]!;
  const gy = ys[f + 1]! - ys[f]!;
  const t = ((xs[f]! - xs[e]!) * gy - (ys[f]! - ys[e]!) * gx) / (dx * gy - dy * gx);
  return [xs[e]! + t * dx, ys[e]! + t * dy];
}

/** The loop from the crossing along the ring to the crossing again, or what remains of the ring, the smaller. */
function loopArea(
  xs: Float64Array,
  ys: Float64Array,
  first: number,
  second: number,
  [x, y]: readonly [number, number],
): { loop: number; share: number } {
  let loop = 0;
  let all = 0;
  for (let i = 0; i + 1 < xs.length; i += 1) {
    const doubled = (xs[i]! - x) * (ys[i + 1]! - y) - (xs[i + 1]! - x) * (ys[i]! - y);
    all += doubled;
    // From the crossing itself the two edges that cross add nothing.
    if (i > first && i < second) loop += doubled;
  }
  const smaller = Math.min(Math.abs(loop), Math.abs(all - loop));
  const both = Math.abs(loop) + Math.abs(all - loop);
  const squareMetres = METRES_PER_DEGREE * METRES_PER_DEGREE * Math.cos((y * Math.PI) / 180);
  return { loop: (smaller / 2) * squareMetres, share: both > 0 ? smaller / both : 0 };
}
