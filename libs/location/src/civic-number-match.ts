import { type CivicVerdict, type Sought, hasAreas, civicValueId, untold } from './civic-sought.js';
import { HAS_NUMBERS, LANDMARKS, PARITY, PLACE_NAMES, ROAD_WIDTH, isTerm, rangeOf } from './civic-tables.js';
import type { HouseNumber } from './house-number.js';

export interface NumberMatch {
  readonly points: readonly number[];
  readonly ranges: readonly number[];
  readonly number: number | undefined;
}

/** Points of one name of a place that are looked at, such as `Post office`. */
const MAX_PLACES = 10_000;
const NOTHING: NumberMatch = { points: [], ranges: [], number: undefined };

/** Where a house number is on some roads: address points first, then ranges (RFC 5139 3.2.1). */
export function matchNumber(
  s: Sought,
  roads: readonly number[],
  house: HouseNumber | undefined,
): NumberMatch {
  const { t } = s;
  if (!house) {
    // `s/n` and the like are not among what numbers can be checked against.
    s.verdicts.set('HNO', 'unchecked');
    return matchPlaces(s, undefined, roads);
  }
  for (let from = 0; from < roads.length;) {
    // Roads the address tells equally much of.
    const open = untold(s, roads[from]!);
    let to = from + 1;
    while (to < roads.length && untold(s, roads[to]!) === open) to += 1;
    const some = roads.slice(from, to);
    const points = some.flatMap((road) => pointsOf(s, road, house.number));
    const ranges = some.flatMap((road) => rangesOf(s, road, house.number));
    if (points.length > 0 || ranges.length > 0) {
      s.verdicts.set('HNO', 'valid');
      return narrowed(s, points, ranges, house);
    }
    from = to;
  }
  const known = roads.some((road) => (t.roadFlags[road]! & HAS_NUMBERS) !== 0);
  s.verdicts.set('HNO', known ? 'invalid' : 'unchecked');
  return { ...NOTHING, number: house.number };
}

function pointsOf(s: Sought, road: number, number: number): number[] {
  const { t } = s;
  const found: number[] = [];
  // Points of a road are sorted by number.
  let lo = t.pointStarts[road]!;
  let hi = t.pointStarts[road + 1]!;
  const end = hi;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (t.number[mid]! < number) lo = mid + 1;
    else hi = mid;
  }
  for (let i = lo; i < end && t.number[i] === number; i++)
    if (isTerm(t, t.pointTerm[i]!, s.now)) found.push(i);
  return found;
}

/** Ranges that hold a number and its parity. */
export function rangesOf(s: Pick<Sought, 't' | 'now'>, road: number, number: number): number[] {
  const { t } = s;
  const start = t.rangeStarts[road]!;
  let lo = start;
  let hi = t.rangeStarts[road + 1]!;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (t.low[mid]! <= number) lo = mid + 1;
    else hi = mid;
  }
  const parity = number % 2 === 1 ? PARITY.odd : PARITY.even;
  const found: number[] = [];
  for (let i = lo - 1; i >= start && t.maxHigh[i]! >= number; i--) {
    if (t.high[i]! >= number && (t.parity[i]! & parity) !== 0 && isTerm(t, t.rangeTerm[i]!, s.now))
      found.push(i);
  }
  return found.reverse();
}

function narrowed(
  s: Sought,
  pointsFound: readonly number[],
  rangesFound: readonly number[],
  house: HouseNumber,
): NumberMatch {
  const { t } = s;
  let points = pointsFound;
  let ranges = rangesFound;
  for (const name of ['HNP', 'HNS'] as const) {
    const column = name === 'HNP' ? t.prefix : t.suffix;
    const within = name === 'HNP' ? house.prefix : house.suffix;
    const id = s.id(name) ?? (within === '' ? undefined : civicValueId(t, name, within));
    const next = points.filter((p) => column[p] === (id ?? 0));
    const verdict = verdictOf(
      next.length,
      points.some((p) => column[p] !== 0),
    );
    if (s.text(name) !== undefined) s.verdicts.set(name, verdict);
    else if (id !== undefined && verdict === 'invalid') s.verdicts.set('HNO', 'invalid');
    if (next.length > 0) points = next;
  }
  for (const name of ['PC', 'PCN'] as const) {
    const id = s.verdicts.get(name) === 'valid' ? s.id(name) : undefined;
    if (id === undefined) continue;
    const [ofPoint, ofRange] = name === 'PC' ? [t.pointPc, t.rangePc] : [t.pointPcn, t.rangePcn];
    const nextPoints = points.filter((p) => ofPoint[p] === id);
    const nextRanges = ranges.filter((r) => ofRange[r] === id);
    if (nextPoints.length + nextRanges.length > 0) {
      points = nextPoints;
      ranges = nextRanges;
    } else if (points.some((p) => ofPoint[p] !== 0) || ranges.some((r) => ofRange[r] !== 0)) {
      // Somewhere else on this road.
      s.verdicts.set(name, 'invalid');
    }
  }
  return { points: narrowedByPlace(s, points), ranges, number: house.number };
}

/** Address points by what else is known of them, element by element. */
function narrowedByPlace(s: Sought, found: readonly number[]): readonly number[] {
  let points = found;
  PLACE_NAMES.forEach((name, place) => {
    const id = s.id(name);
    if (id === undefined) return;
    const next = points.filter((p) => placeOf(s, p, place) === id);
    s.verdicts.set(
      name,
      verdictOf(
        next.length,
        points.some((p) => placeOf(s, p, place) !== 0),
      ),
    );
    if (next.length > 0) points = next;
  });
  return points;
}

function placeOf({ t }: Sought, point: number, place: number): number {
  for (let i = t.placeStarts[point]!; i < t.placeStarts[point + 1]!; i++)
    if (t.placeNames[i] === place) return t.placeValues[i]!;
  return 0;
}

/** Without a house number: a lamp post, a milepost, a landmark (RFC 6848 5.1, 5.2), on the roads or in the areas. */
export function matchPlaces(
  s: Sought,
  areas: ArrayLike<number> | undefined,
  roads: readonly number[],
): NumberMatch {
  const { t } = s;
  if (areas === undefined && roads.length === 0) return NOTHING;
  for (const name of LANDMARKS) {
    const id = s.id(name);
    if (id === undefined || id <= 0) continue;
    const [from, to] = rangeOf(t.pointsByPlace, id * 16 + PLACE_NAMES.indexOf(name));
    const here = new Set(roads);
    const found: number[] = [];
    for (let i = from; i < Math.min(to, from + MAX_PLACES); i++) {
      const point = t.pointsByPlace.items[i]!;
      const road = t.pointRoad[point]!;
      if (!isTerm(t, t.pointTerm[point]!, s.now)) continue;
      const isHere = here.size > 0 ? here.has(road) : hasAreas(s, t.roads[road * ROAD_WIDTH]!);
      if (isHere) found.push(point);
    }
    if (found.length > 0) return { points: narrowedByPlace(s, found), ranges: [], number: undefined };
  }
  return NOTHING;
}

function verdictOf(matching: number, known: boolean): CivicVerdict {
  return matching > 0 ? 'valid' : known ? 'invalid' : 'unchecked';
}
