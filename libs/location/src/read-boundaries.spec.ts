import { describe, expect, it } from 'vitest';
import { readBoundaries } from './read-boundaries.js';

const square = (x: number, y: number, side = 1): number[][] => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
];
const properties = (id: string): Record<string, unknown> => ({
  NGUID: id,
  ServiceURI: 'sip:a@psap.example',
  ServiceURN: 'urn:service:sos',
  ServiceNum: '112',
  DsplayName: 'A',
  Agency_ID: 'a.example',
});
const polygon = (...rings: unknown[]): unknown => ({ type: 'Polygon', coordinates: rings });
const feature = (
  id: string,
  geometry: unknown = polygon(square(2, 41)),
  more: Record<string, unknown> = {},
): unknown => ({
  type: 'Feature',
  properties: { ...properties(id), ...more },
  geometry,
});
const collection = (...features: unknown[]): unknown => ({ type: 'FeatureCollection', features });
const codes = (...features: unknown[]): string[] => {
  const result = readBoundaries(collection(...features));
  return result.ok ? [] : result.error.map((p) => p.code);
};

describe('boundaries of a feature collection', () => {
  it('are read by the names of the data model', { meta: { clause: 'NENA-STA-006 4' } }, () => {
    const result = readBoundaries(
      collection(
        feature('x:1', polygon(square(2, 41)), {
          Effective: '2026-01-01T00:00:00Z',
          Expire: 1_800_000_000_000,
          Language: 'ca',
        }),
        feature(
          'x:2',
          { type: 'MultiPolygon', coordinates: [[square(4, 41)], [square(6, 41)]] },
          { ServiceURN: 'URN:Service:SOS.fire', DsplayName: '' },
        ),
      ),
    );
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    expect(result.value[0]).toEqual({
      id: 'x:1',
      serviceUri: 'sip:a@psap.example',
      serviceUrn: 'urn:service:sos',
      serviceNumber: '112',
      displayName: 'A',
      agencyId: 'a.example',
      effective: Date.UTC(2026, 0, 1),
      expires: 1_800_000_000_000,
      language: 'ca',
      geometry: { type: 'Polygon', coordinates: [square(2, 41)] },
    });
    expect(result.value[1]).toMatchObject({ serviceUrn: 'urn:service:sos.fire', displayName: 'a.example' });
    expect(readBoundaries(collection())).toEqual({ ok: true, value: [] });
  });

  it('list everything that is wrong, each with its feature', { meta: { clause: 'NENA-STA-006 4' } }, () => {
    const result = readBoundaries(
      collection(
        feature('x:1', polygon(square(2, 41).slice(0, -1)), { ServiceURI: undefined }),
        { type: 'Feature', properties: null, geometry: null },
        feature('x:1'),
      ),
    );
    expect(result.ok ? [] : result.error.map((p) => `${p.feature} ${p.code}`)).toEqual([
      'x:1 missing-service-uri',
      'x:1 not-closed',
      '#1 missing-nguid',
      '#1 missing-service-uri',
      '#1 missing-service-urn',
      '#1 empty-geometry',
      'x:1 duplicate-nguid',
    ]);
  });

  it.each([
    ['bad-service-uri', feature('a', undefined, { ServiceURI: 'not a uri' })],
    ['bad-service-uri', feature('a', undefined, { ServiceURI: 'sip:' })],
    ['bad-service-uri', feature('a', undefined, { ServiceURI: 'sip:user@' })],
    ['bad-service-urn', feature('a', undefined, { ServiceURN: 'sos' })],
    ['bad-service-number', feature('a', undefined, { ServiceNum: 'one one two' })],
    ['bad-date', feature('a', undefined, { Effective: 'soon' })],
    ['expires-before-effective', feature('a', undefined, { Effective: '2026-01-02', Expire: '2026-01-01' })],
    ['not-a-feature', { type: 'Point' }],
    ['not-a-feature', null],
    ['geometry-type', feature('a', { type: 'LineString', coordinates: square(2, 41) })],
    ['empty-geometry', feature('a', { type: 'Polygon', coordinates: [] })],
    ['empty-geometry', feature('a', { type: 'MultiPolygon', coordinates: [[]] })],
    ['empty-geometry', feature('a', { type: 'Polygon', coordinates: ['ring'] })],
    [
      'too-few-positions',
      feature(
        'a',
        polygon([
          [2, 41],
          [3, 41],
          [2, 41],
        ]),
      ),
    ],
    ['not-closed', feature('a', polygon(square(2, 41), square(2.2, 41.2, 0.1).slice(0, 4)))],
    [
      'not-a-number',
      feature(
        'a',
        polygon([
          [2, 41],
          [NaN, 41],
          [3, 42],
          [2, 41],
        ]),
      ),
    ],
    [
      'not-a-number',
      feature(
        'a',
        polygon([
          [2, 41],
          ['3', 41],
          [3, 42],
          [2, 41],
        ]),
      ),
    ],
    ['not-a-number', feature('a', polygon([[2, 41], null, [3, 42], [2, 41]]))],
    ['not-a-number', feature('a', polygon([[2, 41], [2], [3, 42], [2, 41]]))],
    [
      'out-of-range',
      feature(
        'a',
        polygon([
          [200, 95],
          [3, 41],
          [3, 42],
          [200, 95],
        ]),
      ),
    ],
    [
      'axes-swapped',
      feature(
        'a',
        polygon([
          [41, 120],
          [41, 121],
          [42, 121],
          [41, 120],
        ]),
      ),
    ],
  ])('%s', { meta: { clause: 'RFC 7946 3.1.6' } }, (code, bad) => {
    expect(codes(bad)).toEqual([code]);
  });

  it.each([
    ['nothing', undefined],
    ['a list', []],
    ['one feature', feature('a')],
    ['a collection without features', { type: 'FeatureCollection' }],
  ])('%s is no collection', { meta: { clause: 'RFC 7946 3.3' } }, (_, value) => {
    expect(readBoundaries(value)).toMatchObject({ ok: false, error: [{ code: 'not-a-feature-collection' }] });
  });

  it('exchanged axes are suspected of one that lies apart', { meta: { clause: 'RFC 7946 3.1.1' } }, () => {
    const spain = [
      feature('a', polygon(square(-4, 40))),
      feature('b', polygon(square(-3, 40))),
      feature('c', polygon(square(0, 43))),
    ];
    expect(codes(...spain)).toEqual([]);
    expect(codes(...spain, feature('d', polygon(square(41, -3))))).toEqual(['axes-swapped']);
    // Far away is not enough.
    expect(codes(...spain, feature('d', polygon(square(100, 10))))).toEqual([]);
  });

  it('a hopeless set does not list more than anybody reads', () => {
    const ring = Array.from({ length: 50 }, () => 'x');
    const many = Array.from({ length: 2_000 }, (_, i) =>
      feature(`x:${i}`, { type: 'Polygon', coordinates: [ring, ring, ring] }),
    );
    expect(codes(...many)).toHaveLength(1_000);
  });
});
