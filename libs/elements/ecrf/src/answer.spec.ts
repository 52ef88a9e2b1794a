import { type ServiceBoundary, type Shape, readBoundaries } from '@esinet/location';
import type { FindServiceRequest, FindServiceResponse, LostAnswer, LostRequest } from '@esinet/lost';
import { describe, expect, it } from 'vitest';
import { MAX_MAPPINGS, answer } from './answer.js';
import { type LayersOptions, buildLayers } from './layers.js';

const NOW = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;

function square(west: number, south: number, size: number): number[][][] {
  const [east, north] = [west + size, south + size];
  return [
    [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ],
  ];
}

function feature(
  id: string,
  urn: string,
  coordinates: unknown,
  more: object = {},
  type = 'Polygon',
): unknown {
  return {
    type: 'Feature',
    properties: {
      NGUID: id,
      ServiceURI: `sip:${id}@psap.esinet.internal`,
      ServiceURN: urn,
      DsplayName: `PSAP ${id}`,
      ...more,
    },
    geometry: { type, coordinates },
  };
}

function boundaries(...features: unknown[]): ServiceBoundary[] {
  const read = readBoundaries({ type: 'FeatureCollection', features });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

const SOS = 'urn:service:sos';
const all = boundaries(
  feature('west', SOS, square(-4, 40, 1), { ServiceNum: '112', Language: 'es' }),
  feature('east', SOS, square(-3, 40, 1)),
  feature('fire-west', `${SOS}.fire`, square(-4, 40, 1)),
  feature('police-east', `${SOS}.police`, square(-3, 40, 1)),
  feature('islands', SOS, [square(-16, 28, 1), square(-14, 28, 1)], {}, 'MultiPolygon'),
  feature('past', `${SOS}.gas`, square(-4, 40, 1), { Expire: new Date(NOW - HOUR).toISOString() }),
  feature('gas', `${SOS}.gas`, square(-4, 40, 1), { Expire: new Date(NOW + HOUR).toISOString() }),
  feature('gas-later', `${SOS}.gas`, square(-3, 40, 1), {
    Effective: new Date(NOW + 2 * HOUR).toISOString(),
  }),
);

function layers(more: Partial<LayersOptions> = {}) {
  return buildLayers({
    source: 'ecrf.esinet.lab',
    boundaries: all.map((boundary) => ({ boundary, lastUpdated: NOW - HOUR })),
    expiresMs: 24 * HOUR,
    maxVerticesByValue: 100,
    builtAt: NOW - HOUR,
    ...more,
  });
}

const point = (lon: number, lat: number): Shape => ({ type: 'point', position: [lon, lat] });

function find(shape: Shape, service = SOS, more: Partial<FindServiceRequest> = {}): FindServiceRequest {
  return {
    type: 'findService',
    locations: [{ id: 'loc', profile: 'geodetic-2d', shape }],
    service,
    recursive: false,
    validateLocation: false,
    serviceBoundary: 'reference',
    path: [],
    ...more,
  };
}

function mapped(given: LostAnswer): FindServiceResponse {
  if (given.type !== 'findServiceResponse') throw new Error(JSON.stringify(given));
  return given;
}

const idOf = (given: LostAnswer): string | undefined => mapped(given).mappings[0]?.sourceId;
const errorOf = (given: LostAnswer): string | undefined =>
  given.type === 'errors' ? given.errors[0]?.code : given.type;
const ask = (request: LostRequest, o = layers(), now = NOW): LostAnswer => answer(request, o, now);

describe('findService', () => {
  it(
    'gives the mapping of the boundary around a point',
    { meta: { clause: ['RFC 5222 8.4', 'RFC 5222 5', 'RFC 5222 5.7', 'RFC 5222 5.8'] } },
    () => {
      expect(ask(find(point(-3.7, 40.4)))).toMatchObject({
        type: 'findServiceResponse',
        mappings: [
          {
            source: 'ecrf.esinet.lab',
            sourceId: 'west',
            lastUpdated: '2026-01-01T11:00:00.000Z',
            // gas ends in an hour: until then nothing changes.
            expires: '2026-01-01T13:00:00.000Z',
            displayName: [{ lang: 'es', text: 'PSAP west' }],
            service: SOS,
            uris: ['sip:west@psap.esinet.internal'],
            serviceNumber: '112',
            serviceBoundaryReference: { source: 'ecrf.esinet.lab' },
          },
        ],
        warnings: [],
        path: ['ecrf.esinet.lab'],
        locationUsed: 'loc',
      });
    },
  );

  it('gives an area the boundary that has most of it', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const shapes: [Shape, string][] = [
      [{ type: 'circle', center: [-3.001, 40.5], radius: 1_000 }, 'west'],
      [{ type: 'circle', center: [-2.999, 40.5], radius: 1_000 }, 'east'],
      [{ type: 'ellipse', center: [-2.99, 40.5], semiMajor: 5_000, semiMinor: 100, orientation: 90 }, 'east'],
      [
        {
          type: 'arcband',
          center: [-3, 40.5],
          innerRadius: 500,
          outerRadius: 2_000,
          startAngle: 200,
          openingAngle: 120,
        },
        'west',
      ],
      [
        {
          type: 'polygon',
          rings: [
            [
              [-3.1, 40.2],
              [-2.7, 40.2],
              [-2.7, 40.3],
              [-3.1, 40.3],
              [-3.1, 40.2],
            ],
          ],
        },
        'east',
      ],
      // Most of it lies in the sea, and still some of it in a boundary.
      [{ type: 'circle', center: [-4.2, 40.5], radius: 30_000 }, 'west'],
      [{ type: 'circle', center: [-3.5, 40.5], radius: 0 }, 'west'],
    ];
    for (const [shape, id] of shapes) expect(idOf(ask(find(shape)))).toBe(id);
  });

  it(
    'puts the containing service in the place of one not offered here',
    { meta: { clause: ['RFC 5222 5.4', 'RFC 5222 13.2'] } },
    () => {
      const given = mapped(ask(find(point(-3.7, 40.4), 'urn:service:sos.police')));
      expect(given.mappings[0]).toMatchObject({ sourceId: 'west', service: SOS });
      expect(given.warnings).toMatchObject([{ code: 'serviceSubstitution', source: 'ecrf.esinet.lab' }]);
      // Police exists somewhere: the region without it is not the boundary of what stands in.
      expect(given.mappings[0]).not.toHaveProperty('serviceBoundaryReference');
      const mountain = mapped(ask(find(point(-3.7, 40.4), 'urn:service:sos.mountain')));
      expect(mountain.mappings[0]).toHaveProperty('serviceBoundaryReference');
      expect(mapped(ask(find(point(-2.5, 40.4), 'urn:service:sos.police'))).warnings).toEqual([]);
    },
  );

  it.each([
    ['urn:service:sos.mountain', 'west'],
    ['urn:service:sos.fire.forest', 'fire-west'],
    ['urn:service:sos.test', 'west'],
    ['urn:service:sos.fire.test', 'fire-west'],
    ['urn:service:test.sos.fire', 'fire-west'],
    ['urn:service:test.sos', 'west'],
    ['URN:Service:SOS', 'west'],
  ])('finds the nearest kin of %s', (service, id) => {
    expect(idOf(ask(find(point(-3.7, 40.4), service)))).toBe(id);
  });

  it('copies the service as it was written', { meta: { clause: 'RFC 5222 5.4' } }, () => {
    expect(mapped(ask(find(point(-3.7, 40.4), 'URN:service:SOS'))).mappings[0]?.service).toBe(
      'URN:service:SOS',
    );
  });

  it('knows no service beside the ones it serves', { meta: { clause: 'RFC 5222 13.1' } }, () => {
    for (const service of [
      'urn:service:counseling',
      'urn:service:test',
      'http://sos.example',
      'urn:service:sosx',
    ]) {
      const o = layers({ defaultMapping: { uri: 'sip:d@x.example', displayName: 'D' } });
      expect(errorOf(ask(find(point(-3.7, 40.4), service), o))).toBe('serviceNotImplemented');
    }
  });

  it(
    'finds nothing in the Atlantic, or the default where there is one',
    { meta: { clause: ['RFC 5222 13.1', 'RFC 5222 13.2'] } },
    () => {
      const atlantic = find(point(-30, 40));
      expect(errorOf(ask(atlantic))).toBe('notFound');
      const o = layers({
        defaultMapping: { uri: 'sip:default@psap.esinet.internal', displayName: 'Default PSAP' },
      });
      expect(ask(atlantic, o)).toMatchObject({
        mappings: [{ uris: ['sip:default@psap.esinet.internal'], expires: 'NO-CACHE', service: SOS }],
        warnings: [{ code: 'defaultMappingReturned' }],
      });
    },
  );

  it('bridges a gap to the nearest boundary when told so', { meta: { clause: 'RFC 5222 13.2' } }, () => {
    const offshore = find(point(-4.05, 40.5));
    expect(errorOf(ask(offshore))).toBe('notFound');
    const given = mapped(ask(offshore, layers({ nearestWithinMetres: 10_000 })));
    expect(given).toMatchObject({
      mappings: [{ sourceId: 'west' }],
      warnings: [{ code: 'defaultMappingReturned' }],
    });
    // The location is not within that boundary: nobody may conclude that it is.
    expect(given.mappings[0]).not.toHaveProperty('serviceBoundaryReference');
  });

  it('keeps to the time a boundary is in force', { meta: { clause: 'RFC 5222 5.2' } }, () => {
    const gas = `${SOS}.gas`;
    expect(mapped(ask(find(point(-3.7, 40.4), gas))).mappings[0]).toMatchObject({ sourceId: 'gas' });
    const ended = mapped(ask(find(point(-3.7, 40.4), gas), layers(), NOW + HOUR));
    expect(ended.mappings[0]?.sourceId).toBe('west');
    expect(ended.mappings[0]?.expires).toBe('2026-01-01T14:00:00.000Z');
    expect(idOf(ask(find(point(-2.5, 40.4), gas)))).toBe('east');
    expect(idOf(ask(find(point(-2.5, 40.4), gas), layers(), NOW + 2 * HOUR))).toBe('gas-later');
  });

  it(
    'uses the first location whose profile it understands',
    { meta: { clause: ['RFC 5222 12.1', 'RFC 5222 7'] } },
    () => {
      const unknown = {
        id: 'p',
        profile: 'prism',
        error: 'x',
        errorCode: 'locationProfileUnrecognized',
      } as const;
      const good = { id: 'g', profile: 'geodetic-2d', shape: point(-3.7, 40.4) } as const;
      const locations = [unknown, good];
      expect(mapped(ask(find(point(0, 0), SOS, { locations }))).locationUsed).toBe('g');
      expect(ask(find(point(0, 0), SOS, { locations: [unknown] }))).toMatchObject({
        errors: [{ code: 'locationProfileUnrecognized', unsupportedProfiles: ['prism'] }],
      });
      const invalid = { id: 'g', profile: 'geodetic-2d', error: 'x', errorCode: 'SRSInvalid' } as const;
      expect(errorOf(ask(find(point(0, 0), SOS, { locations: [invalid] })))).toBe('SRSInvalid');
    },
  );

  it(
    'adds itself to the path, and notices when it is there',
    { meta: { clause: 'RFC 5222 6', shall: '5.3.2-2' } },
    () => {
      const visited = find(point(-3.7, 40.4), SOS, { path: ['resolver.example'] });
      expect(mapped(ask(visited)).path).toEqual(['resolver.example', 'ecrf.esinet.lab']);
      const looping = find(point(-3.7, 40.4), SOS, {
        path: ['a.example', 'ECRF.esinet.lab'],
        recursive: true,
      });
      expect(errorOf(ask(looping))).toBe('loop');
    },
  );

  it(
    'sends a boundary by value unless it is too long',
    { meta: { clause: ['RFC 5222 5.5', 'RFC 5222 8.3.4'] } },
    () => {
      const request = find(point(-15.5, 28.5), SOS, { serviceBoundary: 'value' });
      expect(mapped(ask(request)).mappings[0]?.serviceBoundary).toHaveLength(1);
      const short = mapped(ask(request, layers({ maxVerticesByValue: 4 }))).mappings[0];
      expect(short).not.toHaveProperty('serviceBoundary');
      expect(short?.serviceBoundaryReference?.key).toMatch(/^[0-9a-f]{32}$/);
    },
  );
});

