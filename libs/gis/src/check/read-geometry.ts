import type { BoundaryRing } from '@esinet/location';
import { toGrid } from '../overlay/grid.js';
import { orientation } from '../overlay/orientation.js';
import { isRecord } from './gis-feature.js';
import type { Lonlat } from './issue.js';
import type { IssueCode } from './issue-catalogue.js';

export interface GeometryProblem {
  readonly code: IssueCode;
  readonly message: string;
  readonly at?: Lonlat;
}

export interface ReadGeometry {
  /** What can be compared: rings closed, axes turned where they are exchanged; empty where a ring cannot be read. */
  readonly polygons: readonly (readonly BoundaryRing[])[];
  readonly problems: readonly GeometryProblem[];
  /** Most of its numbers are far beyond degrees. */
  readonly projected: boolean;
}

const MAX_PROBLEMS = 20;
/** Numbers beyond this are metres or feet. */
const PROJECTED = 1_000;

/** A geometry member, with everything that is wrong with it (RFC 7946 3.1.6). */
export function readGeometry(geometry: unknown): ReadGeometry {
  const none = (code: IssueCode, message: string): ReadGeometry => ({
    polygons: [],
    problems: [{ code, message }],
    projected: false,
  });
  if (!isRecord(geometry)) return none('empty-geometry', 'no geometry');
  const { type, coordinates } = geometry;
  if (type !== 'Polygon' && type !== 'MultiPolygon') {
    return none(
      'geometry-type',
      `the geometry is a ${typeof type === 'string' ? type : 'thing without a type'}`,
    );
  }
  const listed: unknown = type === 'Polygon' ? [coordinates] : coordinates;
  if (!Array.isArray(listed) || listed.length === 0)
    return none('empty-geometry', 'a geometry without rings');
  const problems: GeometryProblem[] = [];
  let rings = 0;
  let usable = true;
  let far = 0;
  const polygons = (listed as unknown[]).map((polygon, p) => {
    if (!Array.isArray(polygon) || polygon.length === 0) {
      problems.push({ code: 'empty-geometry', message: `polygon ${p} has no rings` });
      return [];
    }
    return (polygon as unknown[]).flatMap((ring, r) => {
      rings += 1;
      const read = readRing(ring, `polygon ${p} ring ${r}`);
      if (read.far) far += 1;
      if (problems.length < MAX_PROBLEMS) problems.push(...read.problems);
      if (!read.ring) usable = false;
      return read.ring ? [read.ring] : [];
    });
  });
  const winding = usable ? windingProblem(polygons) : undefined;
  if (winding) problems.push(winding);
  return { polygons: usable ? polygons : [], problems, projected: rings > 0 && far * 2 > rings };
}

interface ReadRing {
  /** Undefined where it cannot be compared. */
  readonly ring?: BoundaryRing;
  readonly problems: readonly GeometryProblem[];
  readonly far?: boolean;
}

function readRing(ring: unknown, where: string): ReadRing {
  if (!Array.isArray(ring)) {
    return { problems: [{ code: 'empty-geometry', message: `${where} is not a list of positions` }] };
  }
  let before: Lonlat | undefined;
  let swapped: GeometryProblem | undefined;
  for (let i = 0; i < ring.length; i += 1) {
    const p: unknown = ring[i];
    const lon: unknown = Array.isArray(p) ? p[0] : undefined;
    const lat: unknown = Array.isArray(p) ? p[1] : undefined;
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) {
      const message = `${where} position ${i} is not two numbers`;
      return { problems: [{ code: 'not-a-number', message, ...(before && { at: before }) }] };
    }
    const [x, y] = [lon as number, lat as number];
    if (Math.abs(y) > 90 || Math.abs(x) > 180) {
      if (Math.abs(x) > 90 || Math.abs(y) > 180) {
        const message = `${where} position ${i} is [${x}, ${y}]`;
        return {
          problems: [{ code: 'out-of-range', message }],
          far: Math.abs(x) > PROJECTED || Math.abs(y) > PROJECTED,
        };
      }
      swapped ??= {
        code: 'axes-swapped',
        message: `${where} position ${i} is in range only if longitude and latitude are exchanged`,
        at: [y, x],
      };
    }
    before = [x, y];
  }
  if (swapped) return { ring: turned(ring as number[][]), problems: [swapped] };
  const positions = ring as number[][];
  const first = positions[0];
  const last = positions.at(-1);
  const at: Lonlat | undefined = first && [first[0]!, first[1]!];
  const closed = first && last && first[0] === last[0] && first[1] === last[1];
  if (positions.length < (closed ? 4 : 3)) {
    const message = `${where} has ${positions.length} ${positions.length === 1 ? 'position' : 'positions'}`;
    return { ring: [], problems: [{ code: 'too-few-positions', message, ...(at && { at }) }] };
  }
  if (!closed) {
    const message = `${where} ends at another place than it starts`;
    return { ring: positions, problems: [{ code: 'not-closed', message, ...(at && { at }) }] };
  }
  return { ring: positions, problems: [] };
}

/** Longitude and latitude exchanged; not where they cannot be. */
export function turned(ring: BoundaryRing): BoundaryRing {
  return ring.map((p) => [p[1]!, p[0]!]);
}

/** The first ring that runs the wrong way, and how many others do. Rings of no area have no way to run. */
function windingProblem(polygons: readonly (readonly BoundaryRing[])[]): GeometryProblem | undefined {
  let wrong = 0;
  let first: GeometryProblem | undefined;
  polygons.forEach((rings, p) =>
    rings.forEach((ring, r) => {
      const area = signedArea(ring);
      if (area === 0 || area > 0 === (r === 0)) return;
      wrong += 1;
      const [lon = 0, lat = 0] = ring[0] ?? [];
      first ??= {
        code: 'wrong-winding',
        message: `polygon ${p} ring ${r} runs ${r === 0 ? 'clockwise' : 'counter-clockwise'}`,
        at: [lon, lat],
      };
    }),
  );
  return first && wrong > 1 ? { ...first, message: `${first.message}, and ${wrong - 1} more` } : first;
}

/** Positive counter-clockwise; steps over the antimeridian go the short way. */
export function signedArea(ring: BoundaryRing): number {
  let sum = 0;
  let offset = 0;
  const y0 = ring[0]?.[1] ?? 0;
  const x0 = ring[0]?.[0] ?? 0;
  let x = 0;
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const step = ring[i + 1]![0]! - ring[i]![0]!;
    if (Math.abs(step) > 180 && Math.abs(step) < 360) offset += step > 0 ? -360 : 360;
    const next = ring[i + 1]![0]! + offset - x0;
    sum += x * (ring[i + 1]![1]! - y0) - next * (ring[i]![1]! - y0);
    x = next;
  }
  return sum / 2;
}

/** Where rings are whose positions all lie on one line, as far as the grid of comparisons tells. */
export function flatRings(polygons: readonly (readonly BoundaryRing[])[]): Lonlat[] {
  return polygons.flat().flatMap((ring): Lonlat[] => {
    if (ring.length < 4) return [];
    const [grid] = toGrid([[ring]])[0] ?? [];
    return grid && !isFlat(grid) ? [] : [[ring[0]![0]!, ring[0]![1]!]];
  });
}

function isFlat(ring: Float64Array): boolean {
  for (let i = 4; i < ring.length; i += 2) {
    if (orientation(ring[0]!, ring[1]!, ring[2]!, ring[3]!, ring[i]!, ring[i + 1]!) !== 0) return false;
  }
  return true;
}
