import { extentOfRing, overlap } from './boundary-extent.js';
import type { Report } from './read-boundaries.js';
import { type Crossing, selfCrossings } from './self-crossing.js';
import type { BoundaryRing } from './service-boundary.js';

/**
 * What makes a self-crossing a mistake that is refused. Outlines that were simplified are full of small loops: of the
 * countries of world-atlas 10m one in six has some, up to 28 square kilometres. A call in such a loop is routed as if it
 * were inside. A figure of eight, or a loop that large, is a drawing that nobody meant.
 */
export const REFUSED_LOOP_SHARE = 0.25;
export const REFUSED_LOOP_SHARE_FROM_SQUARE_METRES = 100_000;
export const REFUSED_LOOP_SQUARE_METRES = 100_000_000;
export const REFUSED_LARGE_LOOP_SHARE = 0.01;
/** Corners of a hole that are looked for within its exterior. */
const HOLE_CORNERS = 8;

/** Says where rings cross themselves, and which holes lie outside of their exterior. */
export function checkPolygon(
  rings: readonly BoundaryRing[],
  where: string,
  report: Report,
  warn: Report,
): void {
  rings.forEach((ring, r) => {
    const { crossings, complete } = selfCrossings(ring);
    const bad = crossings.find(isMistake);
    const worst = bad ?? crossings[0];
    if (worst) {
      const message = `${where} ring ${r} crosses itself: ${textOf(worst)}`;
      if (bad) report('self-crossing', message);
      else warn('self-crossing', message);
    }
    if (!complete) warn('self-crossing', `${where} ring ${r} was looked through in part only`);
    const exterior = rings[0];
    if (r === 0 || !exterior) return;
    if (isFar(ring, exterior) && !crossesAntimeridian(exterior))
      report('hole-outside', `${where} ring ${r} is a hole far outside of the exterior`);
    else if (isOutside(ring, exterior))
      warn(
        'hole-outside',
        `${where} ring ${r} is a hole that lies outside of the exterior: calls in it are inside`,
      );
  });
}

function isMistake({ loop, share }: Crossing): boolean {
  return (
    (loop >= REFUSED_LOOP_SQUARE_METRES && share >= REFUSED_LARGE_LOOP_SHARE) ||
    (share >= REFUSED_LOOP_SHARE && loop >= REFUSED_LOOP_SHARE_FROM_SQUARE_METRES)
  );
}

function textOf({ first, second, at, loop }: Crossing): string {
  const [lon, lat] = at;
  const hectares = (loop / 10_000).toFixed(1);
  return `position ${first} to ${first + 1} and ${second} to ${second + 1}, at ${lon.toFixed(6)} ${lat.toFixed(6)} (${hectares} ha)`;
}

/** Further away than the exterior is large: of neighbours that were simplified, one's hole may lie in the other. */
function isFar(hole: BoundaryRing, exterior: BoundaryRing): boolean {
  const { minX, minY, maxX, maxY } = extentOfRing(exterior);
  const [width, height] = [maxX - minX, maxY - minY];
  const around = { minX: minX - width, minY: minY - height, maxX: maxX + width, maxY: maxY + height };
  return !overlap(extentOfRing(hole), around);
}

/** None of some corners, evenly chosen, lies in the exterior. One that touches the exterior may count as either. */
function isOutside(hole: BoundaryRing, exterior: BoundaryRing): boolean {
  const { minX, minY, maxX, maxY } = extentOfRing(hole);
  // Simplified away to a point.
  if (minX === maxX && minY === maxY) return false;
  if (crossesAntimeridian(exterior)) return false;
  const corners = hole.length - 1;
  const step = Math.max(1, Math.floor(corners / HOLE_CORNERS));
  for (let i = 0; i < corners; i += step) {
    const [x = NaN, y = NaN] = hole[i] ?? [];
    if (isWithin(exterior, x, y)) return false;
  }
  return true;
}

/** Holes of such a ring are taken as they are. */
function crossesAntimeridian(ring: BoundaryRing): boolean {
  return ring.some((p, i) => i > 0 && Math.abs((p[0] ?? 0) - (ring[i - 1]?.[0] ?? 0)) > 180);
}

/** On the edge counts as within. */
function isWithin(ring: BoundaryRing, px: number, py: number): boolean {
  let inside = false;
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [x1 = NaN, y1 = NaN] = ring[i] ?? [];
    const [x2 = NaN, y2 = NaN] = ring[i + 1] ?? [];
    if (px === x1 && py === y1) return true;
    if (y1 > py === y2 > py) continue;
    const x = x1 + ((py - y1) / (y2 - y1)) * (x2 - x1);
    if (px === x) return true;
    if (px < x) inside = !inside;
  }
  return inside;
}
