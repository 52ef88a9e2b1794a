import Flatbush from 'flatbush';
import type { GridPolygons } from './grid.js';
import { IntList, PairTable } from './number-table.js';
import { orientation } from './orientation.js';

/** Rounds of splitting; two are the rule, more only where lines crowd within centimetres. */
const MAX_ROUNDS = 12;

/** Where a feature's outline crosses itself. */
export interface SelfCrossing {
  readonly shape: number;
  readonly x: number;
  readonly y: number;
}

/** Lines that meet at their ends only. A line's feature lies to its left, as often as it runs from `from` to `to`. */
export interface Linework {
  readonly corners: PairTable;
  /** One entry a piece of outline. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly shape: Int32Array;
  readonly selfCrossings: readonly SelfCrossing[];
}

export interface OverlayFailure {
  /** The feature whose lines took the most work; undefined where too many features lie over each other. */
  readonly worst: number | undefined;
}

export interface NodingOptions {
  /** Pairs of lines looked at before it gives up. */
  readonly maxWork: number;
  readonly progress?: (share: number) => void;
}

interface Work {
  left: number;
  /** Spent, by shape. */
  readonly of: Float64Array;
  /** Crossings of a shape with itself. */
  readonly tangles: Int32Array;
  tangled?: number;
}

interface Pieces {
  readonly from: IntList;
  readonly to: IntList;
  readonly shape: IntList;
  /** 1 where it may still meet others elsewhere than at its ends. */
  readonly fresh: IntList;
}

/** Self-crossings told of one feature. */
const MAX_CROSSINGS_A_SHAPE = 20;
/** A feature that crosses itself more often is a tangle: what it covers means nothing. */
const MAX_TANGLE = 10_000;
/** A crossing takes that many times the work of a pair of lines that do not cross. */
const CROSSING_WORK = 200;

/**
 * Splits all outlines where they cross or touch, and rounds to the grid (snap rounding, in rounds until nothing moves):
 * what comes out is a map whose lines meet at their ends only, whatever went in.
 */
export function nodeOutlines(shapes: readonly GridPolygons[], o: NodingOptions): Linework | OverlayFailure {
  const corners = new PairTable();
  let pieces: Pieces = { from: new IntList(), to: new IntList(), shape: new IntList(), fresh: new IntList() };
  shapes.forEach((polygons, shape) => {
    for (const ring of polygons.flat()) {
      let before = corners.add(ring[ring.length - 2]!, ring[ring.length - 1]!);
      for (let i = 0; i < ring.length; i += 2) {
        const corner = corners.add(ring[i]!, ring[i + 1]!);
        addPiece(pieces, before, corner, shape, 1);
        before = corner;
      }
    }
  });
  const selfCrossings: SelfCrossing[] = [];
  const work: Work = {
    left: o.maxWork,
    of: new Float64Array(shapes.length),
    tangles: new Int32Array(shapes.length),
  };
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const split = splitOnce(pieces, corners, work, round === 0 ? selfCrossings : undefined, o.progress);
    if (work.tangled !== undefined) return { worst: work.tangled };
    if (work.left < 0)
      return { worst: work.of.reduce((best, spent, shape) => (spent > work.of[best]! ? shape : best), 0) };
    if (!split) break;
    pieces = split;
  }
  return {
    corners,
    from: toArray(pieces.from),
    to: toArray(pieces.to),
    shape: toArray(pieces.shape),
    selfCrossings,
  };
}

function addPiece(pieces: Pieces, from: number, to: number, shape: number, fresh: number): void {
  if (from === to) return;
  pieces.from.push(from);
  pieces.to.push(to);
  pieces.shape.push(shape);
  pieces.fresh.push(fresh);
}

function toArray(list: IntList): Int32Array {
  const out = new Int32Array(list.length);
  for (let i = 0; i < out.length; i += 1) out[i] = list.at(i);
  return out;
}

