import { doubleAreaOf, type GridPolygons, type GridRing } from './grid.js';
import { type Cover, type Faces, facesOf, OUTSIDE } from './faces.js';
import { nodeOutlines, type OverlayFailure, type NodingOptions, type SelfCrossing } from './noding.js';
import { type PlanarMap, planarMapOf } from './planar-map.js';

/** Faces that hang together along lines, as one polygon. */
export interface Part {
  /** Exterior first, counter-clockwise; holes clockwise. */
  readonly rings: readonly GridRing[];
  /** It is, or is open to, the outside of everything. */
  readonly unbounded: boolean;
  /** Features that lie directly outside of it. */
  readonly neighbours: readonly number[];
}

/** The map that all features make together: which of them cover what. */
export class Overlay {
  readonly selfCrossings: readonly SelfCrossing[];
  readonly #map: PlanarMap;
  readonly #faces: Faces;
  /** Faces by cover. */
  readonly #facesOfCover: number[][];
  readonly #stamp: Int32Array;
  #stamps = 0;

  private constructor(map: PlanarMap, faces: Faces, selfCrossings: readonly SelfCrossing[]) {
    this.selfCrossings = selfCrossings;
    this.#map = map;
    this.#faces = faces;
    this.#facesOfCover = faces.covers.map(() => []);
    faces.coverOf.forEach((cover, face) => this.#facesOfCover[cover]?.push(face));
    this.#stamp = new Int32Array(faces.count);
  }

  static of(shapes: readonly GridPolygons[], o: NodingOptions): Overlay | OverlayFailure {
    const linework = nodeOutlines(shapes, o);
    if ('worst' in linework) return linework;
    const map = planarMapOf(linework);
    const faces = facesOf(map);
    return faces ? new Overlay(map, faces, linework.selfCrossings) : { worst: undefined };
  }

  /** The different sets of features that cover something, by number. */
  get covers(): readonly Cover[] {
    return this.#faces.covers;
  }

  /** What has one of these covers, as polygons. */
  parts(covers: Iterable<number>): Part[] {
    const faces: number[] = [];
    this.#stamps += 1;
    const inSet = this.#stamps;
    for (const cover of covers) {
      for (const face of this.#facesOfCover[cover] ?? []) {
        faces.push(face);
        this.#stamp[face] = inSet;
      }
    }
    const parts: Part[] = [];
    for (const face of faces) {
      if (this.#stamp[face] !== inSet) continue;
      parts.push(this.#partFrom(face, inSet));
    }
    return parts;
  }

  /** Grows from a face across lines, and leaves its faces with a stamp of their own. */
  #partFrom(first: number, inSet: number): Part {
    const { next } = this.#map;
    const { of, walks } = this.#faces;
    this.#stamps += 1;
    const own = this.#stamps;
    this.#stamp[first] = own;
    const members = [first];
    const rim: number[] = [];
    const outside = new Set<number>();
    for (let m = 0; m < members.length; m += 1) {
      for (const start of walks[members[m]!]!) {
        let h = start;
        do {
          const beyond = of[h ^ 1]!;
          if (this.#stamp[beyond] === inSet) {
            this.#stamp[beyond] = own;
            members.push(beyond);
          } else if (this.#stamp[beyond] !== own) {
            rim.push(h);
            outside.add(beyond);
          }
          h = next[h]!;
        } while (h !== start);
      }
    }
    const neighbours = new Set<number>();
    for (const face of outside) {
      const cover = this.#faces.covers[this.#faces.coverOf[face]!]!;
      for (let i = 0; i < cover.length; i += 2) neighbours.add(cover[i]!);
    }
    return {
      rings: this.#ringsOf(rim, own),
      unbounded: this.#stamp[OUTSIDE] === own,
      neighbours: [...neighbours].sort((a, b) => a - b),
    };
  }

  /** The rim of a part as rings, the one that encloses most first. */
  #ringsOf(rim: readonly number[], own: number): GridRing[] {
    const { corners, origin, next } = this.#map;
    const { of } = this.#faces;
    const walked = new Set<number>();
    const rings: GridRing[] = [];
    for (const start of rim) {
      if (walked.has(start)) continue;
      const ring: number[] = [];
      let h = start;
      do {
        walked.add(h);
        ring.push(corners.first(origin[h]!), corners.second(origin[h]!));
        h = next[h]!;
        // Across lines within the part, to the next one of its rim.
        while (this.#stamp[of[h ^ 1]!] === own) h = next[h ^ 1]!;
      } while (h !== start);
      rings.push(Float64Array.from(ring));
    }
    return rings.sort((a, b) => doubleAreaOf(b) - doubleAreaOf(a));
  }
}
