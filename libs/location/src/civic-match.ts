import type { CivicAddress } from './civic-address.js';
import { fullName } from './civic-builder.js';
import { type CivicVerdict, type Sought, hasAreas, civicValueId, sought, untold } from './civic-sought.js';
import { type NumberMatch, matchNumber, matchPlaces } from './civic-number-match.js';
import {
  AREA_NAMES,
  AREA_WIDTH,
  type CivicTables,
  FULL_NAME_PARTS,
  HAS_PC,
  HAS_PCN,
  HAS_ROADS,
  type Postings,
  RD,
  ROAD_NAMES,
  ROAD_WIDTH,
  lowerBound,
  rangeOf,
} from './civic-tables.js';
import { readHouseNumber } from './house-number.js';

/** Roads of one name that are looked at; more have to be told apart by their area. */
export const MAX_CIVIC_ROADS = 20_000;

/** What the data know of an address. */
export interface CivicMatch {
  /** By `civicKey`; elements not in it were not checked. */
  readonly verdicts: ReadonlyMap<string, CivicVerdict>;
  /** Areas that have all the valid area elements; undefined: any. */
  readonly areas: ArrayLike<number> | undefined;
  /** Roads that have all the valid elements, those the address tells most of first. */
  readonly roads: readonly number[];
  /** Found by RD alone, not by a name put together of several elements. */
  readonly byName: boolean;
  /** Address points and ranges that hold the house number or have the name of the place, best first. */
  readonly points: readonly number[];
  readonly ranges: readonly number[];
  /** The number that was found in `ranges`. */
  readonly number: number | undefined;
}

/**
 * Looks an address up, element by element from the largest area to the smallest place. An element is valid where the
 * data have its value among what the elements before it left, invalid where they have only others, unchecked where
 * they have none (RFC 5222 8.4.2); an invalid one narrows nothing, so that the mapping rests on the valid ones.
 */
export function matchCivic(t: CivicTables, address: CivicAddress, now: number): CivicMatch {
  const s = sought(t, address, now);
  if (isElsewhere(s))
    return {
      verdicts: s.verdicts,
      areas: [],
      roads: [],
      byName: false,
      points: [],
      ranges: [],
      number: undefined,
    };
  const areas = matchAreas(s);
  const [found, byName] = matchRoads(s, areas);
  let roads = found;
  roads = matchPostal(s, areas, roads, 'PC', t.roadsByPc, HAS_PC);
  roads = matchPostal(s, areas, roads, 'PCN', t.roadsByPcn, HAS_PCN);
  const number: NumberMatch =
    s.text('HNO') === undefined || roads.length === 0
      ? matchPlaces(s, areas, roads)
      : matchNumber(s, roads, readHouseNumber(s.text('HNO') ?? ''));
  return { verdicts: s.verdicts, areas, roads, byName, ...number };
}

/** In a country of which nothing is known: not invalid, nobody looked. */
function isElsewhere(s: Sought): boolean {
  const country = s.id('country');
  const [countries] = s.t.areasOf;
  if (country === undefined || !countries || countries.keys.length === 0) return false;
  const [from, to] = rangeOf(countries, country);
  return from === to;
}

function matchAreas(s: Sought): ArrayLike<number> | undefined {
  const { t } = s;
  let areas: ArrayLike<number> | undefined;
  AREA_NAMES.forEach((name, level) => {
    const id = s.id(name);
    if (id === undefined) return;
    const postings = t.areasOf[level]!;
    const there = postings.items.subarray(...rangeOf(postings, id));
    // The shorter list is looked through; the first, which may be all areas of a country, not at all.
    const next: ArrayLike<number> =
      areas === undefined
        ? there
        : there.length < areas.length
          ? there.filter((area) => hasAreas(s, area))
          : Array.from(areas).filter((area) => t.areas[area * AREA_WIDTH + level] === id);
    if (next.length > 0) {
      areas = next;
      s.areaIds[level] = id;
      s.verdicts.set(name, 'valid');
      return;
    }
    const known =
      areas === undefined
        ? postings.keys.length > 0
        : someOf(areas, (area) => t.areas[area * AREA_WIDTH + level] !== 0);
    s.verdicts.set(name, known ? 'invalid' : 'unchecked');
  });
  return areas;
}

function someOf(list: ArrayLike<number>, test: (item: number) => boolean): boolean {
  for (let i = 0; i < list.length; i++) if (test(list[i]!)) return true;
  return false;
}

