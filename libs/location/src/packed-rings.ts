import { isBordered, turnOfStep, turnsEastward } from './ring-longitudes.js';
import { type BoundaryGeometry, type BoundaryRing, polygonsOf } from './service-boundary.js';
import type { Position } from './shape.js';

/**
 * The geometries of a set of boundaries in flat arrays: every position once, 16 octets. Nothing but typed arrays, so a
 * worker can hand them over by transfer. A region is one polygon with its holes; regions come in the order of the set.
 */
export interface PackedRings {
  /** Longitude, latitude of every position, rings closed. Longitudes go on beyond 180 over the antimeridian. */
  readonly xy: Float64Array;
  /** First region of each boundary; one more entry than boundaries. */
  readonly firstRegion: Uint32Array;
  /** 1 where the geometry is a MultiPolygon. */
  readonly multi: Uint8Array;
  /** First ring of each region; one more entry than regions. */
  readonly firstRing: Uint32Array;
  /** First position of each ring. */
  readonly ringStart: Uint32Array;
  /** Positions of each ring, the closing one included, and the way over the pole of a ring that runs around it. */
  readonly ringSize: Uint32Array;
  /** First position of each ring as it was given: elsewhere than `ringStart` where longitudes were made continuous. */
  readonly ringGiven: Uint32Array;
  readonly ringGivenSize: Uint32Array;
  /** 1 where the inside lies to the right of the ring: exteriors that run clockwise, holes that do not. */
  readonly ringReversed: Uint8Array;
}

/** Edges are told by 31 bits with one for the direction of their ring. */
export const MAX_SET_POSITIONS = 1 << 30;
const CHUNK = 1 << 16;

/** Takes geometries one by one, so that no more than one of them need be there as nested arrays. */
export class RingPacker {
  #chunk = new Float64Array(CHUNK);
  readonly #full: Float64Array[] = [];
  #used = 0;
  #positions = 0;
  readonly #firstRegion: number[] = [0];
  readonly #multi: number[] = [];
  readonly #firstRing: number[] = [0];
  readonly #ringStart: number[] = [];
  readonly #ringSize: number[] = [];
  readonly #ringGiven: number[] = [];
  readonly #ringGivenSize: number[] = [];
  readonly #ringReversed: number[] = [];

  get positions(): number {
    return this.#positions;
  }

  /** @throws RangeError beyond MAX_SET_POSITIONS */
  add(geometry: BoundaryGeometry): void {
    for (const polygon of polygonsOf(geometry)) this.#addRegion(polygon);
    this.#firstRegion.push(this.#firstRing.length - 1);
    this.#multi.push(geometry.type === 'MultiPolygon' ? 1 : 0);
  }

  #addRegion(rings: readonly BoundaryRing[]): void {
    let anchor: number | undefined;
    rings.forEach((ring, n) => {
      if (this.#positions + 2 * ring.length > MAX_SET_POSITIONS)
        throw new RangeError(`more than ${MAX_SET_POSITIONS} positions in one set of boundaries`);
      const first = ring[0]?.[0] ?? 0;
      const bordered = isBordered(ring);
      const base = n === 0 ? turnsEastward(ring, bordered) : 0;
      // A hole is brought to the same turn as the exterior it is in.
      anchor ??= first + base;
      const shift = n === 0 ? base : Math.round((anchor - first) / 360) * 360;
      const start = this.#positions;
      let offset = shift;
      let moved = shift !== 0;
      let doubled = 0;
      let latitudes = 0;
      let before = first;
      let bx = 0;
      let by = 0;
      const to = this.#room(ring.length);
      for (let i = 0, at = 0; i < ring.length; i += 1, at += 2) {
        const p = ring[i]!;
        const lon = p[0] ?? 0;
        const y = p[1] ?? 0;
        if (i > 0) offset += turnOfStep(lon, y, before, by, bordered);
        if (offset !== 0) moved = true;
        const x = lon + offset;
        if (i > 0) doubled += bx * y - x * by;
        latitudes += y;
        before = lon;
        bx = x;
        by = y;
        to[at] = x;
        to[at + 1] = y;
      }
      const x0 = first + shift;
      if (Math.abs(bx - x0) > 180) {
        // Around a pole: along the last meridian to it, and back along the first.
        const pole = latitudes < 0 ? -90 : 90;
        const corners = [bx, pole, x0, pole, x0, by];
        this.#room(3).set(corners);
        for (let i = 0; i < corners.length; i += 2) {
          doubled += bx * corners[i + 1]! - corners[i]! * by;
          bx = corners[i]!;
          by = corners[i + 1]!;
        }
      }
      const size = this.#positions - start;
      let given = start;
      if (moved) {
        given = this.#positions;
        this.#room(ring.length).set(ring.flatMap((p) => [p[0] ?? 0, p[1] ?? 0]));
      }
      this.#ringStart.push(start);
      this.#ringSize.push(size);
      this.#ringGiven.push(given);
      this.#ringGivenSize.push(ring.length);
      this.#ringReversed.push(doubled < 0 === (n === 0) ? 1 : 0);
    });
    this.#firstRing.push(this.#ringStart.length);
  }

