import { type Shape, positionsOfRegion, ringsOfRegion } from '@esinet/location';
import type { ServiceSet } from './packed-set.js';

/** Positions of polygons kept unpacked of one set; some 30 MB of them. Beyond it all are unpacked anew. */
const MAX_POSITIONS = 250_000;

interface Kept {
  readonly shapes: Map<number, Shape>;
  positions: number;
}

const keptOf = new WeakMap<ServiceSet, Kept>();

/**
 * The polygon of a region. What is asked for again and again is unpacked once, and is the same object each time, by
 * which what is written of it can be kept as well. It goes with its set.
 */
export function shapeOfRegion(set: ServiceSet, region: number): Shape {
  let kept = keptOf.get(set);
  if (!kept) keptOf.set(set, (kept = { shapes: new Map(), positions: 0 }));
  const known = kept.shapes.get(region);
  if (known) return known;
  const shape: Shape = { type: 'polygon', rings: ringsOfRegion(set.packed, region) };
  const positions = positionsOfRegion(set.packed, region);
  if (positions > MAX_POSITIONS) return shape;
  if (kept.positions + positions > MAX_POSITIONS) {
    kept.shapes.clear();
    kept.positions = 0;
  }
  kept.shapes.set(region, shape);
  kept.positions += positions;
  return shape;
}
