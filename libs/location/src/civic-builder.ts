import { AREA_COLUMNS, type AreaRecord } from './civic-areas.js';
import type { AddressParts, PointRecord, StreetRecord } from './civic-features.js';
import { type CivicFolding, PLAIN_FOLDING, TOO_LONG, foldCivic } from './civic-fold.js';
import {
  AREA_NAMES,
  AREA_WIDTH,
  type AreaService,
  type CivicTables,
  DEGREE_UNITS,
  FULL_NAME_PARTS,
  HAS_NUMBERS,
  HAS_PC,
  HAS_PCN,
  HAS_ROADS,
  PARITY,
  PLACE_NAMES,
  type Postings,
  RD,
  ROAD_NAMES,
  ROAD_WIDTH,
} from './civic-tables.js';
import { Ints } from './growing.js';
import type { Position } from './shape.js';
import { buildStringTable } from './string-table.js';

/** Distinct pairs of a beginning and an end; features of one release share them. */
export const MAX_CIVIC_TERMS = 65_535;
/** How far beside its line an address may lie, in degrees: boxes of roads are widened by it. */
const BESIDE = 0.002;

const RANGE_WIDTH = 9;
const POINT_WIDTH = 10;

/** Takes records in and makes tables of them. */
export class CivicBuilder {
  readonly #folding: CivicFolding;
  readonly #strings = new Map<string, number>([['', 0]]);
  /** By element, the number of each value as it is written: most come again and again. */
  readonly #raw = new Map<string, Map<string, number>>();
  readonly #areas = new Map<string, number>();
  readonly #areaColumns = new Ints();
  readonly #roads = new Map<string, number>();
  readonly #roadColumns = new Ints();
  readonly #roadFlags: number[] = [];
  readonly #roadBoxes: number[] = [];
  readonly #fullNames = new Ints();
  /** Value and road. */
  readonly #pcPairs = new Ints();
  readonly #pcnPairs = new Ints();
  readonly #terms = new Map<string, number>([['', 0]]);
  readonly #termTimes: number[] = [-Infinity, Infinity];
  readonly #ranges = new Ints();
  readonly #lineStarts = new Ints();
  readonly #coordinates = new Ints();
  readonly #points = new Ints();
  readonly #placeStarts = new Ints();
  readonly #places = new Ints();
  readonly #rows = new Ints();
  readonly #rowTargets = new Ints();
  readonly #own: AreaService[] = [];

  constructor(folding: CivicFolding = PLAIN_FOLDING) {
    this.#folding = folding;
  }

