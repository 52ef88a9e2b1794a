/** Sums below this are exact in a double. */
const EXACT = 2 ** 53;

/** Positive where a, b, c turn left. Exact for whole numbers. */
export function orientation(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): number {
  const left = (bx - ax) * (cy - ay);
  const right = (by - ay) * (cx - ax);
  const turn = left - right;
  const size = Math.abs(left) + Math.abs(right);
  if (size < EXACT || Math.abs(turn) > size * 1e-15) return turn;
  const exact = BigInt(bx - ax) * BigInt(cy - ay) - BigInt(by - ay) * BigInt(cx - ax);
  return exact > 0n ? 1 : exact < 0n ? -1 : 0;
}

/** The upper half plane, the positive x axis with it, before the lower one. */
function half(dx: number, dy: number): number {
  return dy > 0 || (dy === 0 && dx > 0) ? 0 : 1;
}

/** Negative where direction a comes before b, counter-clockwise from east. Exact for whole numbers. */
export function compareDirections(adx: number, ady: number, bdx: number, bdy: number): number {
  const halves = half(adx, ady) - half(bdx, bdy);
  return halves !== 0 ? halves : -orientation(0, 0, adx, ady, bdx, bdy);
}
