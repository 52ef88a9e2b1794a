import type { Extent } from './boundary-extent.js';
import { METRES_PER_DEGREE } from './geodesy.js';
import { areaLeftOf, type Loop } from './half-strip.js';
import type { BoundaryRing } from './service-boundary.js';
import type { Position } from './shape.js';

/** Slabs times their edges must stay within so many entries per edge: long edges would fill memory. */
const ENTRIES_PER_EDGE = 4;
const MAX_SLABS = 1 << 20;

/**
 * One polygon with holes as flat coordinates and an index of its edges by horizontal slabs.
 * Longitudes are continuous: a ring that steps over the antimeridian goes on beyond 180.
 */
export class Region implements Extent {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  /** x1, y1, x2, y2 of every edge; exteriors counter-clockwise, holes clockwise: the inside is to the left. */
  readonly #edges: Float64Array;
  readonly #slabStart: Uint32Array;
  readonly #slabEdges: Uint32Array;
  readonly #slabs: number;
  readonly #perDegree: number;

  constructor(rings: readonly BoundaryRing[]) {
    this.#edges = edgesOf(rings);
    let minX = Infinity;
    let minY = Infinity;
    let maxX = -Infinity;
    let maxY = -Infinity;
    let climb = 0;
    const edges = this.#edges;
    for (let i = 0; i < edges.length; i += 4) {
      const x = edges[i]!;
      const y = edges[i + 1]!;
      if (x < minX) minX = x;
      if (x > maxX) maxX = x;
      if (y < minY) minY = y;
      if (y > maxY) maxY = y;
      climb += Math.abs(edges[i + 3]! - y);
    }
    this.minX = minX;
    this.minY = minY;
    this.maxX = maxX;
    this.maxY = maxY;
    const count = edges.length / 4;
    const height = maxY - minY;
    const affordable = climb > 0 ? ((ENTRIES_PER_EDGE - 2) * count * height) / climb : 1;
    this.#slabs = Math.max(1, Math.min(MAX_SLABS, count, Math.floor(affordable)));
    this.#perDegree = height > 0 ? this.#slabs / height : 0;

    const starts = new Uint32Array(this.#slabs + 1);
    this.#eachSlabOfEdges((slab) => {
      starts[slab + 1]! += 1;
    });
    for (let s = 0; s < this.#slabs; s += 1) starts[s + 1]! += starts[s]!;
    const fill = starts.slice();
    const members = new Uint32Array(starts[this.#slabs]!);
    this.#eachSlabOfEdges((slab, edge) => {
      members[fill[slab]!] = edge;
      fill[slab]! += 1;
    });
    this.#slabStart = starts;
    this.#slabEdges = members;
  }

  /** An upper bound of the edges between two latitudes, without looking at them. */
  edgesBetween(y0: number, y1: number): number {
    return this.#slabStart[this.#slabOf(y1) + 1]! - this.#slabStart[this.#slabOf(y0)]!;
  }

  /** Any one corner. */
  get corner(): Position {
    return [this.#edges[0]!, this.#edges[1]!];
  }

  get edgeCount(): number {
    return this.#edges.length / 4;
  }

  #slabOf(y: number): number {
    const slab = Math.floor((y - this.minY) * this.#perDegree);
    return slab < 0 ? 0 : slab >= this.#slabs ? this.#slabs - 1 : slab;
  }

  #eachSlabOfEdges(visit: (slab: number, edge: number) => void): void {
    const edges = this.#edges;
    for (let i = 0; i < edges.length; i += 4) {
      const last = this.#slabOf(Math.max(edges[i + 1]!, edges[i + 3]!));
      for (let s = this.#slabOf(Math.min(edges[i + 1]!, edges[i + 3]!)); s <= last; s += 1) visit(s, i);
    }
  }

  /** Visits every edge whose slabs meet the band once; i points at its four numbers. */
  #eachEdgeBetween(y0: number, y1: number, visit: (i: number) => void): void {
    const from = this.#slabOf(y0);
    const to = this.#slabOf(y1);
    for (let s = from; s <= to; s += 1) {
      const end = this.#slabStart[s + 1]!;
      for (let k = this.#slabStart[s]!; k < end; k += 1) {
        const i = this.#slabEdges[k]!;
        const lowest = this.#slabOf(Math.min(this.#edges[i + 1]!, this.#edges[i + 3]!));
        if (s === Math.max(lowest, from)) visit(i);
      }
    }
  }

  /**
   * Half-open: of two regions that share an edge, exactly one contains a point on it. The cross product is taken from
   * the lower end of the edge, so both compute the same number for their common edge whichever way each runs.
   */
  contains(px: number, py: number): boolean {
    if (px < this.minX || px > this.maxX || py < this.minY || py > this.maxY) return false;
    const slab = this.#slabOf(py);
    const end = this.#slabStart[slab + 1]!;
    const edges = this.#edges;
    let inside = false;
    for (let k = this.#slabStart[slab]!; k < end; k += 1) {
      const i = this.#slabEdges[k]!;
      const y1 = edges[i + 1]!;
      const y2 = edges[i + 3]!;
      if (y1 > py === y2 > py) continue;
      const x1 = edges[i]!;
      const x2 = edges[i + 2]!;
      const cross =
        y1 < y2
          ? (x2 - x1) * (py - y1) - (px - x1) * (y2 - y1)
          : (x1 - x2) * (py - y2) - (px - x2) * (y1 - y2);
      if (cross > 0) inside = !inside;
    }
    return inside;
  }

