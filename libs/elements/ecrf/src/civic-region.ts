import {
  AREA_NAMES,
  type AreaRow,
  type CivicAddress,
  type CivicBox,
  type CivicMatch,
  type Position,
  areasWithin,
  boxOfAreas,
  boxOfRoads,
  civicKey,
  placesOfNumber,
  ROAD_NAMES,
  wideRoads,
} from '@esinet/location';
import { type CivicLayer, partOf } from './civic-layer.js';
import { type CivicRule, type EcrfLayers, type ServedBoundary, isInForce } from './layers.js';

/** Roads of one name in one area that are looked at one by one. */
const MAX_ROADS = 16;
/** Degrees of a box that is compared with boundaries: a town, not a country. */
const MAX_BOX = 1;
/** What arithmetic leaves of a whole. */
const WHOLE = 1 - 1e-9;

const ROAD_ELEMENTS: readonly string[] = [...AREA_NAMES, ...ROAD_NAMES];

export interface RegionQuestion {
  readonly layers: EcrfLayers;
  readonly data: CivicLayer;
  readonly urn: string;
  readonly address: CivicAddress;
  readonly match: CivicMatch;
  readonly now: number;
  readonly served: ServedBoundary;
}

/** The boundary of a service around a position. */
export function servedAt(
  layers: EcrfLayers,
  urn: string,
  position: Position,
  now: number,
): ServedBoundary | undefined {
  const boundary = layers.services
    .get(urn)
    ?.at(position)
    .find((b) => isInForce(b, now));
  return boundary && layers.served.get(boundary.id);
}

/** The one boundary that holds a whole box and shares it with no other; undefined where it is not so, or too large to say. */
export function uniformIn(
  layers: EcrfLayers,
  urn: string,
  box: CivicBox | undefined,
  now: number,
): ServedBoundary | undefined {
  const index = layers.services.get(urn);
  if (!box || !index) return undefined;
  const [west, south, east, north] = box;
  if (east - west > MAX_BOX || north - south > MAX_BOX) return undefined;
  const ring: Position[] = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  const covering = index
    .covering({ type: 'polygon', rings: [ring] })
    .filter(({ boundary }) => isInForce(boundary, now));
  const [only, other] = covering;
  return only && !other && only.share >= WHOLE ? layers.served.get(only.boundary.id) : undefined;
}

/**
 * RFC 5222 12.3 for an address on a known road: its area and road where all of that road has the answer, with the house
 * number where all places of that number have it. Every address that has these elements, and whatever others that do
 * not contradict them, gets the same answer.
 */
export function boundaryOfRoad(q: RegionQuestion): CivicAddress | undefined {
  const { tables, sideOffsetMetres } = q.data;
  const roads = wideRoads(tables, q.match);
  if (!roads) return undefined;
  const valid = new Set([...q.match.verdicts].filter(([, v]) => v === 'valid').map(([name]) => name));
  const names = new Set(ROAD_ELEMENTS.filter((name) => valid.has(name)));
  if (uniformIn(q.layers, q.urn, boxOfRoads(tables, roads), q.now) === q.served)
    return partOf(q.address, names);
  const { number } = q.match;
  if (number === undefined || !valid.has('HNO') || roads.length > MAX_ROADS) return undefined;
  const all = roads.every((road) => {
    const places = placesOfNumber(tables, road, number, sideOffsetMetres, q.now);
    return places.length > 0
      ? places.every((p) => servedAt(q.layers, q.urn, p, q.now) === q.served)
      : uniformIn(q.layers, q.urn, boxOfRoads(tables, [road]), q.now) === q.served;
  });
  return all ? partOf(q.address, names.add('HNO')) : undefined;
}

/**
 * The same for an address found in a table of areas: the row's elements, and those by which rows that lead elsewhere
 * can be told from it. Nothing where the address lacks one of them, or where roads of the area may have another answer.
 */
export function boundaryOfRow(q: RegionQuestion, row: AreaRow): CivicAddress | undefined {
  const names = new Set(row.elements.map(([name]) => name));
  for (const name of q.layers.civicScopes.ofRow(q.urn, row)) names.add(name);
  const region = partOf(q.address, names);
  if (region.elements.length < names.size) return undefined;
  return roadsAgree(q, region, q.match) ? region : undefined;
}

/** The same for a rule of the configuration. */
export function boundaryOfRule(
  layers: EcrfLayers,
  urn: string,
  address: CivicAddress,
  match: CivicMatch | undefined,
  rule: CivicRule,
  now: number,
): CivicAddress | undefined {
  const own = new Set(rule.match.elements.map((e) => e.name));
  const names = layers.civicScopes.ofRule(urn, rule);
  for (const name of own) names.delete(name);
  const more = partOf(address, names);
  if (more.elements.length < names.size) return undefined;
  const region = { ...more, elements: [...rule.match.elements, ...more.elements] };
  const served = layers.served.get(rule.boundary);
  if (!layers.civicData || !served) return region;
  return roadsAgree({ layers, data: layers.civicData, urn, now, served }, region, match) ? region : undefined;
}

/** Whether no address of a region is on a road that the boundaries give to somebody else. */
function roadsAgree(
  { layers, data, urn, now, served }: Pick<RegionQuestion, 'layers' | 'data' | 'urn' | 'now' | 'served'>,
  region: CivicAddress,
  match: CivicMatch | undefined,
): boolean {
  // What is invalid keeps no road out: an address is found by its valid elements.
  const counts = region.elements.filter((e) => match?.verdicts.get(civicKey(e.name, e.uri)) !== 'invalid');
  const areas = areasWithin(data.tables, { elements: counts });
  return (
    areas.length === 0 ||
    !layers.services.has(urn) ||
    uniformIn(layers, urn, boxOfAreas(data.tables, areas), now) === served
  );
}
