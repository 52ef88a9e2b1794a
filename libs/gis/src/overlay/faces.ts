import Flatbush from 'flatbush';
import type { PlanarMap } from './planar-map.js';

/** Which features cover a face: shape, times, shape, times …, by shape; times is 1 unless outlines are at odds. */
export type Cover = readonly number[];

/** The face outside of everything. */
export const OUTSIDE = 0;

export interface Faces {
  readonly count: number;
  /** The face to the left of each half-edge. */
  readonly of: Int32Array;
  /** One half-edge of every closed walk around a face; a face with islands has several. */
  readonly walks: readonly (readonly number[])[];
  /** The cover of each face; equal covers are the same number. */
  readonly coverOf: Int32Array;
  readonly covers: readonly Cover[];
}

/** Entries of all covers together: beyond it features lie over each other by the thousand. */
const MAX_COVER_ENTRIES = 20_000_000;

/** Every face of a map with the features that cover it; undefined where that is more than fits into memory. */
export function facesOf(map: PlanarMap): Faces | undefined {
  const { of, starts } = walksOf(map);
  const component = componentsOf(map);
  const outer = outerWalks(map, starts, component);
  // Walks that are not the outside of their component are faces; those that are belong to the face around it.
  const faceOfWalk = new Int32Array(starts.length).fill(-1);
  const walks: number[][] = [[]];
  starts.forEach((start, walk) => {
    if (outer.get(component[start]!) === walk) return;
    faceOfWalk[walk] = walks.length;
    walks.push([start]);
  });
  const covers = new CoverTable();
  const coverOf = new Int32Array(walks.length).fill(-1);
  coverOf[OUTSIDE] = covers.number([]);

  const byLeftmost = [...outer].map(([c, walk]) => ({ c, walk, corner: leftmost(map, starts[walk]!) }));
  const x = (corner: number): number => map.corners.first(corner);
  const y = (corner: number): number => map.corners.second(corner);
  byLeftmost.sort((a, b) => x(a.corner) - x(b.corner));
  const lines = byLeftmost.length > 1 ? lineIndex(map) : undefined;
  for (const { c, walk, corner } of byLeftmost) {
    const beside = lines ? lineToTheWest(map, lines, component, c, x(corner), y(corner)) : undefined;
    const face = beside === undefined ? OUTSIDE : faceOfWalk[of[beside]!]!;
    faceOfWalk[walk] = face;
    walks[face]!.push(starts[walk]!);
    if (!spread(map, of, faceOfWalk, starts[walk]!, coverOf, covers)) return undefined;
  }
  for (let h = 0; h < of.length; h += 1) of[h] = faceOfWalk[of[h]!]!;
  return { count: walks.length, of, walks, coverOf, covers: covers.all };
}

function walksOf({ next }: PlanarMap): { readonly of: Int32Array; readonly starts: number[] } {
  const of = new Int32Array(next.length).fill(-1);
  const starts: number[] = [];
  for (let h = 0; h < next.length; h += 1) {
    if (of[h]! >= 0) continue;
    for (let g = h; of[g]! < 0; g = next[g]!) of[g] = starts.length;
    starts.push(h);
  }
  return { of, starts };
}

/** Which lines hang together, by half-edge. */
function componentsOf({ origin, corners }: PlanarMap): Int32Array {
  const parent = new Int32Array(corners.count).map((_, i) => i);
  const root = (corner: number): number => {
    let r = corner;
    while (parent[r] !== r) {
      parent[r] = parent[parent[r]!]!;
      r = parent[r]!;
    }
    return r;
  };
  for (let h = 0; h < origin.length; h += 2) parent[root(origin[h]!)] = root(origin[h + 1]!);
  const out = new Int32Array(origin.length);
  for (let h = 0; h < origin.length; h += 1) out[h] = root(origin[h]!);
  return out;
}

/** The walk around the outside of each component: the one that encloses least, since it encloses less than nothing. */
function outerWalks(map: PlanarMap, starts: readonly number[], component: Int32Array): Map<number, number> {
  const least = new Map<number, number>();
  const outer = new Map<number, number>();
  starts.forEach((start, walk) => {
    const area = doubleArea(map, start);
    const c = component[start]!;
    if (area >= (least.get(c) ?? Infinity)) return;
    least.set(c, area);
    outer.set(c, walk);
  });
  return outer;
}

