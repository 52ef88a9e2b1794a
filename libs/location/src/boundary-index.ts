import Flatbush from 'flatbush';
import type { Extent } from './boundary-extent.js';
import { METRES_PER_DEGREE } from './geodesy.js';
import { areaOfLoop, type Loop } from './half-strip.js';
import { Region } from './region.js';
import { polygonsOf, type ServiceBoundary } from './service-boundary.js';
import type { Position, Shape } from './shape.js';
import { centroidOf } from './shape-geometry.js';
import { extentOfLoops, loopsOf, samplesOf, withinLoops } from './shape-loops.js';

/** Shares below this are dust of arithmetic on a common border. */
export const MIN_COVERING_SHARE = 1e-6;
/**
 * Edges times corners that one comparison of areas may cost, some twenty milliseconds. A larger one, such as a country
 * over ten thousand boundaries, is answered from samples (RFC 5222 12.2 does not ask for all mappings).
 */
export const MAX_COVERING_WORK = 2_000_000;
/** Shares are rounded so that equal ones are equal whatever arithmetic did to them. */
const SHARE_STEPS = 1e9;
/** Just within the last meridian, where half-open regions ending at 180 would leave it out. */
const EDGE_OF_WORLD = 1e-9;

export interface Coverage {
  readonly boundary: ServiceBoundary;
  /** Of the shape's area, more than 0 and at most 1. */
  readonly share: number;
}

export interface Neighbour {
  readonly boundary: ServiceBoundary;
  /** Metres, 0 within the boundary. */
  readonly distance: number;
}

/**
 * Which boundaries are at a position, cover a shape, or lie near. Built once from a set, immutable after.
 * Boundaries come in the order of the set wherever nothing else orders them.
 */
export class BoundaryIndex {
  readonly size: number;
  readonly vertices: number;
  readonly #boundaries: readonly ServiceBoundary[];
  readonly #regions: Region[] = [];
  /** The boundary of each region. */
  readonly #owner: number[] = [];
  /** Its place in the geometry of its boundary. */
  readonly #part: number[] = [];
  readonly #tree: Flatbush | undefined;
  /** Whole turns to try: a region across the antimeridian is stored beyond 180 degrees. */
  #minX = Infinity;
  #maxX = -Infinity;

  constructor(boundaries: readonly ServiceBoundary[]) {
    this.#boundaries = boundaries;
    this.size = boundaries.length;
    let vertices = 0;
    boundaries.forEach((boundary, owner) => {
      for (const [part, polygon] of polygonsOf(boundary.geometry).entries()) {
        const region = new Region(polygon);
        if (region.edgeCount === 0) continue;
        vertices += region.edgeCount;
        this.#regions.push(region);
        this.#owner.push(owner);
        this.#part.push(part);
        this.#minX = Math.min(this.#minX, region.minX);
        this.#maxX = Math.max(this.#maxX, region.maxX);
      }
    });
    this.vertices = vertices;
    if (this.#regions.length > 0) {
      this.#tree = new Flatbush(this.#regions.length);
      for (const r of this.#regions) this.#tree.add(r.minX, r.minY, r.maxX, r.maxY);
      this.#tree.finish();
    }
  }

  /** The boundaries that contain a position; a point on a common border belongs to exactly one of the neighbours. */
  at(p: Position): ServiceBoundary[] {
    const [lon, lat] = p;
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) return [];
    const y = Math.min(lat, 90 - EDGE_OF_WORLD);
    const found = this.#ownersAt(lon, y);
    if (found.size === 0 && lon === 180) return this.#inOrder(this.#ownersAt(180 - EDGE_OF_WORLD, y));
    return this.#inOrder(found);
  }

  #ownersAt(lon: number, lat: number): Set<number> {
    const owners = new Set<number>();
    for (const x of this.#turnsOf(lon, lon)) {
      for (const n of this.#tree?.search(lon + x, lat, lon + x, lat) ?? []) {
        const owner = this.#owner[n]!;
        if (!owners.has(owner) && this.#regions[n]!.contains(lon + x, lat)) owners.add(owner);
      }
    }
    return owners;
  }

