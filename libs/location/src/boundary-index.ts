import Flatbush from 'flatbush';
import type { Extent } from './boundary-extent.js';
import { METRES_PER_DEGREE } from './geodesy.js';
import { areaOfLoop, type Loop } from './half-strip.js';
import { packBoundaries, type PackedBoundaries } from './packed-boundaries.js';
import { Regions } from './regions.js';
import type { BoundaryAttributes, ServiceBoundary } from './service-boundary.js';
import type { Position, Shape } from './shape.js';
import { centroidOf } from './shape-geometry.js';
import { extentOfCircle, extentOfLoops, loopsOf, samplesOf, withinLoops } from './shape-loops.js';

/** Shares below this are dust of arithmetic on a common border. */
export const MIN_COVERING_SHARE = 1e-6;
/**
 * Edges times corners that one comparison of areas may cost, some five milliseconds. A larger one, such as a country
 * over ten thousand boundaries, is answered from samples (RFC 5222 12.2 does not ask for all mappings).
 */
export const MAX_COVERING_WORK = 200_000;
/** Shares are rounded so that equal ones are equal whatever arithmetic did to them. */
const SHARE_STEPS = 1e9;
/** Cells of the grid that may be looked at to see that a shape lies within one boundary. */
const MAX_CELLS_OF_SHAPE = 64;
/** How far the nearest boundary is looked for at first, and how much further each time. */
const NEAREST_FIRST_REACH_M = 500;
const NEAREST_GROWTH = 4;
const NO_MEMBERS = new Uint32Array(0);
/** Just within the last meridian, where half-open regions ending at 180 would leave it out. */
const EDGE_OF_WORLD = 1e-9;

export interface Coverage<B extends BoundaryAttributes = ServiceBoundary> {
  readonly boundary: B;
  /** Of the shape's area, more than 0 and at most 1. */
  readonly share: number;
}

export interface Neighbour<B extends BoundaryAttributes = ServiceBoundary> {
  readonly boundary: B;
  /** Metres, 0 within the boundary. */
  readonly distance: number;
}

interface Meeting {
  readonly region: number;
  readonly turn: number;
}

/**
 * Which boundaries are at a position, cover a shape, or lie near. Built once from a set, immutable after.
 * Boundaries come in the order of the set wherever nothing else orders them.
 */
export class BoundaryIndex<B extends BoundaryAttributes = ServiceBoundary> {
  readonly size: number;
  readonly vertices: number;
  readonly packed: PackedBoundaries;
  readonly #boundaries: readonly B[];
  readonly #regions: Regions;
  /** The boundary of each region. */
  readonly #owner: Uint32Array;
  readonly #tree: Flatbush | undefined;
  readonly #minX: number;
  readonly #maxX: number;
  /** No region goes beyond 180 degrees, so that none is met a turn away. */
  readonly #oneTurn: boolean;
  readonly #cells: Int32Array;
  readonly #members: Uint32Array;
  readonly #columns: number;
  readonly #rows: number;
  readonly #west: number;
  readonly #south: number;
  readonly #perX: number;
  readonly #perY: number;