function doubleArea({ corners, origin, next }: PlanarMap, start: number): number {
  const x0 = corners.first(origin[start]!);
  const y0 = corners.second(origin[start]!);
  let sum = 0;
  let h = start;
  do {
    const a = origin[h]!;
    const b = origin[h ^ 1]!;
    sum +=
      (corners.first(a) - x0) * (corners.second(b) - y0) - (corners.first(b) - x0) * (corners.second(a) - y0);
    h = next[h]!;
  } while (h !== start);
  return sum;
}

function leftmost({ corners, origin, next }: PlanarMap, start: number): number {
  let found = origin[start]!;
  for (let h = next[start]!; h !== start; h = next[h]!) {
    if (corners.first(origin[h]!) < corners.first(found)) found = origin[h]!;
  }
  return found;
}

function lineIndex({ corners, origin }: PlanarMap): Flatbush {
  const index = new Flatbush(origin.length / 2);
  for (let h = 0; h < origin.length; h += 2) {
    const [a, b] = [origin[h]!, origin[h + 1]!];
    index.add(
      Math.min(corners.first(a), corners.first(b)),
      Math.min(corners.second(a), corners.second(b)),
      Math.max(corners.first(a), corners.first(b)),
      Math.max(corners.second(a), corners.second(b)),
    );
  }
  index.finish();
  return index;
}

/**
 * The half-edge of another component that is met first going west from just above a place, with the place to its left.
 * What starts farther west is settled already, so its face is known.
 */
function lineToTheWest(
  { corners, origin }: PlanarMap,
  lines: Flatbush,
  component: Int32Array,
  own: number,
  x: number,
  y: number,
): number | undefined {
  let nearest = -Infinity;
  let slant = -Infinity;
  let found: number | undefined;
  lines.search(-Infinity, y, x, y, (line) => {
    const h = line * 2;
    if (component[h] === own) return false;
    const [ax, ay] = [corners.first(origin[h]!), corners.second(origin[h]!)];
    const [bx, by] = [corners.first(origin[h + 1]!), corners.second(origin[h + 1]!)];
    // Just above: a line that ends at this height from below is not met.
    if (!(Math.min(ay, by) <= y && y < Math.max(ay, by))) return false;
    const perHeight = (bx - ax) / (by - ay);
    const at = ax + (y - ay) * perHeight;
    if (at >= x || at < nearest || (at === nearest && perHeight <= slant)) return false;
    nearest = at;
    slant = perHeight;
    // East of a line that runs down is its left.
    found = by < ay ? h : h + 1;
    return false;
  });
  return found;
}

/** From the face around a component to all faces in it: across a line the cover changes by what the line says. */
function spread(
  map: PlanarMap,
  walkOf: Int32Array,
  faceOfWalk: Int32Array,
  start: number,
  coverOf: Int32Array,
  covers: CoverTable,
): boolean {
  const pending = [start];
  for (let h = pending.pop(); h !== undefined; h = pending.pop()) {
    const here = coverOf[faceOfWalk[walkOf[h]!]!]!;
    let g = h;
    do {
      const face = faceOfWalk[walkOf[g ^ 1]!]!;
      if (coverOf[face]! < 0) {
        const line = g >> 1;
        // Going from the left of 2e to its right takes away what it says, the other way adds it.
        const sign = (g & 1) === 0 ? -1 : 1;
        coverOf[face] = covers.changed(here, map, line, sign);
        if (covers.entries > MAX_COVER_ENTRIES) return false;
        pending.push(g ^ 1);
      }
      g = map.next[g]!;
    } while (g !== h);
  }
  return true;
}

class CoverTable {
  readonly all: Cover[] = [];
  entries = 0;
  readonly #numbers = new Map<string, number>();

  number(cover: Cover): number {
    const key = cover.join(',');
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.all.push(cover);
    this.entries += cover.length;
    this.#numbers.set(key, this.all.length - 1);
    return this.all.length - 1;
  }

  changed(cover: number, { changeStart, changes }: PlanarMap, line: number, sign: number): number {
    const times = new Map<number, number>();
    const before = this.all[cover]!;
    for (let i = 0; i < before.length; i += 2) times.set(before[i]!, before[i + 1]!);
    for (let i = changeStart[line]!; i < changeStart[line + 1]!; i += 2) {
      times.set(changes[i]!, (times.get(changes[i]!) ?? 0) + sign * changes[i + 1]!);
    }
    const after = [...times].filter(([, n]) => n !== 0).sort(([a], [b]) => a - b);
    return this.number(after.flat());
  }
}
