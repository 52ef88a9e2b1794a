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
  const { xy, firstRing, ringStart, ringSize, ringReversed } = packed;
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
  eachSlabOfEdges((slab) => {
    slabStart[slab + 1]! += 1;
  });
  for (let s = 1; s < slabStart.length; s += 1) slabStart[s]! += slabStart[s - 1]!;
  const slabEdges = new Uint32Array(slabStart.at(-1) ?? 0);
  // Filled from behind: each start moves down from the end of its slab to where it belongs.
  const fill = slabStart.subarray(1).slice();
  eachSlabOfEdges((slab, edge) => {
    fill[slab]! -= 1;
    slabEdges[fill[slab]!] = edge;
  });
  return { boxes, perDegree, firstSlab, slabStart, slabEdges };

  function eachSlabOfEdges(visit: (slab: number, edge: number) => void): void {
    for (let region = 0; region < regions; region += 1) {
      const minY = boxes[region * 4 + 1]!;
      const per = perDegree[region]!;
      const first = firstSlab[region]!;
      const top = firstSlab[region + 1]! - first - 1;
      for (let ring = firstRing[region]!; ring < firstRing[region + 1]!; ring += 1) {
        const from = ringStart[ring]! * 2;
        const to = from + ringSize[ring]! * 2 - 2;
        const reversed = ringReversed[ring]!;
        for (let i = from; i < to; i += 2) {
          const y1 = xy[i + 1]!;
          const y2 = xy[i + 3]!;
          let low = Math.floor(((y1 < y2 ? y1 : y2) - minY) * per);
          let high = Math.floor(((y1 < y2 ? y2 : y1) - minY) * per);
          if (low > top) low = top;
          if (high > top) high = top;
          for (let s = low; s <= high; s += 1) visit(first + s, i | reversed);
        }
      }
    }
  }
}
