import {
  AREA_NAMES,
  type CivicAddress,
  type CivicMatch,
  type Position,
  areaRowsFor,
  boxOfAreas,
  boxOfRoads,
  civicElement,
  civicKey,
  foldText,
  hasCountry,
  isWhole,
  matchCivic,
  placesOf,
  someplaceOf,
} from '@esinet/location';
import type { LocationValidation } from '@esinet/lost';
import type { CivicLayer } from './civic-layer.js';
import { boundaryOfRoad, boundaryOfRow, boundaryOfRule, servedAt, uniformIn } from './civic-region.js';
import { type CivicRule, type EcrfLayers, type ServedBoundary, isInForce } from './layers.js';
import { normalServiceUrn } from './service-urn.js';

export interface CivicHit {
  readonly served: ServedBoundary;
  /** Addresses for which the same holds (RFC 5222 12.3); undefined where nobody can say. */
  readonly region: CivicAddress | undefined;
  /** Not certain: an address that says more may be served by another. Nobody shall keep it. */
  readonly doubtful: boolean;
  /** The rule it rests on. */
  readonly rule?: CivicRule;
}

/** What makes an address unusable whatever the data hold. Undefined: nothing. */
export function civicProblem(address: CivicAddress): string | undefined {
  const country = civicElement(address, 'country')?.value.trim();
  // RFC 5139 section 3.3: the two letters of ISO 3166.
  if (country !== undefined && !/^[A-Za-z]{2}$/.test(country)) return 'country is not a two-letter code';
  return undefined;
}

/** The service URNs that are known by civic data alone. */
export function civicServices(layers: EcrfLayers): ReadonlySet<string> {
  return layers.civicData?.services ?? new Set();
}

/**
 * Who serves an address: where an address point or a street range says it is, the boundaries of the service decide;
 * else the rows of the area tables, the one that says most; else the rules of the configuration; else a boundary that
 * holds all roads of its municipality.
 */
export function findCivic(
  layers: EcrfLayers,
  urn: string,
  address: CivicAddress,
  now: number,
): CivicHit | undefined {
  const data = layers.civicData;
  const match = data && matchOf(data, address, now);
  return (
    (match && findByPlace(layers, data, urn, address, match, now)) ??
    (match && findByRow(layers, data, urn, address, match, now)) ??
    findByRule(layers, urn, address, match, now) ??
    (match && findByArea(layers, data, urn, match, now))
  );
}

/** Where an address is, for a service that has no boundary there. */
export function civicPosition(layers: EcrfLayers, address: CivicAddress, now: number): Position | undefined {
  const data = layers.civicData;
  if (!data) return undefined;
  const match = matchOf(data, address, now);
  return (
    placesOf(data.tables, match, data.sideOffsetMetres)[0] ??
    someplaceOf(data.tables, match, data.sideOffsetMetres)
  );
}

/** The last question by address: one request asks for several services. */
const matches = new WeakMap<CivicAddress, { data: CivicLayer; now: number; match: CivicMatch }>();

function matchOf(data: CivicLayer, address: CivicAddress, now: number): CivicMatch {
  const known = matches.get(address);
  if (known?.data === data && known.now === now) return known.match;
  const match = matchCivic(data.tables, address, now);
  matches.set(address, { data, now, match });
  return match;
}

function findByPlace(
  layers: EcrfLayers,
  data: CivicLayer,
  urn: string,
  address: CivicAddress,
  match: CivicMatch,
  now: number,
): CivicHit | undefined {
  const places = placesOf(data.tables, match, data.sideOffsetMetres);
  const some = places.length > 0 ? places : [someplaceOf(data.tables, match, data.sideOffsetMetres)];
  const found = some.map((p) => p && servedAt(layers, urn, p, now));
  const served = found.find((s) => s !== undefined);
  if (!served) return undefined;
  const certain =
    places.length > 0
      ? found.every((s) => s === served)
      : uniformIn(layers, urn, boxOfRoads(data.tables, match.roads), now) === served;
  if (areaInvalid(match)) return certain ? { served, region: undefined, doubtful: true } : undefined;
  if (!certain) return { served, region: undefined, doubtful: true };
  return {
    served,
    region: boundaryOfRoad({ layers, data, urn, address, match, now, served }),
    doubtful: false,
  };
}

