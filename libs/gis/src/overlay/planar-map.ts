import type { Linework } from './noding.js';
import { IntList, PairTable } from './number-table.js';
import { compareDirections } from './orientation.js';

/**
 * Lines as half-edges: 2e runs from the first end of line e to the second, 2e + 1 back. To the left of each lies a
 * face; walking `next` goes around it.
 */
export interface PlanarMap {
  readonly corners: PairTable;
  /** Where a half-edge starts. */
  readonly origin: Int32Array;
  readonly next: Int32Array;
  /** How often each feature lies more to the left of 2e than to its right: shape, times, shape, times … by line. */
  readonly changeStart: Int32Array;
  readonly changes: Int32Array;
}

/** What every line changes. Where outlines of one feature run back and forth, nothing changes and there is no line. */
export function planarMapOf(linework: Linework): PlanarMap {
  const { corners } = linework;
  const { lines, changeStart, changes } = changesOf(linework);
  const count = lines.length / 2;
  const origin = new Int32Array(count * 2);
  for (let i = 0; i < count * 2; i += 1) origin[i] = lines[i]!;

  const start = new Int32Array(corners.count + 1);
  for (const corner of origin) start[corner + 1]! += 1;
  for (let c = 0; c < corners.count; c += 1) start[c + 1]! += start[c]!;
  const fill = start.slice();
  const around = new Int32Array(count * 2);
  for (let h = 0; h < count * 2; h += 1) {
    const corner = origin[h]!;
    around[fill[corner]!] = h;
    fill[corner]! += 1;
  }
  const next = new Int32Array(count * 2);
  for (let corner = 0; corner < corners.count; corner += 1) {
    const leaving = around.subarray(start[corner]!, start[corner + 1]!);
    if (leaving.length > 2) sortAround(leaving, corner, origin, corners);
    // Around the face to the left: from the way back, the next one clockwise.
    for (let k = 0; k < leaving.length; k += 1) {
      next[leaving[k]! ^ 1] = leaving[(k + leaving.length - 1) % leaving.length]!;
    }
  }
  return { corners, origin, next, changeStart, changes };
}

function sortAround(leaving: Int32Array, corner: number, origin: Int32Array, corners: PairTable): void {
  const x = corners.first(corner);
  const y = corners.second(corner);
  leaving.sort((g, h) => {
    const a = origin[g ^ 1]!;
    const b = origin[h ^ 1]!;
    return compareDirections(
      corners.first(a) - x,
      corners.second(a) - y,
      corners.first(b) - x,
      corners.second(b) - y,
    );
  });
}

function changesOf({ from, to, shape }: Linework): {
  readonly lines: Int32Array;
  readonly changeStart: Int32Array;
  readonly changes: Int32Array;
} {
  const table = new PairTable();
  const lineOf = new Int32Array(from.length);
  for (let i = 0; i < from.length; i += 1) {
    lineOf[i] = table.add(Math.min(from[i]!, to[i]!), Math.max(from[i]!, to[i]!));
  }
  const start = new Int32Array(table.count + 1);
  for (const line of lineOf) start[line + 1]! += 1;
  for (let l = 0; l < table.count; l += 1) start[l + 1]! += start[l]!;
  const fill = start.slice();
  const pieces = new Int32Array(from.length);
  for (let i = 0; i < from.length; i += 1) {
    pieces[fill[lineOf[i]!]!] = i;
    fill[lineOf[i]!]! += 1;
  }
  const lines = new IntList();
  const changeStart = new IntList();
  const changes = new IntList();
  for (let line = 0; line < table.count; line += 1) {
    const net = new Map<number, number>();
    for (let k = start[line]!; k < start[line + 1]!; k += 1) {
      const i = pieces[k]!;
      net.set(shape[i]!, (net.get(shape[i]!) ?? 0) + (from[i]! < to[i]! ? 1 : -1));
    }
    const before = changes.length;
    for (const [s, times] of net) {
      if (times === 0) continue;
      changes.push(s);
      changes.push(times);
    }
    if (changes.length === before) continue;
    changeStart.push(before);
    lines.push(table.first(line));
    lines.push(table.second(line));
  }
  changeStart.push(changes.length);
  return { lines: arrayOf(lines), changeStart: arrayOf(changeStart), changes: arrayOf(changes) };
}

function arrayOf(list: IntList): Int32Array {
  const out = new Int32Array(list.length);
  for (let i = 0; i < out.length; i += 1) out[i] = list.at(i);
  return out;
}