  /** The area (square degrees) that the region has in common with the loops, whose extent is given. */
  areaWithin(loops: readonly Loop[], extent: Extent, whole: number): number {
    let touched = false;
    this.#eachEdgeBetween(extent.minY, extent.maxY, (i) => {
      if (!touched && this.#edgeMeets(i, extent)) touched = true;
    });
    const start = loops[0];
    if (!touched) return start && this.contains(start[0] ?? NaN, start[1] ?? NaN) ? whole : 0;
    let area = 0;
    const edges = this.#edges;
    this.#eachEdgeBetween(extent.minY, extent.maxY, (i) => {
      const x1 = edges[i]!;
      const y1 = edges[i + 1]!;
      const x2 = edges[i + 2]!;
      const y2 = edges[i + 3]!;
      if (y1 === y2 || (x1 <= extent.minX && x2 <= extent.minX)) return;
      if (Math.max(y1, y2) <= extent.minY || Math.min(y1, y2) >= extent.maxY) return;
      // The inside lies to the left of an edge that goes up: its strip counts, that of one going down is taken off.
      for (const loop of loops) {
        area += y1 < y2 ? areaLeftOf(loop, x1, y1, x2, y2) : -areaLeftOf(loop, x2, y2, x1, y1);
      }
    });
    return area;
  }

  #edgeMeets(i: number, e: Extent): boolean {
    const x1 = this.#edges[i]!;
    const y1 = this.#edges[i + 1]!;
    const x2 = this.#edges[i + 2]!;
    const y2 = this.#edges[i + 3]!;
    return (
      Math.min(x1, x2) <= e.maxX &&
      Math.max(x1, x2) >= e.minX &&
      Math.min(y1, y2) <= e.maxY &&
      Math.max(y1, y2) >= e.minY
    );
  }

  /** Metres from a point to the region, 0 inside of it, Infinity where it is more than `max`. */
  distanceTo(px: number, py: number, max: number): number {
    if (this.contains(px, py)) return 0;
    const dLat = max / METRES_PER_DEGREE;
    const ky = METRES_PER_DEGREE;
    const kx = METRES_PER_DEGREE * Math.cos((py * Math.PI) / 180);
    const edges = this.#edges;
    let least = max * max;
    let found = false;
    this.#eachEdgeBetween(py - dLat, py + dLat, (i) => {
      const ax = (edges[i]! - px) * kx;
      const ay = (edges[i + 1]! - py) * ky;
      const dx = (edges[i + 2]! - edges[i]!) * kx;
      const dy = (edges[i + 3]! - edges[i + 1]!) * ky;
      const length = dx * dx + dy * dy;
      const t = length > 0 ? Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length)) : 0;
      const d = (ax + t * dx) ** 2 + (ay + t * dy) ** 2;
      if (d <= least) {
        least = d;
        found = true;
      }
    });
    return found ? Math.sqrt(least) : Infinity;
  }
}

function edgesOf(rings: readonly BoundaryRing[]): Float64Array {
  const count = rings.reduce((sum, ring) => sum + Math.max(0, ring.length - 1), 0);
  const edges = new Float64Array(count * 4);
  let at = 0;
  let anchor: number | undefined;
  rings.forEach((ring, n) => {
    const xs = continuousLongitudes(ring);
    // A hole is brought to the same turn as the exterior it is in.
    anchor ??= xs[0] ?? 0;
    const shift = n === 0 ? 0 : Math.round((anchor - (xs[0] ?? 0)) / 360) * 360;
    let doubled = 0;
    for (let i = 0; i + 1 < ring.length; i += 1) {
      doubled += xs[i]! * (ring[i + 1]?.[1] ?? 0) - xs[i + 1]! * (ring[i]?.[1] ?? 0);
    }
    const reverse = doubled < 0 === (n === 0);
    for (let i = 0; i + 1 < ring.length; i += 1) {
      const a = reverse ? ring.length - 1 - i : i;
      const b = reverse ? a - 1 : a + 1;
      edges[at] = xs[a]! + shift;
      edges[at + 1] = ring[a]?.[1] ?? 0;
      edges[at + 2] = xs[b]! + shift;
      edges[at + 3] = ring[b]?.[1] ?? 0;
      at += 4;
    }
  });
  return edges;
}

/**
 * A step of more than half the globe crosses the antimeridian the short way; one of exactly 360 degrees is the border
 * of a map of the world. RFC 7946 3.1.9 wants such boundaries cut, but not everybody does.
 */
function continuousLongitudes(ring: BoundaryRing): Float64Array {
  const xs = new Float64Array(ring.length);
  let offset = 0;
  for (let i = 0; i < ring.length; i += 1) {
    const x = ring[i]?.[0] ?? 0;
    const step = i > 0 ? x - (ring[i - 1]?.[0] ?? 0) : 0;
    if (Math.abs(step) > 180 && Math.abs(step) < 360) offset += step > 0 ? -360 : 360;
    xs[i] = x + offset;
  }
  return xs;
}
