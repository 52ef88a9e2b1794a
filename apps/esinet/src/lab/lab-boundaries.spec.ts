import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { describe, expect, it } from 'vitest';
import { LAB_ATTRIBUTION, LAB_PSAPS, labBoundaries } from './lab-boundaries.js';
import { labNeighbours } from './lab-neighbours.js';

const lab = labBoundaries();

function centresAt(lat: number, lon: number): string[] {
  return lab.features
    .filter((f) => booleanPointInPolygon([lon, lat], f.geometry))
    .map((f) => f.properties['ServiceURI'] ?? '');
}

describe('the boundaries of the lab', () => {
  it.each([
    ['Madrid', 40.4168, -3.7038, 'madrid'],
    ['Barcelona', 41.3874, 2.1686, 'catalunya'],
    ['Barcelona, on the waterfront', 41.3785, 2.1925, 'catalunya'],
    ['Las Palmas, at its true place', 28.12, -15.43, 'canarias'],
    ['Ceuta', 35.8894, -5.3213, 'ceuta'],
    ['Melilla', 35.2923, -2.9381, 'melilla'],
    ['Palma', 39.5696, 2.6502, 'illes-balears'],
    ['Sevilla', 37.3891, -5.9845, 'andalucia'],
    ['Bilbao', 43.263, -2.935, 'euskadi'],
    ['Treviño, of Burgos and within Álava', 42.736, -2.747, 'castilla-y-leon'],
    ['Rincón de Ademuz, of Valencia and between its neighbours', 40.06, -1.286, 'comunitat-valenciana'],
  ])('have %s in one centre', { meta: { clause: 'RFC 5222 8.2' } }, (_, lat, lon, slug) => {
    expect(centresAt(lat, lon)).toEqual([`sip:${slug}@psap.esinet.internal`]);
  });

  it.each([
    ['the Atlantic', 40, -20],
    ['Gibraltar', 36.14, -5.35],
    ['Lisboa', 38.7223, -9.1393],
    ['Andorra la Vella', 42.5063, 1.5218],
    ["Llívia's surroundings in France", 42.5, 2.05],
  ])('have no centre in %s', { meta: { clause: 'RFC 5222 13.1' } }, (_, lat, lon) => {
    expect(centresAt(lat, lon)).toEqual([]);
  });

  it('have one feature for each of the nineteen communities and cities, named as the data model wants', () => {
    expect(lab.features).toHaveLength(19);
    expect(LAB_PSAPS.every((p) => /^[a-z-]+$/.test(p.slug))).toBe(true);
    expect(new Set(lab.features.map((f) => f.properties['NGUID'])).size).toBe(19);
    expect(lab.features.find((f) => f.properties['NGUID'] === 'urn:esinet:lab:es:09')?.properties).toEqual({
      NGUID: 'urn:esinet:lab:es:09',
      ServiceURI: 'sip:catalunya@psap.esinet.internal',
      ServiceURN: 'urn:service:sos',
      ServiceNum: '112',
      DsplayName: '112 Catalunya (lab)',
      Agency_ID: 'catalunya.psap.esinet.internal',
      Language: 'es',
    });
  });

  it('carry the attribution their licence asks for', () => {
    expect(lab.properties.attribution).toBe(LAB_ATTRIBUTION);
    expect(LAB_ATTRIBUTION).toContain('CC BY 4.0');
  });

  it('keep rings closed after rounding', { meta: { clause: 'RFC 7946 3.1.6' } }, () => {
    for (const f of lab.features) {
      for (const ring of f.geometry.coordinates.flat()) {
        expect(ring.length).toBeGreaterThanOrEqual(4);
        expect(ring.at(-1)).toEqual(ring[0]);
      }
    }
  });
});

describe('the neighbours on the map', () => {
  const neighbours = labNeighbours();
  const named = (name: string) => neighbours.features.find((f) => f.properties['name'] === name);

  it('are there without their parts overseas', () => {
    expect(neighbours.features.map((f) => f.properties['name']).sort()).toEqual([
      'Algeria',
      'Andorra',
      'France',
      'Gibraltar',
      'Italy',
      'Morocco',
      'Portugal',
      'Western Sahara',
    ]);
    const cayenne = booleanPointInPolygon(
      [-52.6, 4.2],
      named('France')?.geometry ?? { type: 'MultiPolygon', coordinates: [] },
    );
    expect(cayenne).toBe(false);
    expect(neighbours.properties.attribution).toContain('Natural Earth');
  });
});
