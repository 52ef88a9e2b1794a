import { type LabFeature, type LabFeatureCollection, type Outline, readAtlas } from '../atlas.js';

export const PORTUGAL_ATTRIBUTION = 'Outline of Portugal: Natural Earth, public domain (world-atlas)';

/** A fictitious 112 centre of the neighbour. */
export interface NeighbourCentre {
  readonly slug: string;
  readonly name: string;
}

/** Degrees north: the mainland is divided here, between Coimbra and Leiria. */
const division = 40;

/** What a position of the outline has to be like to belong to a part. The islands are whole polygons. */
const parts: readonly (NeighbourCentre & { readonly of: (outline: Outline) => number[][][][] })[] = [
  { slug: 'norte', name: 'Norte', of: (o) => mainland(o).flatMap((p) => cut(p, (lat) => lat - division)) },
  { slug: 'sul', name: 'Sul', of: (o) => mainland(o).flatMap((p) => cut(p, (lat) => division - lat)) },
  {
    slug: 'madeira',
    name: 'Madeira',
    of: (o) => o.polygons.filter((p) => westOf(p, -12) && !westOf(p, -20)),
  },
  { slug: 'acores', name: 'Açores', of: (o) => o.polygons.filter((p) => westOf(p, -20)) },
];

export const PORTUGAL_CENTRES: readonly NeighbourCentre[] = parts.map(({ slug, name }) => ({ slug, name }));

/** The service boundaries of the neighbour, with the property names of the NENA GIS data model. */
export function portugalBoundaries(domain: string): LabFeatureCollection {
  const [outline] = readAtlas('world-atlas/countries-10m.json', 'countries', ['620']);
  return {
    type: 'FeatureCollection',
    properties: {
      attribution: PORTUGAL_ATTRIBUTION,
      note: 'Fictitious emergency centres for the lab; no real one is reachable through these addresses.',
    },
    features: parts.map(({ slug, name, of }): LabFeature => ({
      type: 'Feature',
      properties: {
        NGUID: `urn:esinet:lab:pt:${slug}`,
        ServiceURI: `sip:${slug}@${domain}`,
        ServiceURN: 'urn:service:sos',
        ServiceNum: '112',
        DsplayName: `112 ${name} (lab)`,
        Agency_ID: `${slug}.${domain}`,
        Language: 'pt',
      },
      geometry: { type: 'MultiPolygon', coordinates: outline ? of(outline) : [] },
    })),
  };
}

function mainland({ polygons }: Outline): number[][][][] {
  return polygons.filter((polygon) => !westOf(polygon, -12));
}

function westOf(polygon: number[][][], longitude: number): boolean {
  return (polygon[0]?.[0]?.[0] ?? 0) < longitude;
}

/** The part of a polygon where `side` of the latitude is positive: Sutherland and Hodgman, ring by ring. */
function cut(polygon: number[][][], side: (latitude: number) => number): number[][][][] {
  const rings = polygon.map((ring) => cutRing(ring, side)).filter((ring) => ring.length >= 4);
  return rings.length > 0 ? [rings] : [];
}

function cutRing(ring: number[][], side: (latitude: number) => number): number[][] {
  const kept: number[][] = [];
  for (let i = 1; i < ring.length; i++) {
    const [lonA = 0, latA = 0] = ring[i - 1] ?? [];
    const [lonB = 0, latB = 0] = ring[i] ?? [];
    const [a, b] = [side(latA), side(latB)];
    if (a >= 0) kept.push([lonA, latA]);
    if (a * b < 0) {
      const t = a / (a - b);
      kept.push([lonA + t * (lonB - lonA), latA + t * (latB - latA)]);
    }
  }
  const [first] = kept;
  return first ? [...kept, first] : [];
}