  /** Where so many positions go next. */
  #room(positions: number): Float64Array {
    if (this.#used + positions * 2 > this.#chunk.length) {
      this.#full.push(this.#chunk.subarray(0, this.#used));
      this.#chunk = new Float64Array(Math.max(CHUNK, positions * 2));
      this.#used = 0;
    }
    const room = this.#chunk.subarray(this.#used, this.#used + positions * 2);
    this.#used += positions * 2;
    this.#positions += positions;
    return room;
  }

  /** Once: what was taken is handed over. */
  finish(): PackedRings {
    const xy = new Float64Array(this.#positions * 2);
    let at = 0;
    for (const chunk of this.#full.splice(0)) {
      xy.set(chunk, at);
      at += chunk.length;
    }
    xy.set(this.#chunk.subarray(0, this.#used), at);
    return {
      xy,
      firstRegion: Uint32Array.from(this.#firstRegion),
      multi: Uint8Array.from(this.#multi),
      firstRing: Uint32Array.from(this.#firstRing),
      ringStart: Uint32Array.from(this.#ringStart),
      ringSize: Uint32Array.from(this.#ringSize),
      ringGiven: Uint32Array.from(this.#ringGiven),
      ringGivenSize: Uint32Array.from(this.#ringGivenSize),
      ringReversed: Uint8Array.from(this.#ringReversed),
    };
  }
}

/** The rings of one region as they were given, without altitudes. */
export function ringsOfRegion(packed: PackedRings, region: number): Position[][] {
  const rings: Position[][] = [];
  for (let r = packed.firstRing[region] ?? 0; r < (packed.firstRing[region + 1] ?? 0); r += 1) {
    const start = packed.ringGiven[r]!;
    const ring: Position[] = [];
    for (let i = start; i < start + packed.ringGivenSize[r]!; i += 1)
      ring.push([packed.xy[2 * i]!, packed.xy[2 * i + 1]!]);
    rings.push(ring);
  }
  return rings;
}

/** Positions of one region, closing ones included. */
export function positionsOfRegion(packed: PackedRings, region: number): number {
  let sum = 0;
  for (let r = packed.firstRing[region] ?? 0; r < (packed.firstRing[region + 1] ?? 0); r += 1)
    sum += packed.ringGivenSize[r]!;
  return sum;
}

/** Of the boundary at a place in the set. */
export function geometryOf(packed: PackedRings, boundary: number): BoundaryGeometry {
  const polygons: Position[][][] = [];
  for (let r = packed.firstRegion[boundary] ?? 0; r < (packed.firstRegion[boundary + 1] ?? 0); r += 1)
    polygons.push(ringsOfRegion(packed, r));
  return packed.multi[boundary] === 1
    ? { type: 'MultiPolygon', coordinates: polygons }
    : { type: 'Polygon', coordinates: polygons[0] ?? [] };
}
