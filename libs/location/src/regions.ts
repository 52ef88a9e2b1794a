import type { Extent } from './boundary-extent.js';
import { METRES_PER_DEGREE } from './geodesy.js';
import { areaLeftOf, type Loop } from './half-strip.js';
import type { PackedRings } from './packed-rings.js';
import type { Position } from './shape.js';
import type { SlabIndex } from './slab-index.js';

/** Questions to the polygons of a packed set, each told by its number. Holds views only: made in no time. */
export class Regions {
  readonly #xy: Float64Array;
  readonly #boxes: Float64Array;
  readonly #perDegree: Float64Array;
  readonly #firstSlab: Uint32Array;
  readonly #slabStart: Uint32Array;
  readonly #slabEdges: Uint32Array;
  readonly #packed: PackedRings;

  constructor(packed: PackedRings & SlabIndex) {
    this.#packed = packed;
    this.#xy = packed.xy;
    this.#boxes = packed.boxes;
    this.#perDegree = packed.perDegree;
    this.#firstSlab = packed.firstSlab;
    this.#slabStart = packed.slabStart;
    this.#slabEdges = packed.slabEdges;
  }

  /** Any one corner of a region. */
  corner(region: number): Position {
    const i = this.#packed.ringStart[this.#packed.firstRing[region]!]! * 2;
    return [this.#xy[i]!, this.#xy[i + 1]!];
  }

  /** An upper bound of the edges between two latitudes, without looking at them. */
  edgesBetween(region: number, y0: number, y1: number): number {
    if (this.#firstSlab[region] === this.#firstSlab[region + 1]) return 0;
    return this.#slabStart[this.#slabOf(region, y1) + 1]! - this.#slabStart[this.#slabOf(region, y0)]!;
  }

  #slabOf(region: number, y: number): number {
    const first = this.#firstSlab[region]!;
    const slab = first + Math.floor((y - this.#boxes[region * 4 + 1]!) * this.#perDegree[region]!);
    const end = this.#firstSlab[region + 1]!;
    return slab < first ? first : slab >= end ? end - 1 : slab;
  }

  /** Visits every edge whose slabs meet the band once; i points at its four numbers. Ends where the visitor says true. */
  #eachEdgeBetween(
    region: number,
    y0: number,
    y1: number,
    visit: (i: number, reversed: boolean) => boolean,
  ): void {
    if (this.#firstSlab[region] === this.#firstSlab[region + 1]) return;
    const from = this.#slabOf(region, y0);
    const to = this.#slabOf(region, y1);
    const xy = this.#xy;
    for (let s = from; s <= to; s += 1) {
      const end = this.#slabStart[s + 1]!;
      for (let k = this.#slabStart[s]!; k < end; k += 1) {
        const edge = this.#slabEdges[k]!;
        const i = edge & ~1;
        const lowest = this.#slabOf(region, Math.min(xy[i + 1]!, xy[i + 3]!));
        if (s === Math.max(lowest, from) && visit(i, (edge & 1) === 1)) return;
      }
    }
  }

  /**
   * Half-open: of two regions that share an edge, exactly one contains a point on it. The cross product is taken from
   * the lower end of the edge, so both compute the same number for their common edge whichever way each runs.
   */
  contains(region: number, px: number, py: number): boolean {
    const boxes = this.#boxes;
    const b = region * 4;
    const minY = boxes[b + 1]!;
    if (px < boxes[b]! || px > boxes[b + 2]! || py < minY || py > boxes[b + 3]!) return false;
    const first = this.#firstSlab[region]!;
    const last = this.#firstSlab[region + 1]! - 1;
    let slab = first + Math.floor((py - minY) * this.#perDegree[region]!);
    if (slab > last) slab = last;
    if (slab < first) return false;
    const end = this.#slabStart[slab + 1]!;
    const edges = this.#slabEdges;
    const xy = this.#xy;
    let inside = false;
    for (let k = this.#slabStart[slab]!; k < end; k += 1) {
      const i = edges[k]! & ~1;
      const y1 = xy[i + 1]!;
      const y2 = xy[i + 3]!;
      if (y1 > py === y2 > py) continue;
      const x1 = xy[i]!;
      const x2 = xy[i + 2]!;
      const cross =
        y1 < y2
          ? (x2 - x1) * (py - y1) - (px - x1) * (y2 - y1)
          : (x1 - x2) * (py - y2) - (px - x2) * (y1 - y2);
      if (cross > 0) inside = !inside;
    }
    return inside;
  }

  /** The area (square degrees) that a region has in common with the loops, whose extent is given. */
  areaWithin(region: number, loops: readonly Loop[], extent: Extent, whole: number): number {
    const xy = this.#xy;
    let touched = false;
    this.#eachEdgeBetween(region, extent.minY, extent.maxY, (i) => (touched = this.#edgeMeets(i, extent)));
    const start = loops[0];
    if (!touched) return start && this.contains(region, start[0] ?? NaN, start[1] ?? NaN) ? whole : 0;
    let area = 0;
    this.#eachEdgeBetween(region, extent.minY, extent.maxY, (i, reversed) => {
      const x1 = xy[i]!;
      const y1 = xy[i + 1]!;
      const x2 = xy[i + 2]!;
      const y2 = xy[i + 3]!;
      if (y1 === y2 || (x1 <= extent.minX && x2 <= extent.minX)) return false;
      if (Math.max(y1, y2) <= extent.minY || Math.min(y1, y2) >= extent.maxY) return false;
      // The inside lies to the left of an edge that goes up: its strip counts, that of one going down is taken off.
      for (const loop of loops) {
        const strip = y1 < y2 ? areaLeftOf(loop, x1, y1, x2, y2) : -areaLeftOf(loop, x2, y2, x1, y1);
        area += reversed ? -strip : strip;
      }
      return false;
    });
    return area;
  }

  #edgeMeets(i: number, e: Extent): boolean {
    const x1 = this.#xy[i]!;
    const y1 = this.#xy[i + 1]!;
    const x2 = this.#xy[i + 2]!;
    const y2 = this.#xy[i + 3]!;
    return (
      Math.min(x1, x2) <= e.maxX &&
      Math.max(x1, x2) >= e.minX &&
      Math.min(y1, y2) <= e.maxY &&
      Math.max(y1, y2) >= e.minY
    );
  }

  /** Metres from a point to a region, 0 inside of it, Infinity where it is more than `max`. */
  distanceTo(region: number, px: number, py: number, max: number): number {
    if (this.contains(region, px, py)) return 0;
    const dLat = max / METRES_PER_DEGREE;
    const ky = METRES_PER_DEGREE;
    const kx = METRES_PER_DEGREE * Math.cos((py * Math.PI) / 180);
    const xy = this.#xy;
    let least = max * max;
    let found = false;
    this.#eachEdgeBetween(region, py - dLat, py + dLat, (i) => {
      const ax = (xy[i]! - px) * kx;
      const ay = (xy[i + 1]! - py) * ky;
      const dx = (xy[i + 2]! - xy[i]!) * kx;
      const dy = (xy[i + 3]! - xy[i + 1]!) * ky;
      const length = dx * dx + dy * dy;
      const t = length > 0 ? Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length)) : 0;
      const d = (ax + t * dx) ** 2 + (ay + t * dy) ** 2;
      if (d <= least) {
        least = d;
        found = true;
      }
      return false;
    });
    return found ? Math.sqrt(least) : Infinity;
  }
}
