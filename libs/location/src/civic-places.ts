import type { CivicAddress } from './civic-address.js';
import type { CivicMatch } from './civic-match.js';
import { civicKey } from './civic-names.js';
import { rangesOf } from './civic-number-match.js';
import { civicValueId } from './civic-sought.js';
import {
  AREA_NAMES,
  AREA_WIDTH,
  type CivicTables,
  DEGREE_UNITS,
  RD,
  ROAD_NAMES,
  ROAD_WIDTH,
  isTerm,
  rangeOf,
} from './civic-tables.js';
import type { Position } from './shape.js';
import { placeOnStreet } from './street-place.js';

/** Places of one address that are looked at: the flats of a tower share one house number. */
const MAX_PLACES = 64;

/** West, south, east, north in degrees. */
export type CivicBox = readonly [west: number, south: number, east: number, north: number];

/** Where an address is: its address points, or else its number along the roads. Empty: nobody knows. */
export function placesOf(t: CivicTables, m: CivicMatch, offset: number): Position[] {
  if (m.points.length > 0) return m.points.slice(0, MAX_PLACES).map((p) => pointAt(t, p));
  return m.ranges.slice(0, MAX_PLACES).map((r) => placeOnStreet(t, r, m.number ?? 0, offset));
}

/** Without a place: somewhere on the roads of the address, as near to its number as there is one. */
export function someplaceOf(t: CivicTables, m: CivicMatch, offset: number): Position | undefined {
  let best: { readonly range: number; readonly far: number } | undefined;
  for (const road of m.roads.slice(0, MAX_PLACES)) {
    for (let i = t.rangeStarts[road]!; i < t.rangeStarts[road + 1]!; i++) {
      const far =
        m.number === undefined || t.parity[i] === 0
          ? Number.MAX_SAFE_INTEGER
          : Math.max(t.low[i]! - m.number, m.number - t.high[i]!, 0);
      if (!best || far < best.far) best = { range: i, far };
    }
    const point = t.pointStarts[road]!;
    if (!best && point < t.pointStarts[road + 1]!) return pointAt(t, point);
  }
  return best && placeOnStreet(t, best.range, m.number ?? 0, offset);
}

function pointAt(t: CivicTables, point: number): Position {
  return [t.pointAt[point * 2]! / DEGREE_UNITS, t.pointAt[point * 2 + 1]! / DEGREE_UNITS];
}

/** Every place a number has on one road. */
export function placesOfNumber(
  t: CivicTables,
  road: number,
  number: number,
  offset: number,
  now: number,
): Position[] {
  const places = rangesOf({ t, now }, road, number).map((r) => placeOnStreet(t, r, number, offset));
  for (let p = t.pointStarts[road]!; p < t.pointStarts[road + 1]!; p++)
    if (t.number[p] === number && isTerm(t, t.pointTerm[p]!, now)) places.push(pointAt(t, p));
  return places;
}

/**
 * All roads that some address may mean that agrees with this one in its valid elements up to the road: branches and
 * sections too. Undefined where an address that says more of its area may mean another road altogether. (One that
 * contradicts itself may be read either way, RFC 5222 8.4.2, and is not thought of here.)
 */
export function wideRoads(t: CivicTables, m: CivicMatch): number[] | undefined {
  const [first] = m.roads;
  if (first === undefined || !m.byName || m.verdicts.get('country') !== 'valid') return undefined;
  if (m.verdicts.get('RD') !== 'valid') return undefined;
  const area = t.roads[first * ROAD_WIDTH]!;
  if (m.roads.some((r) => t.roads[r * ROAD_WIDTH] !== area) || !isPinned(t, m, area)) return undefined;
  const name = t.roads[first * ROAD_WIDTH + 1 + RD]!;
  const [from, to] = rangeOf(t.roadsByName, name);
  const roads: number[] = [];
  for (let i = from; i < to; i++) {
    const road = t.roadsByName.items[i]!;
    const same = ROAD_NAMES.every(
      (part, p) =>
        m.verdicts.get(part) !== 'valid' ||
        t.roads[road * ROAD_WIDTH + 1 + p] === t.roads[first * ROAD_WIDTH + 1 + p],
    );
    if (same && t.roads[road * ROAD_WIDTH] === area) roads.push(road);
  }
  return roads;
}

/**
 * Whether an address with the valid area elements is in one area whatever else it says: each level left open has one
 * value at most among the areas that have what is said above it.
 */
function isPinned(t: CivicTables, m: CivicMatch, area: number): boolean {
  const valueOf = (of: number, level: number): number => t.areas[of * AREA_WIDTH + level]!;
  const said = AREA_NAMES.map((name) => m.verdicts.get(name) === 'valid');
  const open = said.indexOf(false);
  const [from, to] = rangeOf(t.areasOf[0]!, valueOf(area, 0));
  for (let i = from; i < to && open >= 0; i++) {
    const other = t.areasOf[0]!.items[i]!;
    for (let level = 1; level < AREA_WIDTH; level++) {
      const value = valueOf(other, level);
      if (value === valueOf(area, level)) continue;
      if (said[level]) break;
      if (value !== 0) return false;
    }
  }
  return true;
}

/** Around all that lies on some roads, with what may stand beside them. Undefined: nothing does. */
export function boxOfRoads(t: CivicTables, roads: readonly number[]): CivicBox | undefined {
  return boxOf(t.roadBoxes, roads);
}

/** Around all roads and points of some areas. */
export function boxOfAreas(t: CivicTables, areas: ArrayLike<number>): CivicBox | undefined {
  return boxOf(t.areaBoxes, areas);
}

function boxOf(boxes: Float64Array, of: ArrayLike<number>): CivicBox | undefined {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let n = 0; n < of.length; n++) {
    const i = of[n]!;
    west = Math.min(west, boxes[i * 4]!);
    south = Math.min(south, boxes[i * 4 + 1]!);
    east = Math.max(east, boxes[i * 4 + 2]!);
    north = Math.max(north, boxes[i * 4 + 3]!);
  }
  return west < east && south < north ? [west, south, east, north] : undefined;
}

/** Areas with something in them that do not contradict an address in any of some elements. */
export function areasWithin(t: CivicTables, address: CivicAddress): number[] {
  const ids = AREA_NAMES.map((name) => {
    const element = address.elements.find((e) => civicKey(e.name, e.uri) === name);
    return element ? civicValueId(t, name, element.value) : 0;
  });
  const found: number[] = [];
  for (let area = 0; area * AREA_WIDTH < t.areas.length; area++) {
    if (t.areaBoxes[area * 4]! > t.areaBoxes[area * 4 + 2]!) continue;
    const fits = ids.every((id, level) => {
      const value = t.areas[area * AREA_WIDTH + level];
      return id === 0 || value === 0 || value === id;
    });
    if (fits) found.push(area);
  }
  return found;
}

/** Whether an area has no level below one: it is not a part of what that level names. */
export function isWhole(t: CivicTables, area: number, level: number): boolean {
  for (let l = level + 1; l < AREA_WIDTH; l++) if (t.areas[area * AREA_WIDTH + l] !== 0) return false;
  return true;
}

/** Whether the data know anything of the country of an address, or the address has none. */
export function hasCountry(t: CivicTables, address: CivicAddress): boolean {
  const country = address.elements.find((e) => civicKey(e.name, e.uri) === 'country');
  if (!country) return t.areas.length > 0;
  const [from, to] = rangeOf(t.areasOf[0]!, civicValueId(t, 'country', country.value));
  return to > from;
}
