import { type CivicTables, DEGREE_UNITS } from './civic-tables.js';
import { METRES_PER_DEGREE } from './geodesy.js';
import type { Position } from './shape.js';

/** The share of a line that its first and last house stand from its ends at most. */
const MAX_INSET = 0.25;

/**
 * Where a house number of a range stands: so far along the line as its number is along the range, `offset` metres to
 * its side, and as far from the ends, where the line meets other roads and often a boundary.
 */
export function placeOnStreet(t: CivicTables, range: number, number: number, offset: number): Position {
  const low = t.low[range]!;
  const high = t.high[range]!;
  const along = high === low ? 0.5 : (Math.min(high, Math.max(low, number)) - low) / (high - low);
  const falling = (t.side[range]! & 2) !== 0;
  return placeAlong(t, t.line[range]!, falling ? 1 - along : along, (t.side[range]! & 1) !== 0, offset);
}

/** `along` is 0 at the start of the line and 1 at its end. */
export function placeAlong(
  t: CivicTables,
  line: number,
  along: number,
  right: boolean,
  offset: number,
): Position {
  const start = t.lineStarts[line]!;
  const end = t.lineStarts[line + 1]!;
  // Flat around the middle of the line: exact to a fraction of its own length.
  const scale = Math.max(0.01, Math.cos((latitude(t, start) * Math.PI) / 180));
  let whole = 0;
  for (let i = start + 1; i < end; i++) whole += lengthOf(t, i, scale);
  const inset = Math.min(offset, whole * MAX_INSET);
  let left = inset + along * (whole - 2 * inset);
  for (let i = start + 1; i < end; i++) {
    const length = lengthOf(t, i, scale);
    if (length > 0 && (left <= length || i === end - 1)) {
      const share = Math.min(1, left / length);
      const [x0, y0] = [longitude(t, i - 1), latitude(t, i - 1)];
      const dx = longitude(t, i) - x0;
      const dy = latitude(t, i) - y0;
      // The unit vector to the right of the way, in metres: (dy, -dx).
      const toSide = (right ? offset : -offset) / length;
      const east = dy * toSide;
      const north = -dx * scale * toSide;
      return [x0 + dx * share + east / scale, y0 + dy * share + north];
    }
    left -= length;
  }
  return [longitude(t, end - 1), latitude(t, end - 1)];
}

function longitude(t: CivicTables, i: number): number {
  return t.coordinates[i * 2]! / DEGREE_UNITS;
}

function latitude(t: CivicTables, i: number): number {
  return t.coordinates[i * 2 + 1]! / DEGREE_UNITS;
}

/** Metres from the position before. */
function lengthOf(t: CivicTables, i: number, scale: number): number {
  const dx = (longitude(t, i) - longitude(t, i - 1)) * scale;
  const dy = latitude(t, i) - latitude(t, i - 1);
  return Math.hypot(dx, dy) * METRES_PER_DEGREE;
}