describe('an area of uncertainty', () => {
  const ids = (given: LostAnswer): string[] => mapped(given).mappings.map((m) => m.sourceId);
  // A block in the west with a long arm to the east: most of it lies in the west, its centroid in the east.
  const hammer: Shape = {
    type: 'polygon',
    rings: [
      [
        [-3.1, 40.1],
        [-3, 40.1],
        [-3, 40.46],
        [-2.1, 40.46],
        [-2.1, 40.54],
        [-3, 40.54],
        [-3, 40.9],
        [-3.1, 40.9],
        [-3.1, 40.1],
      ],
    ],
  };
  const circle = (lon: number, radius: number): Shape => ({ type: 'circle', center: [lon, 40.5], radius });

  it('goes to the largest share, unless told otherwise', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    expect(ids(ask(find(circle(-3.001, 1_000))))).toEqual(['west']);
    expect(ids(ask(find(hammer), layers({ uncertainty: 'largest-share' })))).toEqual(['west']);
  });

  it('goes to the boundary at its centroid', { meta: { clause: ['RFC 5222 12.2', 'RFC 7459 5.1'] } }, () => {
    const o = layers({ uncertainty: 'centroid' });
    expect(ids(ask(find(circle(-2.999, 1_000)), o))).toEqual(['east']);
    expect(ids(ask(find(hammer), o))).toEqual(['east']);
    // Off the coast the centroid is nowhere, and some of the area is somewhere.
    expect(ids(ask(find(circle(-4.2, 30_000)), o))).toEqual(['west']);
  });

  it('goes to all that meet it, most first', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const o = layers({ uncertainty: 'all' });
    expect(ids(ask(find(circle(-2.999, 1_000)), o))).toEqual(['east', 'west']);
    expect(ids(ask(find(circle(-3.5, 1_000)), o))).toEqual(['west']);
    expect(ids(ask(find(point(-3.5, 40.5)), o))).toEqual(['west']);
    const both = mapped(ask(find(circle(-3.001, 1_000), SOS, { serviceBoundary: 'value' }), o)).mappings;
    expect(both.map((m) => m.serviceBoundary?.length)).toEqual([1, 1]);
    expect(errorOf(ask(find(circle(-30, 1_000)), o))).toBe('notFound');
  });

  it('goes to no more than one can use', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const many = boundaries(
      ...Array.from({ length: 50 }, (_, i) => feature(`m${i}`, SOS, square(-4 + i / 50, 40, 1 / 50))),
    );
    const o = layers({
      uncertainty: 'all',
      boundaries: many.map((boundary) => ({ boundary, lastUpdated: 0 })),
    });
    expect(ids(ask(find(circle(-3.5, 80_000)), o))).toHaveLength(MAX_MAPPINGS);
  });

  it('leaves out what is not in force', { meta: { clause: 'RFC 5222 5.2' } }, () => {
    const o = layers({ uncertainty: 'all' });
    expect(ids(ask(find(circle(-3, 1_000), `${SOS}.gas`), o))).toEqual(['gas']);
    expect(ids(ask(find(circle(-3, 1_000), `${SOS}.gas`), o, NOW + 2 * HOUR))).toEqual(['gas-later']);
  });
});

