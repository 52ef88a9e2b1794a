import { CIVIC_LEVELS, type CivicLevel, type PolicyGrant } from '@esinet/held';
import { type CivicAddress, type Shape, centroidOf, uncertaintyOf } from '@esinet/location';
import { type Place, precisionOf } from './place.js';

/** Elements each level of RFC 6772's civic transformation adds to those below it. What is not named is for `full`. */
const ELEMENTS: readonly (readonly [CivicLevel, string])[] = [
  ['country', 'country'],
  ['region', 'A1'],
  ['city', 'A2 A3'],
  ['building', 'A4 A5 A6 PRM PRD RD STS POD POM RDSEC RDBR RDSUBBR HNO HNS LMK PC BLD'],
];
const LEVEL_OF: ReadonlyMap<string, number> = new Map(
  ELEMENTS.flatMap(([level, names]) =>
    names.split(' ').map((name): [string, number] => [name, CIVIC_LEVELS.indexOf(level)]),
  ),
);
const METRES_PER_DEGREE = 111_195;

/** What a policy leaves of places: the address as far as its level goes, the area within its radius. */
export function grantedPlaces(places: readonly Place[], grant: PolicyGrant): Place[] {
  return places.flatMap((place): Place[] => {
    const { shape, civic, ...rest } = place;
    const keptShape =
      shape && grant.geodeticRadius !== undefined ? coarse(shape, grant.geodeticRadius) : undefined;
    const keptCivic = civic && atLevel(civic, grant.civic);
    if (!keptShape && !keptCivic) return [];
    const kept = {
      ...rest,
      ...(keptShape ? { shape: keptShape } : {}),
      ...(keptCivic ? { civic: keptCivic } : {}),
    };
    return [{ ...kept, precision: precisionOf(kept) }];
  });
}

function atLevel(civic: CivicAddress, level: CivicLevel): CivicAddress | undefined {
  if (level === 'full') return civic;
  const allowed = CIVIC_LEVELS.indexOf(level);
  const elements = civic.elements.filter(
    ({ name, uri }) => uri === undefined && (LEVEL_OF.get(name) ?? Infinity) <= allowed,
  );
  return elements.length > 0 ? { ...civic, elements } : undefined;
}

/**
 * A circle of at least that radius which holds the area. Its centre is that of a fixed grid's cell: who asks again and
 * again while the device moves learns of a new cell, never of more (a random centre could be averaged away).
 */
function coarse(shape: Shape, radius: number): Shape {
  if (radius === 0) return shape;
  const [lon, lat] = centroidOf(shape);
  const cell = radius / METRES_PER_DEGREE;
  const snappedLat = Math.max(-90, Math.min(90, (Math.floor(lat / cell) + 0.5) * cell));
  const cellLon = Math.min(360, cell / Math.max(0.01, Math.cos((snappedLat * Math.PI) / 180)));
  const snappedLon = Math.max(-180, Math.min(180, (Math.floor(lon / cellLon) + 0.5) * cellLon));
  // Half the diagonal of a cell is within the radius; the area itself may reach beyond.
  const needed = Math.SQRT1_2 * radius + uncertaintyOf(shape);
  return { type: 'circle', center: [snappedLon, snappedLat], radius: Math.max(radius, needed) };
}