  constructor(boundaries: readonly (B & ServiceBoundary)[]);
  /** A set that was packed elsewhere, with what stands beside its geometries in the same order. */
  constructor(boundaries: readonly B[], packed: PackedBoundaries);
  constructor(
    boundaries: readonly B[],
    packed = packBoundaries(boundaries as readonly (B & ServiceBoundary)[]),
  ) {
    this.#boundaries = boundaries;
    this.packed = packed;
    this.size = boundaries.length;
    this.vertices = packed.vertices;
    this.#regions = new Regions(packed);
    this.#owner = ownersOf(packed.firstRegion);
    this.#tree = packed.tree.byteLength > 0 ? Flatbush.from(packed.tree) : undefined;
    this.#minX = this.#tree?.minX ?? Infinity;
    this.#maxX = this.#tree?.maxX ?? -Infinity;
    this.#oneTurn = this.#minX >= -180 && this.#maxX <= 180;
    this.#cells = packed.cells;
    this.#members = packed.cellMembers;
    [this.#west = 0, this.#south = 0, this.#perX = 0, this.#perY = 0] = packed.gridFrame;
    [this.#columns = 0, this.#rows = 0] = packed.gridSize;
  }

  /** The boundaries that contain a position; a point on a common border belongs to exactly one of the neighbours. */
  at(p: Position): B[] {
    const owners = this.#ownersNear(p[0], p[1]);
    // Nearly always one, and nothing is faster than saying so.
    if (owners.length === 1) return [this.#boundaries[owners[0]!]!];
    return owners.map((n) => this.#boundaries[n]!);
  }

  /** The same at the ends of the world, where half-open regions would leave it out. */
  #ownersNear(lon: number, lat: number): number[] {
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) return [];
    const y = lat > 90 - EDGE_OF_WORLD ? 90 - EDGE_OF_WORLD : lat;
    const found = this.#ownersAt(lon, y);
    return found.length === 0 && lon === 180 ? this.#ownersAt(180 - EDGE_OF_WORLD, y) : found;
  }

  /** Places in the set, ascending. */
  #ownersAt(lon: number, lat: number): number[] {
    const owners: number[] = [];
    if (this.#oneTurn) {
      this.#addOwnersAt(lon, lat, owners);
      return owners;
    }
    for (const turn of this.#turnsOf(lon, lon)) this.#addOwnersAt(lon + turn, lat, owners);
    return owners.length > 1 ? [...new Set(owners)].sort((a, b) => a - b) : owners;
  }

  #addOwnersAt(x: number, y: number, owners: number[]): void {
    const cell = this.#cellOf(x, y);
    if (cell < 0) return;
    const content = this.#cells[cell]!;
    if (content === 0) return;
    if (content > 0) {
      owners.push(this.#owner[content - 1]!);
      return;
    }
    const members = this.#members;
    const first = ~content + 1;
    const end = first + members[first - 1]!;
    for (let k = first; k < end; k += 1) {
      const member = members[k]!;
      const region = member >>> 1;
      const owner = this.#owner[region]!;
      if (owners.length > 0 && owners[owners.length - 1] === owner) continue;
      if ((member & 1) === 1 || this.#regions.contains(region, x, y)) owners.push(owner);
    }
  }

  /** Regions about a position, each times two, plus one where it holds the cell around the position. */
  #membersAt(x: number, y: number): Uint32Array {
    const cell = this.#cellOf(x, y);
    const content = cell >= 0 ? this.#cells[cell]! : 0;
    if (content >= 0) return content > 0 ? Uint32Array.of(content * 2 - 1) : NO_MEMBERS;
    const first = ~content + 1;
    return this.#members.subarray(first, first + this.#members[first - 1]!);
  }

  /** The region that is all there is in an extent, told by the grid alone; undefined: look closer. -1: nothing is there. */
  #soleRegion(e: Extent): number | undefined {
    const [turn, ...others] = this.#turnsOf(e.minX, e.maxX);
    if (others.length > 0) return undefined;
    if (turn === undefined) return -1;
    const west = Math.floor((e.minX + turn - this.#west) * this.#perX);
    const east = Math.floor((e.maxX + turn - this.#west) * this.#perX);
    const south = Math.floor((e.minY - this.#south) * this.#perY);
    const north = Math.floor((e.maxY - this.#south) * this.#perY);
    if (!((east - west + 1) * (north - south + 1) <= MAX_CELLS_OF_SHAPE)) return undefined;
    let sole: number | undefined;
    for (let row = south; row <= north; row += 1) {
      for (let column = west; column <= east; column += 1) {
        const outside = column < 0 || row < 0 || column >= this.#columns || row >= this.#rows;
        // A shape at the end of the grid is compared with what is there.
        const content = outside ? 0 : this.#cells[row * this.#columns + column]!;
        if (content < 0 || (sole !== undefined && sole !== content)) return undefined;
        sole = content;
      }
    }
    return sole === undefined ? undefined : sole - 1;
  }

  /** -1: outside of the grid. */
  #cellOf(x: number, y: number): number {
    let column = Math.floor((x - this.#west) * this.#perX);
    let row = Math.floor((y - this.#south) * this.#perY);
    // The far ends of the grid belong to its last cells, with some room for what rounding does to them.
    if (column === this.#columns) column -= 1;
    if (row === this.#rows) row -= 1;
    if (!(column >= 0 && row >= 0 && column < this.#columns && row < this.#rows)) return -1;
    return row * this.#columns + column;
  }

  /** Multiples of 360 degrees by which an interval of longitudes meets the index. */
  #turnsOf(minX: number, maxX: number): number[] {
    const turns: number[] = [];
    for (const turn of [0, 360, -360]) {
      if (minX + turn <= this.#maxX && maxX + turn >= this.#minX) turns.push(turn);
    }
    return turns;
  }

  /**
   * The boundaries that share area with a shape, most first. A point, or a shape without area, counts as wholly
   * within every boundary at its centroid. Areas are compared in degrees, which is exact in ratio for small shapes.
   */
  covering(s: Shape): Coverage<B>[] {
    const around = s.type === 'circle' && s.radius > 0 ? extentOfCircle(s) : undefined;
    const within = around && this.#soleRegion(around);
    if (within !== undefined) return this.#wholly(within);
    const loops = s.type === 'point' ? [] : loopsOf(s);
    const whole = loops.reduce((sum, loop) => sum + areaOfLoop(loop), 0);
    if (!(whole > 0)) return this.at(centroidOf(s)).map((boundary) => ({ boundary, share: 1 }));
    const base = extentOfLoops(loops);
    const sole = this.#soleRegion(base);
    if (sole !== undefined) return this.#wholly(sole);
    const corners = loops.reduce((sum, loop) => sum + loop.length / 2, 0);
    const meeting = this.#meeting(base);
    const edges = meeting.reduce(
      (sum, m) => sum + this.#regions.edgesBetween(m.region, base.minY, base.maxY),
      0,
    );
    let areas = new Map<number, number>();
    if (edges * corners > MAX_COVERING_WORK) {
      this.#sample(loops, base, whole, areas);
    } else {
      for (const { region, turn } of meeting) {
        const shifted =
          turn === 0 ? loops : loops.map((loop) => loop.map((v, i) => (i % 2 === 0 ? v + turn : v)));
        const extent = { ...base, minX: base.minX + turn, maxX: base.maxX + turn };
        const area = this.#regions.areaWithin(region, shifted, extent, whole);
        const owner = this.#owner[region]!;
        areas.set(owner, (areas.get(owner) ?? 0) + area);
      }
    }
    areas = new Map([...areas].filter(([, area]) => area / whole > MIN_COVERING_SHARE));
    if (areas.size === 0) this.#islets(loops, meeting, whole, areas);
    return [...areas]
      .map(([owner, area]) => ({
        owner,
        share: Math.min(1, Math.max(1, Math.round((area / whole) * SHARE_STEPS)) / SHARE_STEPS),
      }))
      .sort((a, b) => b.share - a.share || a.owner - b.owner)
      .map((c) => ({ boundary: this.#boundaries[c.owner]!, share: c.share }));
  }

  #wholly(region: number): Coverage<B>[] {
    return region < 0 ? [] : [{ boundary: this.#boundaries[this.#owner[region]!]!, share: 1 }];
  }

  /** The regions whose extent meets another, each with the turn that brings them together. */
  #meeting(e: Extent): Meeting[] {
    return this.#turnsOf(e.minX, e.maxX).flatMap((turn) =>
      (this.#tree?.search(e.minX + turn, e.minY, e.maxX + turn, e.maxY) ?? []).map((region) => ({
        region,
        turn,
      })),
    );
  }

  #sample(loops: readonly Loop[], extent: Extent, whole: number, areas: Map<number, number>): void {
    const samples = samplesOf(loops, extent, whole);
    for (const [lon, lat] of samples) {
      for (const owner of this.#ownersAt(lon, lat))
        areas.set(owner, (areas.get(owner) ?? 0) + whole / samples.length);
    }
  }

  /** Too small to count, or between the samples: who asks about an area that holds a boundary has to get an answer. */
  #islets(
    loops: readonly Loop[],
    meeting: readonly Meeting[],
    whole: number,
    areas: Map<number, number>,
  ): void {
    for (const { region, turn } of meeting) {
      const [x, y] = this.#regions.corner(region);
      if (withinLoops(loops, x - turn, y)) areas.set(this.#owner[region]!, whole / SHARE_STEPS);
    }
  }

  /** Which polygon of a boundary's geometry holds a position: its place in the coordinates of a MultiPolygon, else 0. */
  partAt(boundary: B, [lon, lat]: Position): number | undefined {
    const y = Math.min(lat, 90 - EDGE_OF_WORLD);
    const { firstRegion } = this.packed;
    for (const ending of lon === 180 ? [lon, lon - EDGE_OF_WORLD] : [lon]) {
      for (const turn of this.#turnsOf(ending, ending)) {
        const x = ending + turn;
        const region = this.#membersAt(x, y).find(
          (member) =>
            this.#boundaries[this.#owner[member >>> 1]!] === boundary &&
            ((member & 1) === 1 || this.#regions.contains(member >>> 1, x, y)),
        );
        if (region !== undefined) return (region >>> 1) - firstRegion[this.#owner[region >>> 1]!]!;
      }
    }
    return undefined;
  }

  /** The boundaries within so many metres of a position, nearest first: for gaps and for callers off the coast. */
  nearest(p: Position, max: number): Neighbour<B>[] {
    const least = new Map<number, number>();
    for (const { region, x, y } of this.#around(p, max)) {
      const owner = this.#owner[region]!;
      const known = least.get(owner) ?? Infinity;
      const metres = this.#regions.distanceTo(region, x, y, Math.min(max, known));
      if (metres < known) least.set(owner, metres);
    }
    return [...least]
      .sort((a, b) => a[1] - b[1] || a[0] - b[0])
      .map(([owner, metres]) => ({ boundary: this.#boundaries[owner]!, distance: metres }));
  }

  /** The nearest that is accepted, without measuring the way to all others. */
  nearestOf(p: Position, max: number, accepts: (boundary: B) => boolean): Neighbour<B> | undefined {
    for (let reach = Math.min(max, NEAREST_FIRST_REACH_M); ; reach = Math.min(max, reach * NEAREST_GROWTH)) {
      let best: { owner: number; metres: number } | undefined;
      for (const { region, x, y, metres: atLeast } of this.#around(p, reach)) {
        const limit = best ? best.metres : reach;
        if (atLeast > limit) break;
        const owner = this.#owner[region]!;
        if (!accepts(this.#boundaries[owner]!)) continue;
        const metres = this.#regions.distanceTo(region, x, y, limit);
        if (metres > reach) continue;
        if (!best || metres < best.metres || (metres === best.metres && owner < best.owner))
          best = { owner, metres };
      }
      if (best) return { boundary: this.#boundaries[best.owner]!, distance: best.metres };
      if (!(reach < max)) return undefined;
    }
  }

  /** Regions whose extent is within so many metres, nearest first, with the position at their turn of the globe. */
  #around([lon, lat]: Position, max: number): { region: number; x: number; y: number; metres: number }[] {
    if (!Number.isFinite(lon) || !Number.isFinite(lat) || !(max >= 0)) return [];
    const dLat = max / METRES_PER_DEGREE;
    const dLon = Math.min(
      180,
      dLat / Math.max(0.001, Math.cos((Math.min(89.9, Math.abs(lat) + dLat) * Math.PI) / 180)),
    );
    const kx = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
    const found: { region: number; x: number; y: number; metres: number }[] = [];
    for (const turn of this.#turnsOf(lon - dLon, lon + dLon)) {
      const x = lon + turn;
      for (const region of this.#tree?.search(x - dLon, lat - dLat, x + dLon, lat + dLat) ?? []) {
        const [minX = 0, minY = 0, maxX = 0, maxY = 0] = this.packed.boxes.subarray(
          region * 4,
          region * 4 + 4,
        );
        const metres = Math.hypot(
          Math.max(minX - x, x - maxX, 0) * kx,
          Math.max(minY - lat, lat - maxY, 0) * METRES_PER_DEGREE,
        );
        found.push({ region, x, y: lat, metres });
      }
    }
    return found.sort((a, b) => a.metres - b.metres);
  }
}

function ownersOf(firstRegion: Uint32Array): Uint32Array {
  const owners = new Uint32Array(firstRegion.at(-1) ?? 0);
  for (let b = 0; b + 1 < firstRegion.length; b += 1) owners.fill(b, firstRegion[b], firstRegion[b + 1]);
  return owners;
}