  #inOrder(owners: ReadonlySet<number>): ServiceBoundary[] {
    return [...owners].sort((a, b) => a - b).map((n) => this.#boundaries[n]!);
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
  covering(s: Shape): Coverage[] {
    const loops = s.type === 'point' ? [] : loopsOf(s);
    const whole = loops.reduce((sum, loop) => sum + areaOfLoop(loop), 0);
    if (!(whole > 0)) return this.at(centroidOf(s)).map((boundary) => ({ boundary, share: 1 }));
    const base = extentOfLoops(loops);
    const corners = loops.reduce((sum, loop) => sum + loop.length / 2, 0);
    const meeting = this.#meeting(base);
    const edges = meeting.reduce(
      (sum, m) => sum + this.#regions[m.region]!.edgesBetween(base.minY, base.maxY),
      0,
    );
    const areas = new Map<number, number>();
    if (edges * corners > MAX_COVERING_WORK) {
      this.#sample(loops, base, whole, areas);
    } else {
      for (const { region, turn } of meeting) {
        const shifted =
          turn === 0 ? loops : loops.map((loop) => loop.map((v, i) => (i % 2 === 0 ? v + turn : v)));
        const extent = { ...base, minX: base.minX + turn, maxX: base.maxX + turn };
        const area = this.#regions[region]!.areaWithin(shifted, extent, whole);
        const owner = this.#owner[region]!;
        areas.set(owner, (areas.get(owner) ?? 0) + area);
      }
    }
    return [...areas]
      .map(([owner, area]) => ({
        owner,
        share: Math.min(1, Math.round((area / whole) * SHARE_STEPS) / SHARE_STEPS),
      }))
      .filter((c) => c.share > MIN_COVERING_SHARE)
      .sort((a, b) => b.share - a.share || a.owner - b.owner)
      .map((c) => ({ boundary: this.#boundaries[c.owner]!, share: c.share }));
  }

  /** The regions whose extent meets another, each with the turn that brings them together. */
  #meeting(e: Extent): { readonly region: number; readonly turn: number }[] {
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
    if (areas.size > 0) return;
    // Islands between the samples: who asks about an area that meets a boundary has to get an answer.
    for (const { region, turn } of this.#meeting(extent)) {
      const [x, y] = this.#regions[region]!.corner;
      if (withinLoops(loops, x - turn, y)) areas.set(this.#owner[region]!, whole / (samples.length + 1));
    }
  }

  /** Which polygon of a boundary's geometry holds a position: its place in the coordinates of a MultiPolygon, else 0. */
  partAt(boundary: ServiceBoundary, [lon, lat]: Position): number | undefined {
    const y = Math.min(lat, 90 - EDGE_OF_WORLD);
    for (const x of lon === 180 ? [lon, lon - EDGE_OF_WORLD] : [lon]) {
      for (const turn of this.#turnsOf(x, x)) {
        const found = this.#tree
          ?.search(x + turn, y, x + turn, y)
          .find(
            (n) => this.#boundaries[this.#owner[n]!] === boundary && this.#regions[n]!.contains(x + turn, y),
          );
        if (found !== undefined) return this.#part[found];
      }
    }
    return undefined;
  }

  /** The boundaries within so many metres of a position, nearest first: for gaps and for callers off the coast. */
  nearest(p: Position, max: number): Neighbour[] {
    const [lon, lat] = p;
    if (!Number.isFinite(lon) || !Number.isFinite(lat) || !(max >= 0)) return [];
    const dLat = max / METRES_PER_DEGREE;
    const dLon = Math.min(
      180,
      dLat / Math.max(0.001, Math.cos((Math.min(89.9, Math.abs(lat) + dLat) * Math.PI) / 180)),
    );
    const least = new Map<number, number>();
    for (const turn of this.#turnsOf(lon - dLon, lon + dLon)) {
      const x = lon + turn;
      for (const n of this.#tree?.search(x - dLon, lat - dLat, x + dLon, lat + dLat) ?? []) {
        const owner = this.#owner[n]!;
        const known = least.get(owner) ?? Infinity;
        const metres = this.#regions[n]!.distanceTo(x, lat, Math.min(max, known));
        if (metres < known) least.set(owner, metres);
      }
    }
    return [...least]
      .sort((a, b) => a[1] - b[1] || a[0] - b[0])
      .map(([owner, metres]) => ({ boundary: this.#boundaries[owner]!, distance: metres }));
  }
}