describe('layers', () => {
  const withLayers = (more: Partial<LayersOptions> = {}) =>
    layers({
      boundaries: all.map((boundary) => ({
        boundary,
        lastUpdated: NOW,
        layer: boundary.serviceUrn === `${SOS}.police` ? 1 : 0,
      })),
      layers: [
        {},
        { source: 'police.example', defaultMapping: { uri: 'sip:police@x.example', displayName: 'Police' } },
      ],
      ...more,
    });

  it('have their own authority', { meta: { clause: 'RFC 5222 5.1' } }, () => {
    const given = mapped(ask(find(point(-2.5, 40.5), `${SOS}.police`), withLayers()));
    expect(given.mappings[0]).toMatchObject({
      source: 'police.example',
      sourceId: 'police-east',
      // The boundary is fetched where the answer came from.
      serviceBoundaryReference: { source: 'ecrf.esinet.lab' },
    });
    expect(given.path).toEqual(['ecrf.esinet.lab']);
    expect(mapped(ask(find(point(-2.5, 40.5)), withLayers())).mappings[0]?.source).toBe('ecrf.esinet.lab');
  });

  it('have their own default', { meta: { clause: 'RFC 5222 13.2' } }, () => {
    const other = { uri: 'sip:all@x.example', displayName: 'All' };
    const o = withLayers({ defaultMapping: other });
    const uri = (service: string, lon: number): string | undefined =>
      mapped(ask(find(point(lon, 40.5), service), o)).mappings[0]?.uris[0];
    expect(uri(`${SOS}.police`, -30)).toBe('sip:police@x.example');
    expect(uri(SOS, -30)).toBe('sip:all@x.example');
    // Before the default comes the service that contains it, where that is offered.
    expect(uri(`${SOS}.police`, -3.5)).toBe('sip:west@psap.esinet.internal');
  });
});