function matchRoads(
  s: Sought,
  areas: ArrayLike<number> | undefined,
): readonly [roads: readonly number[], byName: boolean] {
  const { t } = s;
  const name = roadElement(s);
  if (name === undefined) return [[], false];
  const value = s.text(name) ?? '';
  const parts = ROAD_NAMES.slice(0, FULL_NAME_PARTS).map((part, i) =>
    i === RD ? value : (s.text(part) ?? ''),
  );
  const own = civicValueId(t, 'RD', value);
  const whole = civicValueId(t, 'RD', fullName(parts));
  // As it is told; with all its parts in the name of the data; with all parts of the data in its name.
  const ways: readonly (readonly [Postings, number, boolean])[] = [
    [t.roadsByName, own, false],
    [t.roadsByName, whole, true],
    [t.roadsByFullName, whole, true],
    [t.roadsByFullName, own, false],
  ];
  for (const [postings, id, told] of ways) {
    const found = roadsIn(s, postings, id);
    if (found.length === 0) continue;
    s.verdicts.set(name, 'valid');
    return [matchRoadParts(s, found, told), postings === t.roadsByName && id === own];
  }
  const known = areas === undefined || someOf(areas, (a) => (t.areaFlags[a]! & HAS_ROADS) !== 0);
  s.verdicts.set(name, known && t.roadsByName.keys.length > 0 ? 'invalid' : 'unchecked');
  return [[], false];
}

/** RD; A6 held the road before RFC 5139 3.2, and does in the examples of RFC 5222. */
function roadElement(s: Sought): string | undefined {
  if (s.text('RD') !== undefined) return 'RD';
  return s.text('A6') !== undefined && s.verdicts.get('A6') !== 'valid' ? 'A6' : undefined;
}

function roadsIn(s: Sought, postings: Postings, id: number): number[] {
  const [from, to] = rangeOf(postings, id);
  const found: number[] = [];
  for (let i = from; i < Math.min(to, from + MAX_CIVIC_ROADS); i++) {
    const road = postings.items[i]!;
    if (hasAreas(s, s.t.roads[road * ROAD_WIDTH]!)) found.push(road);
  }
  return found;
}

function matchRoadParts(s: Sought, found: readonly number[], told: boolean): readonly number[] {
  const { t } = s;
  let roads = found;
  ROAD_NAMES.forEach((name, part) => {
    const id = part === RD ? undefined : s.id(name);
    if (id === undefined) return;
    const at = (road: number): number => t.roads[road * ROAD_WIDTH + 1 + part]!;
    if (told && part < FULL_NAME_PARTS) {
      s.verdicts.set(name, 'valid');
      return;
    }
    const next = roads.filter((road) => at(road) === id);
    s.verdicts.set(
      name,
      next.length > 0 ? 'valid' : roads.some((road) => at(road) !== 0) ? 'invalid' : 'unchecked',
    );
    if (next.length > 0) roads = next;
  });
  // RFC 5139 3.2.1: numbers belong to the most specific part of a road that is named.
  for (let part = FULL_NAME_PARTS; part < ROAD_NAMES.length; part++) {
    if (s.text(ROAD_NAMES[part]!) !== undefined) continue;
    const plain = roads.filter((road) => t.roads[road * ROAD_WIDTH + 1 + part] === 0);
    if (plain.length > 0) roads = plain;
  }
  if (roads.length < 2) return roads;
  return roads
    .map((road) => ({ road, open: untold(s, road) }))
    .sort((a, b) => a.open - b.open || a.road - b.road)
    .map(({ road }) => road);
}

function matchPostal(
  s: Sought,
  areas: ArrayLike<number> | undefined,
  roads: readonly number[],
  name: 'PC' | 'PCN',
  postings: Postings,
  flag: number,
): readonly number[] {
  const { t } = s;
  const id = s.id(name);
  if (id === undefined) return roads;
  const [from, to] = rangeOf(postings, id);
  if (roads.length > 0) {
    const next = roads.filter((road) => {
      // Sorted within a key.
      const at = lowerBound(postings.items, road, from, to);
      return at < to && postings.items[at] === road;
    });
    const known = roads.some((road) => (t.roadFlags[road]! & flag) !== 0);
    s.verdicts.set(name, next.length > 0 ? 'valid' : known ? 'invalid' : 'unchecked');
    return next.length > 0 ? next : roads;
  }
  const found = postings.items.subarray(from, to).some((road) => mayBeIn(s, t.roads[road * ROAD_WIDTH]!));
  const known =
    areas === undefined
      ? postings.keys.length > 0
      : someOf(areas, (area) => (t.areaFlags[area]! & flag) !== 0);
  s.verdicts.set(name, found ? 'valid' : known ? 'invalid' : 'unchecked');
  return roads;
}

/** Whether an area has none but the valid elements: a table may give a postal code and its country only. */
function mayBeIn(s: Sought, area: number): boolean {
  return AREA_NAMES.every((name, level) => {
    const id = s.t.areas[area * AREA_WIDTH + level];
    return id === 0 || s.verdicts.get(name) !== 'valid' || id === s.id(name);
  });
}
