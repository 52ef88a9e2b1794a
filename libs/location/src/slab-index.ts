import type { PackedRings } from './packed-rings.js';

/**
 * The edges of each region by horizontal slabs of equal height. An edge is told by its first position, times two, plus
 * one where the inside of its region lies to its right.
 */
export interface SlabIndex {
  /** minX, minY, maxX, maxY of each region; of one without edges 0, 0, 0, 0. */
  readonly boxes: Float64Array;
  /** Slabs in a degree of latitude, of each region. */
  readonly perDegree: Float64Array;
  /** First slab of each region; one more entry than regions. */
  readonly firstSlab: Uint32Array;
  /** First of the edges of each slab; one more entry than slabs. */
  readonly slabStart: Uint32Array;
  readonly slabEdges: Uint32Array;
}

/** Edges in slabs of each edge, on average: long edges are in many, and would fill memory if slabs were thin. */
const ENTRIES_PER_EDGE = 2;
const MAX_SLABS = 1 << 20;

export function buildSlabs(packed: PackedRings): SlabIndex {
  const { xy, firstRing, ringStart, ringSize } = packed;
  const regions = firstRing.length - 1;
  const boxes = new Float64Array(regions * 4);
  const perDegree = new Float64Array(regions);
  const firstSlab = new Uint32Array(regions + 1);
  for (let region = 0; region < regions; region += 1) {
    let minX = Infinity;
    let minY = Infinity;
    let maxX = -Infinity;
    let maxY = -Infinity;
    let climb = 0;
    let edges = 0;
    for (let ring = firstRing[region]!; ring < firstRing[region + 1]!; ring += 1) {
      const from = ringStart[ring]! * 2;
      const to = from + ringSize[ring]! * 2 - 2;
      for (let i = from; i < to; i += 2) {
        const x = xy[i]!;
        const y = xy[i + 1]!;
        if (x < minX) minX = x;
        if (x > maxX) maxX = x;
        if (y < minY) minY = y;
        if (y > maxY) maxY = y;
        climb += Math.abs(xy[i + 3]! - y);
      }
      if (to > from) edges += (to - from) / 2;
    }
    const height = maxY - minY;
    const affordable = climb > 0 ? ((ENTRIES_PER_EDGE - 1) * edges * height) / climb : 1;
    const slabs = edges === 0 ? 0 : Math.max(1, Math.min(MAX_SLABS, edges, Math.floor(affordable)));
    firstSlab[region + 1] = firstSlab[region]! + slabs;
    perDegree[region] = height > 0 ? slabs / height : 0;
    if (edges > 0) boxes.set([minX, minY, maxX, maxY], region * 4);
  }
  const slabStart = new Uint32Array(firstSlab[regions]! + 1);
  const frame = { boxes, perDegree, firstSlab };
  countEdges(packed, frame, slabStart);
  for (let s = 1; s < slabStart.length; s += 1) slabStart[s]! += slabStart[s - 1]!;
  const slabEdges = new Uint32Array(slabStart.at(-1) ?? 0);
  fillEdges(packed, frame, slabStart.slice(1), slabEdges);
  return { ...frame, slabStart, slabEdges };
}

type Frame = Pick<SlabIndex, 'boxes' | 'perDegree' | 'firstSlab'>;

/** The edges of each slab, one place further on. */
function countEdges(packed: PackedRings, frame: Frame, counts: Uint32Array): void {
  const { xy, firstRing, ringStart, ringSize } = packed;
  for (let region = 0; region + 1 < firstRing.length; region += 1) {
    const minY = frame.boxes[region * 4 + 1]!;
    const per = frame.perDegree[region]!;
    const first = frame.firstSlab[region]!;
    const top = frame.firstSlab[region + 1]! - first - 1;
    for (let ring = firstRing[region]!; ring < firstRing[region + 1]!; ring += 1) {
      const from = ringStart[ring]! * 2;
      const to = from + ringSize[ring]! * 2 - 2;
      let b = to > from ? Math.min(top, ((xy[from + 1]! - minY) * per) | 0) : 0;
      for (let i = from; i < to; i += 2) {
        const a = b;
        b = Math.min(top, ((xy[i + 3]! - minY) * per) | 0);
        const high = a < b ? b : a;
        for (let s = a < b ? a : b; s <= high; s += 1) counts[first + s + 1]! += 1;
      }
    }
  }
}

/** From behind: each end moves down to the start of its slab. */
function fillEdges(packed: PackedRings, frame: Frame, ends: Uint32Array, slabEdges: Uint32Array): void {
  const { xy, firstRing, ringStart, ringSize, ringReversed } = packed;
  for (let region = 0; region + 1 < firstRing.length; region += 1) {
    const minY = frame.boxes[region * 4 + 1]!;
    const per = frame.perDegree[region]!;
    const first = frame.firstSlab[region]!;
    const top = frame.firstSlab[region + 1]! - first - 1;
    for (let ring = firstRing[region]!; ring < firstRing[region + 1]!; ring += 1) {
      const from = ringStart[ring]! * 2;
      const to = from + ringSize[ring]! * 2 - 2;
      const reversed = ringReversed[ring]!;
      let b = to > from ? Math.min(top, ((xy[from + 1]! - minY) * per) | 0) : 0;
      for (let i = from; i < to; i += 2) {
        const a = b;
        b = Math.min(top, ((xy[i + 3]! - minY) * per) | 0);
        const high = a < b ? b : a;
        for (let s = a < b ? a : b; s <= high; s += 1) {
          const place = ends[first + s]! - 1;
          ends[first + s] = place;
          slabEdges[place] = i | reversed;
        }
      }
    }
  }
}