/** One round; undefined where nothing had to be split. */
function splitOnce(
  pieces: Pieces,
  corners: PairTable,
  work: Work,
  selfCrossings: SelfCrossing[] | undefined,
  progress: ((share: number) => void) | undefined,
): Pieces | undefined {
  const lines = new PairTable();
  const count = pieces.from.length;
  const lineOf = new Int32Array(count);
  const freshLine = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    const from = pieces.from.at(i);
    const to = pieces.to.at(i);
    const line = lines.add(Math.min(from, to), Math.max(from, to));
    lineOf[i] = line;
    if (pieces.fresh.at(i)) freshLine[line] = 1;
  }
  if (lines.count === 0) return undefined;
  // Any one shape of each line, to know whose lines cost the most; all shapes, for self-crossings.
  const anyShape = new Int32Array(lines.count);
  for (let i = 0; i < count; i += 1) anyShape[lineOf[i]!] = pieces.shape.at(i);

  const ends = new Float64Array(lines.count * 4);
  const index = new Flatbush(lines.count);
  for (let line = 0; line < lines.count; line += 1) {
    const a = lines.first(line);
    const b = lines.second(line);
    const x1 = (ends[line * 4] = corners.first(a));
    const y1 = (ends[line * 4 + 1] = corners.second(a));
    const x2 = (ends[line * 4 + 2] = corners.first(b));
    const y2 = (ends[line * 4 + 3] = corners.second(b));
    index.add(Math.min(x1, x2) - 0.5, Math.min(y1, y2) - 0.5, Math.max(x1, x2) + 0.5, Math.max(y1, y2) + 0.5);
  }
  index.finish();

  const cuts = new Map<number, number[]>();
  const cut = (line: number, corner: number): void => {
    if (corner === lines.first(line) || corner === lines.second(line)) return;
    const known = cuts.get(line);
    if (!known) cuts.set(line, [corner]);
    else known.push(corner);
  };
  const crossings: [number, number, number][] = [];
  const touches = (corner: number, line: number): void => {
    const a = lines.first(line);
    const b = lines.second(line);
    if (corner === a || corner === b) return;
    const i = line * 4;
    if (
      passes(
        corners.first(corner),
        corners.second(corner),
        ends[i]!,
        ends[i + 1]!,
        ends[i + 2]!,
        ends[i + 3]!,
      )
    )
      cut(line, corner);
  };
  for (let line = 0; line < lines.count && work.left >= 0; line += 1) {
    if (!freshLine[line]) continue;
    if (progress && (line & 0x3fff) === 0) progress(line / lines.count);
    const i = line * 4;
    const a = lines.first(line);
    const b = lines.second(line);
    const [x1, y1, x2, y2] = [ends[i]!, ends[i + 1]!, ends[i + 2]!, ends[i + 3]!];
    let seen = 0;
    index.search(Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2), (other) => {
      if (other === line || (other < line && freshLine[other])) return false;
      seen += 1;
      work.of[anyShape[other]!]! += 1;
      if (seen > work.left) return false;
      const c = lines.first(other);
      const d = lines.second(other);
      touches(c, line);
      touches(d, line);
      touches(a, other);
      touches(b, other);
      if (a === c || a === d || b === c || b === d) return false;
      const j = other * 4;
      const corner = crossing(x1, y1, x2, y2, ends[j]!, ends[j + 1]!, ends[j + 2]!, ends[j + 3]!, corners);
      if (corner === undefined) return false;
      cut(line, corner);
      cut(other, corner);
      seen += CROSSING_WORK;
      const shape = anyShape[line]!;
      if (shape === anyShape[other]) {
        work.tangles[shape]! += 1;
        if (work.tangles[shape]! > MAX_TANGLE) {
          work.tangled = shape;
          work.left = -1;
        }
      }
      if (selfCrossings) crossings.push([line, other, corner]);
      return false;
    });
    work.left -= seen;
    work.of[anyShape[line]!]! += seen;
  }
  if (work.left < 0) return undefined;
  if (selfCrossings && crossings.length > 0)
    findSelfCrossings(crossings, lineOf, pieces.shape, corners, selfCrossings);
  if (cuts.size === 0) return undefined;

  for (const [line, on] of cuts) {
    const i = line * 4;
    const along = (corner: number): number =>
      (corners.first(corner) - ends[i]!) * (ends[i + 2]! - ends[i]!) +
      (corners.second(corner) - ends[i + 1]!) * (ends[i + 3]! - ends[i + 1]!);
    on.sort((p, q) => along(p) - along(q));
  }
  const next: Pieces = { from: new IntList(), to: new IntList(), shape: new IntList(), fresh: new IntList() };
  for (let i = 0; i < count; i += 1) {
    const from = pieces.from.at(i);
    const to = pieces.to.at(i);
    const shape = pieces.shape.at(i);
    const on = cuts.get(lineOf[i]!);
    if (!on) {
      addPiece(next, from, to, shape, 0);
      continue;
    }
    const forward = from < to;
    let before = from;
    for (let k = 0; k < on.length; k += 1) {
      const corner = on[forward ? k : on.length - 1 - k]!;
      addPiece(next, before, corner, shape, 1);
      before = corner;
    }
    addPiece(next, before, to, shape, 1);
  }
  return next;
}

