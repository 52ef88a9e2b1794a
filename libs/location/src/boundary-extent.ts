import { type BoundaryRing, polygonsOf, type ServiceBoundary } from './service-boundary.js';

export interface Extent {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

export const NO_EXTENT: Extent = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };

export function extentOf(boundary: ServiceBoundary): Extent {
  let all = NO_EXTENT;
  for (const polygon of polygonsOf(boundary.geometry)) all = union(all, extentOfRing(polygon[0] ?? []));
  return all;
}

/** Longitudes as they are given. */
export function extentOfRing(ring: BoundaryRing): Extent {
  let { minX, minY, maxX, maxY } = NO_EXTENT;
  for (const p of ring) {
    const [x = NaN, y = NaN] = p;
    if (x < minX) minX = x;
    if (x > maxX) maxX = x;
    if (y < minY) minY = y;
    if (y > maxY) maxY = y;
  }
  return { minX, minY, maxX, maxY };
}

export function union(a: Extent, b: Extent): Extent {
  return {
    minX: Math.min(a.minX, b.minX),
    minY: Math.min(a.minY, b.minY),
    maxX: Math.max(a.maxX, b.maxX),
    maxY: Math.max(a.maxY, b.maxY),
  };
}

export function overlap(a: Extent, b: Extent): boolean {
  return a.minX <= b.maxX && a.maxX >= b.minX && a.minY <= b.maxY && a.maxY >= b.minY;
}

/**
 * Boundaries whose axes look exchanged: apart from all the others as they stand, among them the other way round.
 * A guess that needs at least two others; a whole set in the wrong order is found by its range only.
 */
export function findSwappedAxes(
  boundaries: readonly { readonly id: string; readonly extent: Extent }[],
): string[] {
  if (boundaries.length < 3) return [];
  const extents = boundaries.map((b) => b.extent);
  // The union of all before and of all after, so that "all others" costs two passes.
  const before: Extent[] = [];
  let all = NO_EXTENT;
  for (const e of extents) {
    before.push(all);
    all = union(all, e);
  }
  const swapped: string[] = [];
  let after = NO_EXTENT;
  for (let i = extents.length - 1; i >= 0; i -= 1) {
    const e = extents[i] ?? NO_EXTENT;
    const others = union(before[i] ?? NO_EXTENT, after);
    const turned = { minX: e.minY, minY: e.minX, maxX: e.maxY, maxY: e.maxX };
    // What reaches beyond 90 degrees of longitude cannot have been meant as latitude.
    const possible = e.minX >= -90 && e.maxX <= 90;
    if (possible && !overlap(e, others) && overlap(turned, others)) swapped.unshift(boundaries[i]?.id ?? '');
    after = union(after, e);
  }
  return swapped;
}
