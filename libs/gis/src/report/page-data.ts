import type { GisFeature } from '../check/gis-feature.js';
import type { IssueGeometry, Lonlat, PolygonCoordinates } from '../check/issue.js';
import { alignTurns, toGrid, UNITS_PER_DEGREE } from '../overlay/grid.js';

/** How something is drawn: its colour, and its hatch for those who do not see colours. */
export type PageLook = 'gap' | 'overlap' | 'sliver' | 'change' | 'fault';

/** Rings as whole numbers of 1e-6 degrees: lon, lat of the first position, then differences. */
export type PageRings = readonly (readonly number[])[];

export interface PageArea {
  readonly name: string;
  readonly note: string;
  readonly polygons: readonly PageRings[];
  /** Where its name is written, degrees. */
  readonly label?: Lonlat;
  /** How wide it is there, degrees. */
  readonly span?: number;
}

export interface PageItem {
  readonly id: string;
  readonly text: string;
  /** Smaller: ids, area, place. */
  readonly notes: readonly string[];
  readonly look: PageLook;
  /** lon, lat in degrees. */
  readonly place?: Lonlat;
  readonly polygons: readonly PageRings[];
  readonly points: readonly Lonlat[];
  /** Numbers of areas, to go to where it has no place of its own. */
  readonly areas: readonly number[];
  /** Shown on the map only when it is chosen. */
  readonly quiet: boolean;
  /** Commands to try. */
  readonly commands: readonly string[];
}

export interface PageGroup {
  readonly severity: string;
  readonly title: string;
  readonly meaning: string;
  readonly fix: string;
  readonly items: readonly PageItem[];
  /** How many there are; the page may list fewer. */
  readonly count: number;
}

export interface PageData {
  readonly title: string;
  readonly summary: string;
  readonly notes: readonly string[];
  readonly areas: readonly PageArea[];
  readonly groups: readonly PageGroup[];
  readonly legend: readonly { readonly look: PageLook; readonly text: string }[];
  readonly severities: readonly string[];
}

const MICRO = 1e6;
/** Positions of boundaries on a page or in a picture; beyond it they are drawn coarser away from issues. */
const MAX_DRAWN_POSITIONS = 150_000;
/** Steps of coarseness, in 1e-6 degrees. */
const STEPS = [1, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000];
/** Issues larger than this keep no detail of the boundaries around them, degrees. */
const LARGE = 2;
const CELL = 0.02;

/** Boundaries as drawn: at one turn of the globe, borders of neighbours still on each other. */
export class Drawing {
  /** By number of the feature: polygons of rings in degrees. */
  readonly polygons: readonly (readonly PolygonCoordinates[])[];
  readonly #west: number;

  constructor(features: readonly GisFeature[], details: readonly (IssueGeometry | undefined)[]) {
    const grids = features.map((f) => toGrid(f.polygons));
    alignTurns(grids);
    let west = Infinity;
    for (const ring of grids.flat(2))
      for (let i = 0; i < ring.length; i += 2) west = Math.min(west, ring[i]!);
    this.#west = Number.isFinite(west) ? west / UNITS_PER_DEGREE : -180;
    const fine = this.#cellsOf(details);
    const total = grids.flat(2).reduce((sum, ring) => sum + ring.length / 2, 0);
    const draw = (step: number): Lonlat[][][][] =>
      grids.map((polygons) =>
        polygons
          .map((rings) => rings.map((ring) => coarser(ring, step, fine)).filter((ring) => ring.length > 3))
          .filter((rings) => rings.length > 0),
      );
    let drawn: Lonlat[][][][] = [];
    for (const step of total <= MAX_DRAWN_POSITIONS ? [1] : STEPS.slice(1)) {
      drawn = draw(step);
      if (drawn.flat(2).reduce((sum, ring) => sum + ring.length, 0) <= MAX_DRAWN_POSITIONS) break;
    }
    this.polygons = drawn;
  }

  /** A longitude at the turn of the globe at which the boundaries are drawn. */
  turn(lon: number): number {
    return lon + 360 * Math.ceil((this.#west - 1 - lon) / 360);
  }

  turned(ring: readonly Lonlat[]): Lonlat[] {
    const first = ring[0];
    const shift = first ? this.turn(first[0]) - first[0] : 0;
    return shift === 0 ? [...ring] : ring.map(([lon, lat]) => [lon + shift, lat]);
  }

  #cellsOf(details: readonly (IssueGeometry | undefined)[]): Set<number> {
    const cells = new Set<number>();
    const add = (positions: readonly Lonlat[]): void => {
      let [w, s, e, n] = [Infinity, Infinity, -Infinity, -Infinity];
      for (const [degrees, lat] of positions) {
        const lon = this.turn(degrees);
        w = Math.min(w, lon);
        e = Math.max(e, lon);
        s = Math.min(s, lat);
        n = Math.max(n, lat);
      }
      if (e - w > LARGE || n - s > LARGE) return;
      for (let x = w - CELL; x <= e + CELL; x += CELL)
        for (let y = s - CELL; y <= n + CELL; y += CELL) cells.add(cellOf(x, y));
    };
    for (const geometry of details) {
      if (geometry?.type === 'MultiPolygon') {
        for (const [ring = []] of geometry.coordinates) if (ring.length < 10_000) add(ring);
      } else if (geometry?.type === 'Point') add([geometry.coordinates]);
      else for (const at of geometry?.coordinates ?? []) add([at]);
    }
    return cells;
  }
}

function cellOf(lon: number, lat: number): number {
  return Math.floor(lon / CELL) * 100_000 + Math.floor(lat / CELL);
}

/** Rounded to a step, the same way for everybody who shares the border; as it is where detail counts. */
function coarser(ring: Float64Array, step: number, fine: ReadonlySet<number>): Lonlat[] {
  const out: Lonlat[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    const lon = ring[i]! / UNITS_PER_DEGREE;
    const lat = ring[i + 1]! / UNITS_PER_DEGREE;
    const unit = step === 1 || fine.has(cellOf(lon, lat)) ? 1 : step;
    const x = (Math.round((lon * MICRO) / unit) * unit) / MICRO;
    const y = (Math.round((lat * MICRO) / unit) * unit) / MICRO;
    const before = out.at(-1);
    if (before?.[0] !== x || before[1] !== y) out.push([x, y]);
  }
  const first = out[0];
  if (first) out.push(first);
  return out;
}

export function encodeRing(ring: readonly Lonlat[]): number[] {
  let [x, y] = [0, 0];
  return ring.flatMap(([lon, lat]) => {
    const [nx, ny] = [Math.round(lon * MICRO), Math.round(lat * MICRO)];
    const step = [nx - x, ny - y];
    [x, y] = [nx, ny];
    return step;
  });
}