function findByRow(
  layers: EcrfLayers,
  data: CivicLayer,
  urn: string,
  address: CivicAddress,
  match: CivicMatch,
  now: number,
): CivicHit | undefined {
  for (const row of areaRowsFor(data.tables, address, match)) {
    const served = data.own.get(row.boundary) ?? layers.served.get(row.boundary);
    if (!served || !serves(served, urn, now)) continue;
    return {
      served,
      region: boundaryOfRow({ layers, data, urn, address, match, now, served }, row),
      doubtful: false,
    };
  }
  return undefined;
}

/** The rule that says most about an address, among those of one service. */
function findByRule(
  layers: EcrfLayers,
  urn: string,
  address: CivicAddress,
  match: CivicMatch | undefined,
  now: number,
): CivicHit | undefined {
  let best: { readonly served: ServedBoundary; readonly rule: CivicRule } | undefined;
  for (const rule of layers.civic) {
    const served = layers.served.get(rule.boundary);
    if (!served || !serves(served, urn, now)) continue;
    if (best && best.rule.match.elements.length >= rule.match.elements.length) continue;
    if (rule.match.elements.every(({ name, value }) => same(civicElement(address, name)?.value, value)))
      best = { served, rule };
  }
  return (
    best && { ...best, region: boundaryOfRule(layers, urn, address, match, best.rule, now), doubtful: false }
  );
}

/** An address in a known area on a road nobody knows, where one boundary holds all there is in the area. */
function findByArea(
  layers: EcrfLayers,
  data: CivicLayer,
  urn: string,
  match: CivicMatch,
  now: number,
): CivicHit | undefined {
  if (!match.areas || match.areas.length === 0 || areaInvalid(match)) return undefined;
  if (!namesMunicipality(data, match)) return undefined;
  const served = uniformIn(layers, urn, boxOfAreas(data.tables, match.areas), now);
  return served && { served, region: undefined, doubtful: true };
}

/** The address contradicts itself, or is of an area the data lack: what its other elements say is but a guess. */
function areaInvalid(match: CivicMatch): boolean {
  return AREA_NAMES.some((name) => match.verdicts.get(name) === 'invalid');
}

/** A region or a country is larger than what the data may have of it. */
function namesMunicipality({ tables }: CivicLayer, match: CivicMatch): boolean {
  const deepest = AREA_NAMES.findLastIndex((name) => match.verdicts.get(name) === 'valid');
  return (
    deepest >= AREA_NAMES.indexOf('A3') ||
    Array.from(match.areas ?? []).every((area) => isWhole(tables, area, deepest))
  );
}

function serves({ boundary }: ServedBoundary, urn: string, now: number): boolean {
  return normalServiceUrn(boundary.serviceUrn) === urn && isInForce(boundary, now);
}

/**
 * RFC 5222 section 8.4.2 of every element, each named once. What the data did not look at and a rule rests on is
 * valid too.
 */
export function validationOf(
  layers: EcrfLayers,
  address: CivicAddress,
  rule: CivicRule | undefined,
  now: number,
): LocationValidation {
  const verdicts = layers.civicData ? matchOf(layers.civicData, address, now).verdicts : undefined;
  const ruled = new Set(rule?.match.elements.map((e) => e.name));
  const lists = { valid: [] as string[], invalid: [] as string[], unchecked: [] as string[] };
  const names = new Set(address.elements.map((e) => civicKey(e.name, e.uri)));
  for (const name of names) {
    const verdict = verdicts?.get(name) ?? 'unchecked';
    lists[verdict === 'unchecked' && ruled.has(name) ? 'valid' : verdict].push(name);
  }
  return lists;
}

/** Whether there is anything an address of that country could be checked against (RFC 5222 section 13.2). */
export function canValidate(layers: EcrfLayers, address: CivicAddress): boolean {
  return layers.civicData !== undefined && hasCountry(layers.civicData.tables, address);
}

function same(a: string | undefined, b: string): boolean {
  return a !== undefined && foldText(a) === foldText(b);
}
