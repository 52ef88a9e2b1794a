import { describe, expect, it } from 'vitest';
import { checkBoundaries, type CheckOptions, type CheckReport } from './check-boundaries.js';
import { readExceptions } from './exceptions.js';
import { issueCatalogue } from './issue-catalogue.js';

type Properties = Record<string, unknown>;
const square = (x: number, y: number, side = 1): number[][] => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
];
const feature = (id: string, rings: unknown, more: Properties = {}): Properties => ({
  type: 'Feature',
  properties: {
    NGUID: id,
    ServiceURI: `sip:${id}@psap.example`,
    ServiceURN: 'urn:service:sos',
    ServiceNum: '112',
    DsplayName: id.toUpperCase(),
    Agency_ID: `${id}.example`,
    ...more,
  },
  geometry: { type: 'Polygon', coordinates: rings },
});
const collection = (...features: unknown[]): Properties => ({ type: 'FeatureCollection', features });
const now = Date.UTC(2026, 10, 1);
function check(geojson: unknown, o: Partial<CheckOptions> = {}): CheckReport {
  return checkBoundaries([{ file: 'set.geojson', geojson }], { now, ...o });
}
/** Codes with the features they are about. */
const found = (report: CheckReport): string[] =>
  report.issues.map(({ code, features }) => [code, ...features.map(({ id }) => id)].join(' '));

