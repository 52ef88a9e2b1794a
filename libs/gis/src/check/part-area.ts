import { area } from '@turf/area';
import { distance } from '@esinet/location';
import { toPolygon } from '../overlay/grid.js';
import type { Part } from '../overlay/overlay.js';
import type { IssueGeometry, Lonlat, PolygonCoordinates } from './issue.js';

/** What is smaller, or narrower on the whole, than this is a sliver. */
export interface Tolerance {
  readonly areaM2: number;
  readonly widthM: number;
}

/** A corner's rounding to 1e-5 degrees is a metre. */
export const DEFAULT_TOLERANCE: Tolerance = { areaM2: 10, widthM: 1 };

export interface Area {
  readonly rings: PolygonCoordinates;
  readonly areaM2: number;
  /** Mean width: twice the area by the length of the rim. */
  readonly widthM: number;
}

/** The bounded ones of these parts, largest first. */
export function areasOf(parts: readonly Part[]): Area[] {
  return parts
    .filter((part) => !part.unbounded)
    .map((part) => {
      const rings = toPolygon(part.rings);
      const areaM2 = area({ type: 'Polygon', coordinates: rings });
      const rim = rings.reduce((sum, ring) => sum + lengthOf(ring), 0);
      return { rings, areaM2, widthM: rim > 0 ? (2 * areaM2) / rim : 0 };
    })
    .sort((a, b) => b.areaM2 - a.areaM2);
}

export function isSliver(a: Area, tolerance: Tolerance): boolean {
  return a.areaM2 < tolerance.areaM2 || a.widthM < tolerance.widthM;
}

function lengthOf(ring: readonly Lonlat[]): number {
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; i += 1) sum += distance(ring[i]!, ring[i + 1]!);
  return sum;
}

/** All of them as members of an issue; the place is in the first. */
export function areaOf(areas: readonly Area[]): {
  readonly areaM2: number;
  readonly geometry: IssueGeometry;
  readonly place: { readonly lon: number; readonly lat: number };
} {
  const [lon, lat] = insideOf(areas[0]?.rings ?? []);
  return {
    areaM2: areas.reduce((sum, a) => sum + a.areaM2, 0),
    geometry: { type: 'MultiPolygon', coordinates: areas.map(({ rings }) => rings) },
    place: { lon, lat },
  };
}

/** Heights at which a polygon is cut to find its widest place. */
const CUTS = 9;

/** A position well within a polygon: amid the widest of some cuts through it. */
export function insideOf(rings: PolygonCoordinates): Lonlat {
  let south = Infinity;
  let north = -Infinity;
  for (const [, lat] of rings[0] ?? []) {
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  let best: Lonlat = rings[0]?.[0] ?? [0, 0];
  let widest = 0;
  for (let cut = 1; cut <= CUTS; cut += 1) {
    const lat = south + ((north - south) * (cut - 0.5)) / CUTS;
    const xs: number[] = [];
    for (const ring of rings) {
      for (let i = 0; i + 1 < ring.length; i += 1) {
        const [x1, y1] = ring[i]!;
        const [x2, y2] = ring[i + 1]!;
        if (y1 > lat !== y2 > lat) xs.push(x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1));
      }
    }
    xs.sort((a, b) => a - b);
    for (let i = 0; i + 1 < xs.length; i += 2) {
      const width = xs[i + 1]! - xs[i]!;
      if (width <= widest) continue;
      widest = width;
      best = [(xs[i]! + xs[i + 1]!) / 2, lat];
    }
  }
  return best;
}