/** Whether a line passes through the unit square around a corner, its ends apart. */
function passes(x: number, y: number, x1: number, y1: number, x2: number, y2: number): boolean {
  if (x < Math.min(x1, x2) - 0.5 || x > Math.max(x1, x2) + 0.5) return false;
  if (y < Math.min(y1, y2) - 0.5 || y > Math.max(y1, y2) + 0.5) return false;
  const dx = x2 - x1;
  const dy = y2 - y1;
  const along = (x - x1) * dx + (y - y1) * dy;
  if (along <= 0 || along >= dx * dx + dy * dy) return false;
  return Math.abs(dx * (y - y1) - dy * (x - x1)) <= 0.5 * (Math.abs(dx) + Math.abs(dy));
}

/** The corner where two lines cross, each between its ends; rounded to the grid. */
function crossing(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  x3: number,
  y3: number,
  x4: number,
  y4: number,
  corners: PairTable,
): number | undefined {
  const c = orientation(x1, y1, x2, y2, x3, y3);
  const d = orientation(x1, y1, x2, y2, x4, y4);
  if (c === 0 || d === 0 || c > 0 === d > 0) return undefined;
  const a = orientation(x3, y3, x4, y4, x1, y1);
  const b = orientation(x3, y3, x4, y4, x2, y2);
  if (a === 0 || b === 0 || a > 0 === b > 0) return undefined;
  const numerator = (x3 - x1) * (y4 - y3) - (y3 - y1) * (x4 - x3);
  const denominator = (x2 - x1) * (y4 - y3) - (y2 - y1) * (x4 - x3);
  const t = Math.max(0, Math.min(1, numerator / denominator));
  return corners.add(Math.round(x1 + t * (x2 - x1)), Math.round(y1 + t * (y2 - y1)));
}

function findSelfCrossings(
  crossings: readonly [number, number, number][],
  lineOf: Int32Array,
  shapes: IntList,
  corners: PairTable,
  found: SelfCrossing[],
): void {
  const wanted = new Map<number, Set<number>>();
  for (const [a, b] of crossings) {
    wanted.set(a, new Set());
    wanted.set(b, new Set());
  }
  for (let i = 0; i < lineOf.length; i += 1) wanted.get(lineOf[i]!)?.add(shapes.at(i));
  const told = new Map<number, number>();
  for (const [a, b, corner] of crossings) {
    for (const shape of wanted.get(a) ?? []) {
      if (!wanted.get(b)?.has(shape)) continue;
      const before = told.get(shape) ?? 0;
      if (before >= MAX_CROSSINGS_A_SHAPE) continue;
      told.set(shape, before + 1);
      found.push({ shape, x: corners.first(corner), y: corners.second(corner) });
    }
  }
}
