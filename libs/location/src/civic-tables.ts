import type { CivicFolding } from './civic-fold.js';
import type { StringTable } from './string-table.js';

/** The elements that say in which area an address is, largest first (RFC 5139 3.1, RFC 4776 3.4). */
export const AREA_NAMES = ['country', 'A1', 'A2', 'A3', 'A4', 'A5', 'A6'] as const;
/** The elements that say on which road, in the order in which a full name is said (RFC 5139 3.2, RFC 6848 5.3). */
export const ROAD_NAMES = [
  'PRM',
  'PRD',
  'STP',
  'STPS',
  'RD',
  'STS',
  'POD',
  'POM',
  'RDSEC',
  'RDBR',
  'RDSUBBR',
] as const;
/** Those that make the full name; the others say which part of the road. */
export const FULL_NAME_PARTS = 8;
export const RD = 4;
/** What may be known of an address point beyond its number. */
export const PLACE_NAMES = [
  'BLD',
  'FLR',
  'UNIT',
  'ROOM',
  'SEAT',
  'LOC',
  'NAM',
  'LMK',
  'PN',
  'MP',
  'ADDCODE',
  'POBOX',
  'PLC',
] as const;
/** Those of them by which a place is found without a house number. */
export const LANDMARKS: readonly (typeof PLACE_NAMES)[number][] = [
  'PN',
  'MP',
  'ADDCODE',
  'LMK',
  'NAM',
  'BLD',
];

export const AREA_WIDTH = AREA_NAMES.length;
export const ROAD_WIDTH = ROAD_NAMES.length + 1;
/** Coordinates are kept in units of 1e-7 degrees, a centimetre. */
export const DEGREE_UNITS = 1e7;

export const PARITY = { odd: 1, even: 2, both: 3 } as const;
export const HAS_NUMBERS = 1;
export const HAS_PC = 2;
export const HAS_PCN = 4;

/** Pairs sorted by key: all items of a key stand together. */
export interface Postings {
  readonly keys: Int32Array;
  readonly items: Int32Array;
}

/** A service that has no boundary but rows of a table. */
export interface AreaService {
  /** Of its mapping: the table and the row. */
  readonly id: string;
  readonly serviceUri: string;
  readonly serviceUrn: string;
  readonly displayName: string;
  readonly serviceNumber?: string;
}

/**
 * All civic data of a server, ready to be asked. Immutable and made of typed arrays, so that a worker can build it and
 * hand it over. A string is its number in `strings`, 0 stands for none. Boxes are west, south, east, north in degrees;
 * one whose west is beyond its east is empty.
 */
export interface CivicTables {
  readonly strings: StringTable;
  readonly folding: CivicFolding;
  /** AREA_WIDTH strings each: what areas there are. */
  readonly areas: Int32Array;
  readonly areaBoxes: Float64Array;
  /** HAS_… of whatever lies in an area. Roads: HAS_ROADS. */
  readonly areaFlags: Uint8Array;
  /** By level: a value's areas. */
  readonly areasOf: readonly Postings[];
  /** ROAD_WIDTH each: the area, then the strings of ROAD_NAMES. A road without RD holds what stands on none. */
  readonly roads: Int32Array;
  readonly roadFlags: Uint8Array;
  readonly roadBoxes: Float64Array;
  readonly roadsByName: Postings;
  readonly roadsByFullName: Postings;
  readonly roadsByPc: Postings;
  readonly roadsByPcn: Postings;
  /** Where the ranges of each road start, and the end of the last. Sorted by `low` within a road. */
  readonly rangeStarts: Uint32Array;
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** The greatest `high` of this range and those before it on its road. */
  readonly maxHigh: Int32Array;
  /** PARITY. */
  readonly parity: Uint8Array;
  /** Bit 0: on the right of the line; bit 1: numbers fall along it. */
  readonly side: Uint8Array;
  readonly rangePc: Int32Array;
  readonly rangePcn: Int32Array;
  readonly line: Uint32Array;
  readonly rangeTerm: Uint16Array;
  /** Where the coordinates of each line start, in pairs. */
  readonly lineStarts: Uint32Array;
  readonly coordinates: Int32Array;
  /** Where the points of each road start. */
  readonly pointStarts: Uint32Array;
  /** -1: no number. */
  readonly number: Int32Array;
  readonly prefix: Int32Array;
  readonly suffix: Int32Array;
  readonly pointRoad: Uint32Array;
  readonly pointAt: Int32Array;
  readonly pointPc: Int32Array;
  readonly pointPcn: Int32Array;
  readonly pointTerm: Uint16Array;
  readonly placeStarts: Uint32Array;
  readonly placeNames: Uint8Array;
  readonly placeValues: Int32Array;
  /** Key: value times 16 plus the place of the name in PLACE_NAMES; items: points. */
  readonly pointsByPlace: Postings;
  /** From and until, wall milliseconds; the first is always. */
  readonly terms: Float64Array;
  /** Rows of the tables of areas: who serves all addresses that have some elements. AREA_WIDTH + 1 strings each, PC last. */
  readonly rows: Int32Array;
  /** The string of an NGUID; below 0: of `own`, counted from -1 down. */
  readonly rowTargets: Int32Array;
  readonly own: readonly AreaService[];
  /** Key: value times 8 plus the place of the name in AREA_NAMES, PC last; items: the rows that end with it. */
  readonly rowsByLast: Postings;
}

export const HAS_ROADS = 8;

/** Octets of the arrays. */
export function sizeOfTables(t: CivicTables): number {
  return civicBuffersOf(t).reduce((sum, buffer) => sum + buffer.byteLength, 0);
}

/** The memory of the arrays, for a worker to hand over. */
export function civicBuffersOf(t: CivicTables): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) buffers.add(value.buffer as ArrayBuffer);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null && !(value instanceof Map))
      Object.values(value).forEach(visit);
  };
  visit({ ...t, own: [] });
  return [...buffers];
}

/** The items of a key: from and to in `items`. */
export function rangeOf(p: Postings, key: number): readonly [from: number, to: number] {
  if (key <= 0) return [0, 0];
  const from = lowerBound(p.keys, key, 0, p.keys.length);
  if (p.keys[from] !== key) return [from, from];
  return [from, lowerBound(p.keys, key + 1, from, p.keys.length)];
}

/** The first place in a sorted stretch whose value is not below `value`. */
export function lowerBound(sorted: Int32Array, value: number, from: number, to: number): number {
  let lo = from;
  let hi = to;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (sorted[mid]! < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Whether a term holds at that time. */
export function isTerm(t: CivicTables, term: number, now: number): boolean {
  return term === 0 || (t.terms[term * 2]! <= now && now < t.terms[term * 2 + 1]!);
}
