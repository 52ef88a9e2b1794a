import { err, ok, type Result } from '@esinet/kernel';

export type Positions = number[][];

export interface AreaGeometry {
  readonly type: 'Polygon' | 'MultiPolygon';
  readonly coordinates: Positions[] | Positions[][];
}

const token = /\s*([(),]|[A-Za-z]+|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/y;

/**
 * POLYGON or MULTIPOLYGON in well-known text (OGC 06-103r4 7), with Z and M, which are dropped; null where it is EMPTY.
 * A prefix `SRID=…;` other than 4326 is refused.
 */
export function readWkt(text: string): Result<AreaGeometry | null, string> {
  const srid = /^\s*SRID\s*=\s*(\d+)\s*;/i.exec(text);
  if (srid && srid[1] !== '4326') return err(`its SRID is ${srid[1]}, not 4326`);
  const reader = new Reader(text, srid ? srid[0].length : 0);
  const kind = reader.next()?.toUpperCase() ?? '';
  const match = /^(MULTIPOLYGON|POLYGON)(Z|M|ZM)?$/.exec(kind);
  if (!match)
    return err(kind === '' ? 'no well-known text' : `${kind.slice(0, 20)} is no POLYGON or MULTIPOLYGON`);
  let word = reader.next();
  if (word && /^(Z|M|ZM)$/i.test(word)) word = reader.next();
  if (word?.toUpperCase() === 'EMPTY') return ok(null);
  if (word !== '(') return err(`an opening bracket is missing after ${kind}`);
  // Of both kinds: rings, in one polygon or in several.
  const polygons: Positions[][] = [];
  if (match[1] === 'POLYGON') {
    const rings = reader.rings();
    if (!rings) return err(reader.fault);
    polygons.push(rings);
  } else {
    do {
      const rings = reader.next() === '(' ? reader.rings() : undefined;
      if (!rings) return err(reader.fault);
      polygons.push(rings);
      word = reader.next();
    } while (word === ',');
    if (word !== ')') return err(reader.fault);
  }
  if (reader.next() !== undefined) return err(reader.fault);
  return ok(
    match[1] === 'POLYGON'
      ? { type: 'Polygon', coordinates: polygons[0] ?? [] }
      : { type: 'MultiPolygon', coordinates: polygons },
  );
}

class Reader {
  #at: number;

  constructor(
    private readonly text: string,
    start: number,
  ) {
    this.#at = start;
  }

  get fault(): string {
    return `the well-known text is broken near its character ${this.#at + 1}`;
  }

  next(): string | undefined {
    token.lastIndex = this.#at;
    const found = token.exec(this.text);
    if (!found) return this.text.slice(this.#at).trim() === '' ? undefined : '?';
    this.#at = token.lastIndex;
    return found[1];
  }

  /** After the bracket that opens a polygon, to the one that closes it. */
  rings(): Positions[] | undefined {
    const rings: Positions[] = [];
    for (;;) {
      if (this.next() !== '(') return undefined;
      const ring: Positions = [];
      let numbers: number[] = [];
      for (;;) {
        const word = this.next();
        if (word === ',' || word === ')') {
          if (numbers.length < 2) return undefined;
          ring.push(numbers.slice(0, 2));
          numbers = [];
          if (word === ')') break;
        } else if (word === undefined || !Number.isFinite(Number(word))) return undefined;
        else numbers.push(Number(word));
      }
      rings.push(ring);
      const after = this.next();
      if (after === ')') return rings;
      if (after !== ',') return undefined;
    }
  }
}

export function writeWkt(polygons: readonly (readonly Positions[])[]): string {
  if (polygons.length === 0) return 'MULTIPOLYGON EMPTY';
  const ring = (positions: Positions): string => `(${positions.map(([x, y]) => `${x} ${y}`).join(',')})`;
  const polygon = (rings: readonly Positions[]): string => `(${rings.map(ring).join(',')})`;
  const [only] = polygons;
  if (polygons.length === 1 && only) return `POLYGON ${polygon(only)}`;
  return `MULTIPOLYGON (${polygons.map(polygon).join(',')})`;
}
