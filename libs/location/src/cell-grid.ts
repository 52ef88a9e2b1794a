import type { Regions } from './regions.js';
import type { PackedRings } from './packed-rings.js';
import type { SlabIndex } from './slab-index.js';

/**
 * What lies in each cell of a grid over the whole set. Most points of a map fall into a cell that is all of one region,
 * and need no edge.
 */
export interface CellGrid {
  /** West and south end, cells in a degree of longitude and of latitude. */
  readonly gridFrame: Float64Array;
  /** Columns, rows. */
  readonly gridSize: Uint32Array;
  /**
   * Row by row from the south-west. 0: nothing; above: one more than the region that is all there is; below: the
   * complement of a place in `cellMembers`.
   */
  readonly cells: Int32Array;
  /**
   * At that place the number of members, then each of them, ascending: a region's number times two, plus one where all
   * of the cell lies within the region.
   */
  readonly cellMembers: Uint32Array;
}

/** Cells a region gets on average, and positions a cell gets: the larger number of cells is taken. */
const CELLS_PER_REGION = 256;
const POSITIONS_PER_CELL = 5;
const MAX_CELLS = 1 << 21;
/** Cells in the extents of all regions together: large regions on top of each other get a coarser grid. */
const MAX_CELLS_IN_EXTENTS = 1 << 23;
/** Of a cell. Edges are taken for so much longer, so that no rounding puts a point on the wrong side of one. */
const MARGIN = 1e-6;

export function buildGrid(packed: PackedRings & SlabIndex, regions: Regions): CellGrid {
  const { boxes, xy, firstRing, ringStart, ringSize, firstSlab } = packed;
  const { frame, columns, rows } = frameOf(packed);
  const [west = 0, south = 0, perX = 0, perY = 0] = frame;
  const column = (x: number): number => clamp(Math.floor((x - west) * perX), columns);
  const row = (y: number): number => clamp(Math.floor((y - south) * perY), rows);
  /** The last region that has an edge in the cell, plus one. */
  const stamp = new Uint32Array(columns * rows);
  const found = new PairList();
  for (let region = 0; region + 1 < firstRing.length; region += 1) {
    if (firstSlab[region] === firstSlab[region + 1]) continue;
    for (let ring = firstRing[region]!; ring < firstRing[region + 1]!; ring += 1) {
      const from = ringStart[ring]! * 2;
      const to = from + ringSize[ring]! * 2;
      // In cells from the south-west corner of the grid.
      let u1 = (xy[from]! - west) * perX;
      let v1 = (xy[from + 1]! - south) * perY;
      for (let i = from + 2; i < to; i += 2) {
        const u2 = (xy[i]! - west) * perX;
        const v2 = (xy[i + 1]! - south) * perY;
        const c = (u1 - MARGIN) | 0;
        const r = (v1 - MARGIN) | 0;
        if (
          ((u1 + MARGIN) | 0) === c &&
          ((v1 + MARGIN) | 0) === r &&
          ((u2 - MARGIN) | 0) === c &&
          ((u2 + MARGIN) | 0) === c &&
          ((v2 - MARGIN) | 0) === r &&
          ((v2 + MARGIN) | 0) === r
        )
          mark(r * columns + c, region);
        else markEdge(u1, v1, u2, v2, region);
        u1 = u2;
        v1 = v2;
      }
    }
    const b = region * 4;
    const lastColumn = column(boxes[b + 2]!);
    const lastRow = row(boxes[b + 3]!);
    for (let r = row(boxes[b + 1]!); r <= lastRow; r += 1) {
      let run: 'unknown' | 'in' | 'out' = 'unknown';
      for (let c = column(boxes[b]!); c <= lastColumn; c += 1) {
        const cell = r * columns + c;
        if (stamp[cell] === region + 1) {
          run = 'unknown';
          continue;
        }
        // Without an edge between them, neighbours are on the same side.
        if (run === 'unknown')
          run = regions.contains(region, west + (c + 0.5) / perX, south + (r + 0.5) / perY) ? 'in' : 'out';
        if (run === 'in') found.push(cell, region * 2 + 1);
      }
    }
  }
  return { gridFrame: frame, gridSize: Uint32Array.of(columns, rows), ...found.byCell(columns * rows) };

  function mark(cell: number, region: number): void {
    if (stamp[cell] === region + 1) return;
    stamp[cell] = region + 1;
    found.push(cell, region * 2);
  }

  function markEdge(u1: number, v1: number, u2: number, v2: number, region: number): void {
    const low = clamp(Math.floor(Math.min(v1, v2) - MARGIN), rows);
    const high = clamp(Math.floor(Math.max(v1, v2) + MARGIN), rows);
    const slope = v1 === v2 ? 0 : (u2 - u1) / (v2 - v1);
    const left = Math.min(u1, u2);
    const right = Math.max(u1, u2);
    for (let r = low; r <= high; r += 1) {
      let from = left;
      let to = right;
      if (high > low && v1 !== v2) {
        // Where the edge enters and leaves the row.
        const a = u1 + (r - MARGIN - v1) * slope;
        const b = u1 + (r + 1 + MARGIN - v1) * slope;
        from = Math.max(left, Math.min(a, b));
        to = Math.min(right, Math.max(a, b));
      }
      const last = clamp(Math.floor(to + MARGIN), columns);
      for (let c = clamp(Math.floor(from - MARGIN), columns); c <= last; c += 1)
        mark(r * columns + c, region);
    }
  }
}

