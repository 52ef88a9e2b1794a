/** A closed line as x, y, x, y, …, the first position not repeated. Its area counts by its winding. */
export type Loop = Float64Array;

let source = new Float64Array(512);
let target = new Float64Array(512);

/**
 * The signed area of what a loop has to the left (lower x) of an edge that goes up, between the edge's two ends.
 * The half strip is convex, so cutting by its three lines in turn is right for any simple loop (Sutherland, Hodgman).
 * Summed over the edges of a polygon, taken with the sign of their direction, this is the area of the intersection.
 */
export function areaLeftOf(loop: Loop, x1: number, y1: number, x2: number, y2: number): number {
  const room = loop.length * 8 + 64;
  if (source.length < room) {
    source = new Float64Array(room);
    target = new Float64Array(room);
  }
  let length = cut(loop, loop.length, source, 0, 1, -y1);
  if (length === 0) return 0;
  length = cut(source, length, target, 0, -1, y2);
  if (length === 0) return 0;
  const a = -(y2 - y1);
  const b = x2 - x1;
  length = cut(target, length, source, a, b, -(a * x1 + b * y1));
  return areaOfLoop(source, length);
}

/** Keeps what has a x + b y + c >= 0. A straight cut at most doubles the number of corners. */
function cut(from: Float64Array, length: number, to: Float64Array, a: number, b: number, c: number): number {
  if (length === 0) return 0;
  let n = 0;
  let px = from[length - 2]!;
  let py = from[length - 1]!;
  let pd = a * px + b * py + c;
  for (let i = 0; i < length; i += 2) {
    const x = from[i]!;
    const y = from[i + 1]!;
    const d = a * x + b * y + c;
    if (d >= 0 !== pd >= 0) {
      const t = pd / (pd - d);
      to[n] = px + t * (x - px);
      to[n + 1] = py + t * (y - py);
      n += 2;
    }
    if (d >= 0) {
      to[n] = x;
      to[n + 1] = y;
      n += 2;
    }
    px = x;
    py = y;
    pd = d;
  }
  return n;
}

/** Signed, in the square of the unit; positive is counter-clockwise. */
export function areaOfLoop(loop: Float64Array, length: number = loop.length): number {
  if (length < 6) return 0;
  const ox = loop[0]!;
  const oy = loop[1]!;
  let doubled = 0;
  for (let i = 2; i + 3 < length; i += 2) {
    doubled += (loop[i]! - ox) * (loop[i + 3]! - oy) - (loop[i + 2]! - ox) * (loop[i + 1]! - oy);
  }
  return doubled / 2;
}