  addStreet(record: StreetRecord): void {
    const line = this.#lineStarts.length;
    this.#lineStarts.push(this.#coordinates.length / 2);
    for (const p of record.line) this.#coordinates.push(units(p[0]), units(p[1]));
    const term = this.#term(record.effective, record.expires);
    for (const side of record.sides) {
      const road = this.#road(side);
      for (const p of record.line) this.#widen(road, p);
      const numbered = side.from > 0 || side.to > 0;
      if (numbered) this.#roadFlags[road]! |= HAS_NUMBERS;
      const parity = !numbered
        ? 0
        : side.parity === 'O'
          ? PARITY.odd
          : side.parity === 'E'
            ? PARITY.even
            : PARITY.both;
      this.#ranges.push(
        road,
        Math.min(side.from, side.to),
        Math.max(side.from, side.to),
        parity,
        (side.right ? 1 : 0) | (side.from > side.to ? 2 : 0),
        this.#string('PC', side.pc),
        this.#string('PCN', side.pcn),
        line,
        term,
      );
    }
  }

  addPoint(record: PointRecord): void {
    const road = this.#road(record);
    this.#widen(road, record.position);
    if (record.number !== undefined) this.#roadFlags[road]! |= HAS_NUMBERS;
    this.#points.push(
      road,
      record.number ?? -1,
      this.#string('HNP', record.prefix),
      this.#string('HNS', record.suffix),
      units(record.position[0]),
      units(record.position[1]),
      this.#string('PC', record.pc),
      this.#string('PCN', record.pcn),
      this.#term(record.effective, record.expires),
      this.#placeStarts.length,
    );
    this.#placeStarts.push(this.#places.length / 2);
    for (const [name, value] of record.places) {
      const id = this.#string(name, value);
      if (id > 0) this.#places.push(PLACE_NAMES.indexOf(name as (typeof PLACE_NAMES)[number]), id);
    }
  }

  addArea(record: AreaRecord, id: string): void {
    const of = (name: string): string => record.elements.find(([n]) => n === name)?.[1] ?? '';
    const areas = AREA_NAMES.map(of);
    this.#road({ areas, roads: ROAD_NAMES.map(() => ''), pc: of('PC'), pcn: '' });
    const values = AREA_COLUMNS.map((name) => this.#string(name, of(name)));
    if (values.every((value) => value === 0)) return;
    if (record.own) this.#own.push({ id, ...record.own });
    else if (record.boundary === undefined) return;
    this.#rows.push(...values);
    this.#rowTargets.push(record.own ? -this.#own.length : this.#number(record.boundary ?? ''));
  }

  build(): CivicTables {
    const areas = this.#areaColumns.array();
    const roads = this.#roadColumns.array();
    const roadCount = this.#roadFlags.length;
    const ranges = sortedRows(this.#ranges, RANGE_WIDTH, roadCount, 1);
    const points = sortedRows(this.#points, POINT_WIDTH, roadCount, 1);
    const rangeColumn = (c: number): Int32Array => column(ranges.rows, RANGE_WIDTH, c);
    const pointColumn = (c: number): Int32Array => column(points.rows, POINT_WIDTH, c);
    const high = rangeColumn(2);
    const pc = this.#postal(this.#pcPairs.array(), HAS_PC);
    const pcn = this.#postal(this.#pcnPairs.array(), HAS_PCN);
    const places = placesInOrder(pointColumn(9), this.#placeStarts.array(), this.#places.array());
    const boxes = areaBoxesOf(areas.length / AREA_WIDTH, roads, this.#roadBoxes);
    const areaFlags = new Uint8Array(areas.length / AREA_WIDTH);
    const roadFlags = Uint8Array.from(this.#roadFlags);
    for (let r = 0; r < roadCount; r++) {
      areaFlags[roads[r * ROAD_WIDTH]!]! |= roadFlags[r]! | (roads[r * ROAD_WIDTH + 1 + RD] ? HAS_ROADS : 0);
    }
    const strings = buildStringTable(this.#strings.keys(), this.#strings.size);
    return {
      strings,
      folding: this.#folding,
      areas,
      areaBoxes: boxes,
      areaFlags,
      areasOf: AREA_NAMES.map((_, level) => postingsOfColumn(areas, AREA_WIDTH, level)),
      roads,
      roadFlags,
      roadBoxes: Float64Array.from(this.#roadBoxes),
      roadsByName: postingsOfColumn(roads, ROAD_WIDTH, 1 + RD),
      roadsByFullName: postingsOfColumn(this.#fullNames.array(), 1, 0),
      roadsByPc: pc,
      roadsByPcn: pcn,
      rangeStarts: ranges.starts,
      low: rangeColumn(1),
      high,
      maxHigh: maxHighOf(high, ranges.starts),
      parity: Uint8Array.from(rangeColumn(3)),
      side: Uint8Array.from(rangeColumn(4)),
      rangePc: rangeColumn(5),
      rangePcn: rangeColumn(6),
      line: Uint32Array.from(rangeColumn(7)),
      rangeTerm: Uint16Array.from(rangeColumn(8)),
      lineStarts: Uint32Array.from([...this.#lineStarts.array(), this.#coordinates.length / 2]),
      coordinates: this.#coordinates.array(),
      pointStarts: points.starts,
      number: pointColumn(1),
      prefix: pointColumn(2),
      suffix: pointColumn(3),
      pointRoad: Uint32Array.from(pointColumn(0)),
      pointAt: pairs(pointColumn(4), pointColumn(5)),
      pointPc: pointColumn(6),
      pointPcn: pointColumn(7),
      pointTerm: Uint16Array.from(pointColumn(8)),
      ...places,
      terms: Float64Array.from(this.#termTimes),
      rows: this.#rows.array(),
      rowTargets: this.#rowTargets.array(),
      own: this.#own,
      rowsByLast: rowPostings(this.#rows.array()),
    };
  }

  /** The number of a folded value; 0 where there is nothing to compare. */
  #string(name: string, value: string): number {
    if (value === '') return 0;
    let known = this.#raw.get(name);
    if (!known) this.#raw.set(name, (known = new Map<string, number>()));
    let id = known.get(value);
    if (id === undefined) known.set(value, (id = this.#folded(name, value)));
    return id;
  }

  #folded(name: string, value: string): number {
    const folded = foldCivic(name, value, this.#folding);
    if (folded === TOO_LONG) return 0;
    return this.#number(folded);
  }

  #number(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, this.#strings.size);
    return this.#strings.size - 1;
  }

  #road(a: AddressParts): number {
    const areaKey = a.areas.map((value, i) => this.#string(AREA_NAMES[i]!, value));
    const area = numbered(this.#areas, areaKey.join(), () => {
      this.#areaColumns.push(...areaKey);
    });
    const parts = a.roads.map((value, i) => this.#string(ROAD_NAMES[i]!, value));
    const road = numbered(this.#roads, `${area}|${parts.join()}`, () => {
      this.#roadColumns.push(area, ...parts);
      this.#roadFlags.push(0);
      this.#roadBoxes.push(Infinity, Infinity, -Infinity, -Infinity);
      this.#fullNames.push(parts[RD] === 0 ? 0 : this.#string('RD', fullName(a.roads)));
    });
    // An area that only a table names has its postal code too.
    const pc = this.#string('PC', a.pc);
    if (pc > 0) this.#pcPairs.push(pc, road);
    const pcn = this.#string('PCN', a.pcn);
    if (pcn > 0) this.#pcnPairs.push(pcn, road);
    return road;
  }

  #postal(list: Int32Array, flag: number): Postings {
    for (let i = 1; i < list.length; i += 2) this.#roadFlags[list[i]!]! |= flag;
    return postingsOf(list);
  }

  #widen(road: number, [lon, lat]: Position): void {
    const b = this.#roadBoxes;
    const i = road * 4;
    b[i] = Math.min(b[i]!, lon - BESIDE);
    b[i + 1] = Math.min(b[i + 1]!, lat - BESIDE);
    b[i + 2] = Math.max(b[i + 2]!, lon + BESIDE);
    b[i + 3] = Math.max(b[i + 3]!, lat + BESIDE);
  }

  #term(effective = -Infinity, expires = Infinity): number {
    if (effective === -Infinity && expires === Infinity) return 0;
    const key = `${effective} ${expires}`;
    const known = this.#terms.get(key);
    if (known !== undefined) return known;
    if (this.#terms.size >= MAX_CIVIC_TERMS) return 0;
    const term = this.#terms.size;
    this.#terms.set(key, term);
    this.#termTimes.push(effective, expires);
    return term;
  }
}

/** `Calle de Alcalá`: all that is said of a road, for senders who put it into one element. */
export function fullName(parts: readonly string[]): string {
  return parts
    .slice(0, FULL_NAME_PARTS)
    .filter((part) => part !== '')
    .join(' ');
}

function numbered(map: Map<string, number>, key: string, add: () => void): number {
  const known = map.get(key);
  if (known !== undefined) return known;
  add();
  map.set(key, map.size);
  return map.size - 1;
}

function units(degrees: number): number {
  return Math.round(degrees * DEGREE_UNITS);
}

/** Rows by their first column, which counts from 0, then by another; with the start of each. */
function sortedRows(
  table: Ints,
  width: number,
  count: number,
  second: number,
): { readonly rows: Int32Array; readonly starts: Uint32Array } {
  const from = table.array();
  const n = from.length / width;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort(
    (a, b) =>
      from[a * width]! - from[b * width]! || from[a * width + second]! - from[b * width + second]! || a - b,
  );
  const rows = new Int32Array(from.length);
  const starts = new Uint32Array(count + 1);
  order.forEach((row, at) => {
    rows.set(from.subarray(row * width, (row + 1) * width), at * width);
    starts[from[row * width]! + 1]! += 1;
  });
  for (let i = 0; i < count; i++) starts[i + 1]! += starts[i]!;
  return { rows, starts };
}

function column(rows: Int32Array, width: number, c: number): Int32Array {
  const out = new Int32Array(rows.length / width);
  for (let i = 0; i < out.length; i++) out[i] = rows[i * width + c]!;
  return out;
}

function pairs(x: Int32Array, y: Int32Array): Int32Array {
  const out = new Int32Array(x.length * 2);
  for (let i = 0; i < x.length; i++) {
    out[i * 2] = x[i]!;
    out[i * 2 + 1] = y[i]!;
  }
  return out;
}

function maxHighOf(high: Int32Array, starts: Uint32Array): Int32Array {
  const out = new Int32Array(high.length);
  for (let road = 0; road + 1 < starts.length; road++) {
    let max = 0;
    for (let i = starts[road]!; i < starts[road + 1]!; i++) {
      max = Math.max(max, high[i]!);
      out[i] = max;
    }
  }
  return out;
}

/** Of pairs of key and item, without repetitions and without the key 0. */
export function postingsOf(list: Int32Array): Postings {
  const n = list.length / 2;
  const order = new Float64Array(n);
  for (let i = 0; i < n; i++) order[i] = list[i * 2]! * 2 ** 31 + list[i * 2 + 1]!;
  order.sort();
  const [keys, items] = [new Ints(), new Ints()];
  let before = -1;
  for (const pair of order) {
    const key = Math.floor(pair / 2 ** 31);
    if (pair === before || key <= 0) continue;
    before = pair;
    keys.push(key);
    items.push(pair % 2 ** 31);
  }
  return { keys: keys.array(), items: items.array() };
}

function postingsOfColumn(rows: Int32Array, width: number, c: number): Postings {
  const list = new Int32Array((rows.length / width) * 2);
  for (let i = 0; i < list.length / 2; i++) {
    list[i * 2] = rows[i * width + c]!;
    list[i * 2 + 1] = i;
  }
  return postingsOf(list);
}

function placesInOrder(
  order: Int32Array,
  startsBefore: Int32Array,
  list: Int32Array,
): Pick<CivicTables, 'placeStarts' | 'placeNames' | 'placeValues' | 'pointsByPlace'> {
  const placeStarts = new Uint32Array(order.length + 1);
  const placeNames = new Uint8Array(list.length / 2);
  const placeValues = new Int32Array(list.length / 2);
  const byPlace = new Int32Array(list.length);
  let at = 0;
  order.forEach((old, point) => {
    placeStarts[point] = at;
    const end = startsBefore[old + 1] ?? list.length / 2;
    for (let i = startsBefore[old]!; i < end; i++, at++) {
      placeNames[at] = list[i * 2]!;
      placeValues[at] = list[i * 2 + 1]!;
      byPlace[at * 2] = list[i * 2 + 1]! * 16 + list[i * 2]!;
      byPlace[at * 2 + 1] = point;
    }
  });
  placeStarts[order.length] = at;
  return { placeStarts, placeNames, placeValues, pointsByPlace: postingsOf(byPlace) };
}

function areaBoxesOf(count: number, roads: Int32Array, roadBoxes: readonly number[]): Float64Array {
  const boxes = new Float64Array(count * 4);
  for (let a = 0; a < count; a++) boxes.set([Infinity, Infinity, -Infinity, -Infinity], a * 4);
  for (let r = 0; r * ROAD_WIDTH < roads.length; r++) {
    const a = roads[r * ROAD_WIDTH]! * 4;
    boxes[a] = Math.min(boxes[a]!, roadBoxes[r * 4]!);
    boxes[a + 1] = Math.min(boxes[a + 1]!, roadBoxes[r * 4 + 1]!);
    boxes[a + 2] = Math.max(boxes[a + 2]!, roadBoxes[r * 4 + 2]!);
    boxes[a + 3] = Math.max(boxes[a + 3]!, roadBoxes[r * 4 + 3]!);
  }
  return boxes;
}

function rowPostings(rows: Int32Array): Postings {
  const width = AREA_COLUMNS.length;
  const list = new Int32Array((rows.length / width) * 2);
  for (let row = 0; row < list.length / 2; row++) {
    let last = width - 1;
    while (rows[row * width + last] === 0) last -= 1;
    list[row * 2] = rowKey(AREA_COLUMNS[last]!, rows[row * width + last]!);
    list[row * 2 + 1] = row;
  }
  return postingsOf(list);
}

export function rowKey(name: string, value: number): number {
  return value * 8 + AREA_COLUMNS.indexOf(name);
}
