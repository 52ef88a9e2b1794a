import { type LabFeatureCollection, type Outline, readAtlas } from './atlas.js';
import { spanishOutlines } from './lab-boundaries.js';

export const NEIGHBOURS_ATTRIBUTION =
  'Outlines of other territories: Natural Earth, public domain (world-atlas)';

/** ISO 3166-1 numeric code and name of what else is on the map. */
const NEIGHBOURS: ReadonlyMap<string, string> = new Map([
  ['620', 'Portugal'],
  ['250', 'France'],
  ['020', 'Andorra'],
  ['504', 'Morocco'],
  ['732', 'Western Sahara'],
  ['012', 'Algeria'],
  ['380', 'Italy'],
]);
const GIBRALTAR = { spanishCode: '20', code: '292', name: 'Gibraltar' };
/** Degrees: what can be on the map at all. France and Portugal have parts overseas. */
const WINDOW = { west: -30, south: 18, east: 20, north: 52 };

/** Outlines around Spain, for the map only: no service boundary, and coarser than the communities. */
export function labNeighbours(): LabFeatureCollection {
  const countries = readAtlas('world-atlas/countries-50m.json', 'countries').flatMap((o): Outline[] => {
    const name = NEIGHBOURS.get(o.code);
    return name ? [{ ...o, name, polygons: o.polygons.filter(onMap) }] : [];
  });
  const gibraltar = spanishOutlines()
    .filter((o) => o.code === GIBRALTAR.spanishCode)
    .map((o): Outline => ({ ...o, code: GIBRALTAR.code, name: GIBRALTAR.name }));
  return {
    type: 'FeatureCollection',
    properties: { attribution: NEIGHBOURS_ATTRIBUTION, note: 'For the map only.' },
    features: [...countries, ...gibraltar].map((o) => ({
      type: 'Feature',
      properties: { code: o.code, name: o.name },
      geometry: { type: 'MultiPolygon', coordinates: o.polygons },
    })),
  };
}

function onMap(polygon: number[][][]): boolean {
  return (polygon[0] ?? []).some(([lon = NaN, lat = NaN]) => {
    return lon > WINDOW.west && lon < WINDOW.east && lat > WINDOW.south && lat < WINDOW.north;
  });
}