describe('a boundary of several parts', () => {
  const given = (shape: Shape) =>
    mapped(ask(find(shape, SOS, { serviceBoundary: 'value' }))).mappings[0]?.serviceBoundary;
  const west = { type: 'polygon', rings: square(-16, 28, 1) };
  const east = { type: 'polygon', rings: square(-14, 28, 1) };

  it(
    'is told as the one part around the location',
    { meta: { clause: ['RFC 5222 5.5', 'RFC 5222 12.2'] } },
    () => {
      expect(given(point(-15.5, 28.5))).toEqual([west]);
      expect(given(point(-13.5, 28.5))).toEqual([east]);
      const circle = (lon: number): Shape => ({ type: 'circle', center: [lon, 28.5], radius: 5_000 });
      expect(given(circle(-13.5))).toEqual([east]);
      // The centre lies in the sea between them.
      expect(given(circle(-14.01))).toEqual([east]);
    },
  );

  it('has a key for each part', { meta: { clause: 'RFC 5222 5.6' } }, () => {
    const keys = [-15.5, -13.5].map(
      (lon) => mapped(ask(find(point(lon, 28.5)))).mappings[0]?.serviceBoundaryReference?.key ?? '',
    );
    expect(keys.map((key) => ask({ type: 'getServiceBoundary', key }))).toMatchObject([
      { serviceBoundary: [west] },
      { serviceBoundary: [east] },
    ]);
  });
});