describe('a set of boundaries', () => {
  it('is fine where neighbours share their border', { meta: { clause: 'NENA-STA-006 4' } }, () => {
    const report = check(collection(feature('a', [square(0, 0)]), feature('b', [square(1, 0)])));
    expect(found(report)).toEqual([]);
    expect(report).toMatchObject({ errors: 0, notices: 0, services: ['urn:service:sos'] });
  });

  it('has gaps within it and overlaps, each with its neighbours, its area and a place', () => {
    const frame = feature('a', [square(0, 0, 3), square(1, 1).reverse()]);
    const report = check(collection(frame, feature('b', [square(2.5, 0)])));
    expect(found(report)).toEqual(['gap a', 'overlap a b']);
    const [gap, overlap] = report.issues;
    expect(gap).toMatchObject({
      severity: 'Error',
      service: 'urn:service:sos',
      message: 'within or beside A',
    });
    expect((gap?.areaM2 ?? 0) / 1e6).toBeCloseTo(12_360, -2);
    expect(gap?.place?.lon).toBeCloseTo(1.5, 3);
    expect(overlap?.geometry).toMatchObject({ type: 'MultiPolygon' });
    expect(gap?.id).toMatch(/^gap-[0-9a-f]{8}$/);
  });

  it('leaves services apart, and --layer looks at one', () => {
    const set = collection(
      feature('a', [square(0, 0)]),
      feature('b', [square(0, 0)], { ServiceURN: 'urn:service:sos.police' }),
      feature('c', [square(0.5, 0)], { ServiceURN: 'urn:service:sos.police', DsplayName: '' }),
    );
    expect(found(check(set))).toEqual(['overlap b c', 'missing-display-name c']);
    expect(found(check(set, { layer: 'sos' }))).toEqual([]);
    expect(found(check(set, { layer: 'police' }))).toEqual(['overlap b c', 'missing-display-name c']);
    expect(found(check(set, { layer: 'fire' }))).toEqual(['no-features']);
  });

  it('tells slivers from gaps and overlaps by the tolerance', () => {
    const set = collection(feature('a', [square(0, 0)]), feature('b', [square(0.999995, 0)]));
    expect(found(check(set))).toEqual(['sliver-overlap a b']);
    expect(found(check(set, { tolerance: { areaM2: 0, widthM: 0.1 } }))).toEqual(['overlap a b']);
    const apart = collection(
      feature('a', [square(0, 0, 3), square(1, 1, 1).reverse()]),
      feature('b', [square(1.000004, 1, 0.999996)]),
    );
    expect(found(check(apart))[0]).toBe('sliver-gap a b');
  });

  it('is measured against an authority: what is missing, and what is beyond', () => {
    const authority = { type: 'Feature', geometry: { type: 'Polygon', coordinates: [square(0, 0, 2)] } };
    const report = check(collection(feature('a', [square(0, 0)]), feature('b', [square(1.5, 1.5)])), {
      authority,
    });
    expect(found(report)).toEqual(['gap a b', 'beyond-authority b']);
    const km2 = report.issues.map(({ areaM2 }) => Math.round((areaM2 ?? 0) / 1e6 / 1_236) / 10);
    expect(km2).toEqual([2.8, 0.7]);
  });

  it('knows duplicates, and versions that follow each other', { meta: { clause: 'NENA-STA-006 4' } }, () => {
    const same = collection(feature('a', [square(0, 0)]), feature('b', [square(0, 0).reverse()]));
    expect(found(check(same))).toEqual(['duplicate-geometry a b', 'wrong-winding b']);
    const uri = { ServiceURI: 'sip:a@psap.example' };
    const versions = (effective: string): string[] =>
      found(
        check(
          collection(
            feature('a', [square(0, 0)], { ...uri, Expire: '2027-01-01' }),
            feature('b', [square(0, 0)], { ...uri, Effective: effective }),
          ),
        ),
      );
    expect(versions('2027-01-01')).toEqual(['not-yet-effective b']);
    expect(versions('2026-12-01')).toEqual(['overlapping-validity a b', 'not-yet-effective b']);
    expect(versions('2027-02-01')).toEqual(['coverage-ends a', 'not-yet-effective b']);
  });

  it('takes an expired or a future feature for a gap now', () => {
    const frame = feature('a', [square(0, 0, 3), square(1, 1).reverse()]);
    const inner = (more: Properties): string[] =>
      found(check(collection(frame, feature('b', [square(1, 1)], more))));
    expect(inner({})).toEqual([]);
    expect(inner({ Expire: '2026-01-01' })).toEqual(['gap a', 'expired b']);
    expect(inner({ Effective: '2027-01-01' })).toEqual(['gap a', 'not-yet-effective b']);
    expect(found(check(collection(feature('a', [square(0, 0)], { Effective: '2027-01-01' }))))).toEqual([
      'nothing-in-force',
      'not-yet-effective a',
    ]);
  });

  it('is seen as one over several files', () => {
    const report = checkBoundaries(
      [
        { file: 'a.geojson', geojson: collection(feature('a', [square(0, 0)])), lines: [7] },
        { file: 'b.geojson', geojson: collection(feature('a', [square(0.5, 0)], { NGUID: undefined })) },
      ],
      { now },
    );
    expect(found(report)).toEqual(['overlap a b.geojson#0', 'missing-nguid b.geojson#0']);
    expect(report.issues[0]?.features[0]).toEqual({ id: 'a', name: 'A', file: 'a.geojson', line: 7 });
  });

  it.each<[string, unknown, Properties?]>([
    ['not-closed a', [square(0, 0).slice(0, 4)]],
    [
      'too-few-positions a',
      [
        [
          [0, 0],
          [1, 1],
          [0, 0],
        ],
      ],
    ],
    [
      'not-a-number a',
      [
        [
          [0, 0],
          [null, 0],
          [1, 1],
          [0, 0],
        ],
      ],
    ],
    [
      'not-a-number a',
      [
        [
          [0, 0],
          [NaN, 0],
          [1, 1],
          [0, 0],
        ],
      ],
    ],
    [
      'out-of-range a',
      [
        [
          [0, 0],
          [200, 100],
          [1, 1],
          [0, 0],
        ],
      ],
    ],
    [
      'axes-swapped a',
      [
        [
          [30, -97],
          [31, -97],
          [31, -96],
          [30, -97],
        ],
      ],
    ],
    ['wrong-winding a', [square(0, 0).reverse()]],
    ['empty-geometry a', []],
    ['empty-geometry a', null],
    [
      'empty-ring a',
      [
        [
          [0, 0],
          [1, 1],
          [0.5, 0.5],
          [0, 0],
        ],
      ],
    ],
    [
      'self-crossing a',
      [
        [
          [0, 0],
          [2, 2],
          [2, 0],
          [0, 2.5],
          [0, 0],
        ],
      ],
    ],
    ['self-overlap a', [square(0, 0), square(5, 5).reverse()]],
    ['projected a', [square(500_000, 4_640_000, 1_000)]],
    ['missing-nguid #0', [square(0, 0)], { NGUID: ' ' }],
    ['missing-service-uri a', [square(0, 0)], { ServiceURI: undefined }],
    ['bad-service-uri a', [square(0, 0)], { ServiceURI: 'sip:' }],
    ['odd-service-uri a', [square(0, 0)], { ServiceURI: 'tel:112' }],
    ['missing-service-urn a', [square(0, 0)], { ServiceURN: '' }],
    ['bad-service-urn a', [square(0, 0)], { ServiceURN: 'sos' }],
    ['unknown-service-urn a', [square(0, 0)], { ServiceURN: 'urn:service:sos.polcie' }],
    ['missing-service-number a', [square(0, 0)], { ServiceNum: undefined }],
    ['bad-service-number a', [square(0, 0)], { ServiceNum: 'one' }],
    ['missing-agency-id a', [square(0, 0)], { Agency_ID: null }],
    ['bad-date a', [square(0, 0)], { Effective: 'soon' }],
    ['expires-before-effective a', [square(0, 0)], { Effective: '2026-01-02', Expire: '2026-01-01' }],
  ])('%s', (expected, rings, more) => {
    expect(found(check(collection(feature('a', rings, more))))).toContain(expected);
  });

  it(
    'is not a set at all, or of another system',
    { meta: { clause: ['RFC 7946 3.3', 'RFC 7946 4'] } },
    () => {
      expect(found(check([]))).toEqual(['not-a-feature-collection set.geojson']);
      expect(found(check(collection()))).toEqual(['no-features']);
      expect(found(check(collection(5, { type: 'Point' }))).sort()).toEqual([
        'no-features',
        'not-a-feature #0',
        'not-a-feature #1',
      ]);
      const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::25830' } };
      expect(found(check({ ...collection(feature('a', [square(0, 0)])), crs }))).toContain('crs set.geojson');
      const wgs84 = { type: 'name', properties: { name: 'urn:ogc:def:crs:OGC:1.3:CRS84' } };
      expect(found(check({ ...collection(feature('a', [square(0, 0)])), crs: wgs84 }))).toEqual([]);
    },
  );

  it('tells an NGUID that is used twice, and one whose axes are exchanged among others', () => {
    const twice = check(collection(feature('a', [square(0, 0)]), feature('a', [square(1, 0)])));
    expect(found(twice)).toEqual(['duplicate-nguid a a']);
    const turned = square(40, -3).map(([x, y]) => [x, y]);
    const swapped = check(
      collection(feature('a', [square(-4, 40)]), feature('b', [square(-3, 41)]), feature('c', [turned])),
    );
    expect(found(swapped)).toContain('axes-swapped c');
  });

  it('accepts what the exceptions accept, by id and features, with the reason', () => {
    const set = collection(feature('a', [square(0, 0, 3), square(1, 1).reverse()]));
    const [gap] = check(set).issues;
    const exceptions = readExceptions({
      exceptions: [
        { id: gap?.id, features: ['a'], reason: 'a lake' },
        { id: 'gap-00000000', reason: 'gone' },
      ],
    });
    if (!exceptions.ok) throw new Error(exceptions.error);
    const report = check(set, { exceptions: exceptions.value });
    expect(report).toMatchObject({ errors: 0, notices: 1, accepted: 1 });
    expect(report.issues.map(({ code, accepted }) => [code, accepted])).toEqual([
      ['gap', 'a lake'],
      ['unused-exception', undefined],
    ]);
    expect(check(set, { exceptions: [{ id: gap?.id ?? '', features: ['b'], reason: 'x' }] }).errors).toBe(1);
    expect(readExceptions({})).toMatchObject({ ok: false });
    expect(readExceptions([{ id: 'a' }])).toEqual({ ok: false, error: 'exception 0 (a) has no reason' });
  });

  it('does not drown in features that lie over each other, nor in a tangle', () => {
    const many = Array.from({ length: 210 }, (_, i) => feature(`n${i}`, [square(i / 1_000, 0)]));
    const report = check(collection(...many));
    expect(report.issues.length).toBeLessThanOrEqual(20_001);
    expect(found(report)).toContain('not-all-compared');
    const star = Array.from({ length: 401 }, (_, i) => [Math.sin(i * 2.1), Math.cos(i * 2.1)]);
    star.push(star[0] ?? []);
    const tangled = check(collection(feature('star', [star]), feature('a', [square(0, 0)])));
    expect(found(tangled)).toContain('too-complex star');
    expect(found(tangled)).not.toContain('overlap star a');
  });

  it('has a meaning and a fix for every kind of issue', () => {
    for (const { title, meaning, fix } of Object.values(issueCatalogue)) {
      expect([title, meaning, fix].every((text) => text.length > 3)).toBe(true);
    }
  });
});