function clamp(n: number, size: number): number {
  return n < 0 ? 0 : n >= size ? size - 1 : n;
}

function frameOf(packed: PackedRings & SlabIndex): { frame: Float64Array; columns: number; rows: number } {
  const { boxes, firstSlab } = packed;
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  let areas = 0;
  let regions = 0;
  for (let n = 0; n + 1 < firstSlab.length; n += 1) {
    if (firstSlab[n] === firstSlab[n + 1]) continue;
    const b = n * 4;
    regions += 1;
    minX = Math.min(minX, boxes[b]!);
    minY = Math.min(minY, boxes[b + 1]!);
    maxX = Math.max(maxX, boxes[b + 2]!);
    maxY = Math.max(maxY, boxes[b + 3]!);
    areas += (boxes[b + 2]! - boxes[b]!) * (boxes[b + 3]! - boxes[b + 1]!);
  }
  if (regions === 0) return { frame: Float64Array.of(0, 0, 0, 0), columns: 0, rows: 0 };
  const width = Math.max(maxX - minX, 1e-9);
  const height = Math.max(maxY - minY, 1e-9);
  const positions = packed.xy.length / 2;
  const layers = Math.max(1, areas / (width * height));
  const wanted = Math.min(
    MAX_CELLS,
    // A handful of corners is looked at as fast as a cell.
    positions * 8,
    Math.max(regions * CELLS_PER_REGION, positions / POSITIONS_PER_CELL),
    MAX_CELLS_IN_EXTENTS / layers,
  );
  const columns = Math.max(1, Math.min(wanted, Math.round(Math.sqrt((wanted * width) / height))));
  const rows = Math.max(1, Math.floor(wanted / columns));
  const whole = Math.max(1, Math.floor(columns));
  return {
    frame: Float64Array.of(minX, minY, whole / width, rows / height),
    columns: whole,
    rows,
  };
}

/** Pairs of a cell and a member, in the order of their members. */
class PairList {
  #cells = new Uint32Array(1024);
  #members = new Uint32Array(1024);
  #size = 0;

  push(cell: number, member: number): void {
    if (this.#size === this.#cells.length) {
      this.#cells = grown(this.#cells);
      this.#members = grown(this.#members);
    }
    this.#cells[this.#size] = cell;
    this.#members[this.#size] = member;
    this.#size += 1;
  }

  byCell(count: number): { cells: Int32Array; cellMembers: Uint32Array } {
    const members = new Uint32Array(count);
    const cells = new Int32Array(count);
    for (let i = 0; i < this.#size; i += 1) {
      const cell = this.#cells[i]!;
      members[cell]! += 1;
      // All of one region, until another member is found.
      cells[cell] = members[cell] === 1 && (this.#members[i]! & 1) === 1 ? (this.#members[i]! >>> 1) + 1 : -1;
    }
    let size = 0;
    for (let c = 0; c < count; c += 1) {
      if (cells[c]! >= 0) continue;
      cells[c] = ~size;
      size += members[c]! + 1;
    }
    const cellMembers = new Uint32Array(size);
    for (let i = 0; i < this.#size; i += 1) {
      const place = cells[this.#cells[i]!]!;
      if (place >= 0) continue;
      const filled = (cellMembers[~place] = cellMembers[~place]! + 1);
      cellMembers[~place + filled] = this.#members[i]!;
    }
    return { cells, cellMembers };
  }
}

function grown(from: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(from.length * 2);
  to.set(from);
  return to;
}
