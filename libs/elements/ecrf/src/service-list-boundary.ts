import { type Position, type Shape, centroidOf } from '@esinet/location';
import { type EcrfLayers, isInForce } from './layers.js';

/** Metres; the first around the place in which nothing changes is the answer. */
const RADII = [50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50];
/** Positions of a boundary that is tried as it stands: comparing areas costs by them. */
const MAX_POSITIONS = 64;
/** Services up to which a region is looked for. */
const MAX_SERVICES = 32;
/** Shares this close to nothing or all are arithmetic on a common border. */
const DUST = 1e-5;

/**
 * RFC 6197 section 3.3: a region around a place in which each service is offered everywhere or nowhere, as it is at the
 * place. A boundary of a service where that one is such a region, else a circle: smaller than it could be, which section
 * 3.4.1 leaves to the server, and never wrong. Undefined: none was found, the list holds for the place only.
 */
export function serviceListBoundary(layers: EcrfLayers, shape: Shape, now: number): Shape | undefined {
  if (layers.services.size > MAX_SERVICES) return undefined;
  const centre = centroidOf(shape);
  const offered = new Map(
    [...layers.services].map(([urn, index]) => [urn, index.at(centre).some((b) => isInForce(b, now))]),
  );
  const isUniform = (region: Shape): boolean =>
    [...offered].every(([urn, isOffered]) => isUniformFor(layers, urn, region, isOffered, now));
  // Of an area only what holds for all of it.
  if (shape.type !== 'point' && !isUniform(shape)) return undefined;
  const candidates: Shape[] = [
    ...partsAround(layers, centre, now),
    ...RADII.map((radius) => ({ type: 'circle', center: centre, radius }) as const),
  ];
  return candidates.find(isUniform);
}

function isUniformFor(
  layers: EcrfLayers,
  urn: string,
  region: Shape,
  isOffered: boolean,
  now: number,
): boolean {
  const covering = (layers.services.get(urn)?.covering(region) ?? []).filter((c) =>
    isInForce(c.boundary, now),
  );
  if (!isOffered) return covering.every((c) => c.share < DUST);
  const [most] = covering;
  const all = covering.reduce((sum, c) => sum + c.share, 0);
  return (most?.share ?? 0) > 1 - DUST || Math.abs(all - 1) < DUST;
}

function partsAround(layers: EcrfLayers, centre: Position, now: number): Shape[] {
  const parts = [...layers.services.values()].flatMap((index) =>
    index.at(centre).flatMap((boundary) => {
      if (!isInForce(boundary, now)) return [];
      const part = index.partAt(boundary, centre);
      return part === undefined ? [] : (layers.served.get(boundary.id)?.part(part) ?? []);
    }),
  );
  return parts
    .filter((part) => part.vertices <= MAX_POSITIONS)
    .sort((a, b) => a.vertices - b.vertices)
    .slice(0, 4)
    .map((part) => part.shape);
}