describe('getServiceBoundary', () => {
  const keyOf = (o = layers()): string =>
    mapped(ask(find(point(-15.5, 28.5)), o)).mappings[0]?.serviceBoundaryReference?.key ?? '';

  it('gives the boundary of a key', { meta: { clause: 'RFC 5222 9' } }, () => {
    const given = ask({ type: 'getServiceBoundary', key: keyOf() });
    expect(given).toMatchObject({ type: 'getServiceBoundaryResponse', path: ['ecrf.esinet.lab'] });
    expect(given.type === 'getServiceBoundaryResponse' && given.serviceBoundary).toHaveLength(1);
    expect(errorOf(ask({ type: 'getServiceBoundary', key: '0'.repeat(32) }))).toBe('notFound');
  });

  it(
    'keeps a key as long as the boundary stays, and not longer',
    { meta: { clause: 'RFC 5222 5.6' } },
    () => {
      expect(keyOf(layers())).toBe(keyOf(layers()));
      const moved = boundaries(feature('islands', SOS, square(-16, 28, 1.5)));
      const changed = layers({ boundaries: moved.map((boundary) => ({ boundary, lastUpdated: NOW })) });
      expect(keyOf(changed)).not.toBe(keyOf());
      expect(errorOf(ask({ type: 'getServiceBoundary', key: keyOf() }, changed))).toBe('notFound');
    },
  );
});

describe('lists of services', () => {
  it('name the top level, or what lies right below', { meta: { clause: 'RFC 5222 10' } }, () => {
    expect(ask({ type: 'listServices', path: [] })).toMatchObject({
      services: [SOS],
      path: ['ecrf.esinet.lab'],
    });
    expect(ask({ type: 'listServices', service: SOS, path: [] })).toMatchObject({
      services: [`${SOS}.fire`, `${SOS}.gas`, `${SOS}.police`],
    });
    expect(ask({ type: 'listServices', service: `${SOS}.fire`, path: [] })).toMatchObject({ services: [] });
  });

  it('name what is offered at a location', { meta: { clause: 'RFC 5222 11' } }, () => {
    const at = (lon: number, service?: string): LostAnswer =>
      ask({
        type: 'listServicesByLocation',
        locations: [{ id: 'l', profile: 'geodetic-2d', shape: point(lon, 40.4) }],
        ...(service === undefined ? {} : { service }),
        recursive: true,
        path: ['a.example'],
      });
    expect(at(-3.7, SOS)).toMatchObject({
      services: [`${SOS}.fire`, `${SOS}.gas`],
      locationUsed: 'l',
      path: ['a.example', 'ecrf.esinet.lab'],
    });
    expect(at(-2.5, SOS)).toMatchObject({ services: [`${SOS}.police`] });
    expect(at(-2.5)).toMatchObject({ services: [SOS] });
    expect(at(-30)).toMatchObject({ services: [] });
  });
});

describe('civic addresses', () => {
  const rule = (match: Record<string, string>, boundary: string) => ({
    match: { elements: Object.entries(match).map(([name, value]) => ({ name, value })) },
    boundary,
  });
  const civic = [
    rule({ country: 'ES' }, 'west'),
    rule({ country: 'ES', A1: 'Cataluña' }, 'east'),
    rule({ country: 'ES', A1: 'Cataluña' }, 'police-east'),
  ];
  const at = (address: Record<string, string>, service = SOS, o = layers({ civic })): LostAnswer =>
    ask(
      find(point(0, 0), service, {
        locations: [
          {
            id: 'c',
            profile: 'civic',
            civic: { elements: Object.entries(address).map(([name, value]) => ({ name, value })) },
          },
        ],
        validateLocation: true,
      }),
      o,
    );

  it(
    'go to the boundary whose rule says most',
    { meta: { clause: ['RFC 5222 12.3', 'RFC 5222 8.4.2'] } },
    () => {
      const given = mapped(at({ country: 'es', A1: 'CATALUÑA', A3: 'Girona' }));
      expect(given.mappings[0]).toMatchObject({
        sourceId: 'east',
        civicBoundary: [
          {
            elements: [
              { name: 'country', value: 'ES' },
              { name: 'A1', value: 'Cataluña' },
            ],
          },
        ],
      });
      expect(given.locationValidation).toEqual({ valid: ['country', 'A1'], invalid: [], unchecked: ['A3'] });
      expect(idOf(at({ country: 'ES', A1: 'Madrid' }))).toBe('west');
      expect(idOf(at({ country: 'ES', A1: 'Cataluña' }, `${SOS}.police`))).toBe('police-east');
    },
  );

  it('are invalid, not found, or mapped by default', { meta: { clause: 'RFC 5222 13.1' } }, () => {
    expect(errorOf(at({ country: 'Spain' }))).toBe('locationInvalid');
    expect(errorOf(at({ country: 'PT' }))).toBe('notFound');
    const o = layers({
      civic,
      defaultMapping: { uri: 'sip:default@psap.esinet.internal', displayName: 'D' },
    });
    expect(mapped(at({ country: 'PT', HNO: '1' }, SOS, o))).toMatchObject({
      warnings: [{ code: 'defaultMappingReturned' }, { code: 'locationValidationUnavailable' }],
      locationValidation: { valid: [], unchecked: ['country', 'HNO'] },
    });
  });
});
