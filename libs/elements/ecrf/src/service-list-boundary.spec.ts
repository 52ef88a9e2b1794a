import { type Shape, readBoundaries } from '@esinet/location';
import type { ListServicesByLocationRequest, ListServicesByLocationResponse } from '@esinet/lost';
import { expect, it } from 'vitest';
import { BoundaryShelf } from './boundary-shelf.js';
import { type EcrfLayers, buildLayers } from './layers.js';
import { resolve } from './resolve.js';
import { serviceListBoundary } from './service-list-boundary.js';

const NOW = Date.UTC(2026, 0, 1, 12);
const SOS = 'urn:service:sos';

function layers(...of: readonly [urn: string, west: number, south: number, size: number][]): EcrfLayers {
  const features = of.map(([urn, west, south, size], i) => ({
    type: 'Feature',
    properties: { NGUID: `${i}`, ServiceURI: 'sip:x@psap.lab', ServiceURN: urn },
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [west, south],
          [west + size, south],
          [west + size, south + size],
          [west, south + size],
          [west, south],
        ],
      ],
    },
  }));
  const read = readBoundaries({ type: 'FeatureCollection', features });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return buildLayers({
    source: 'a.lab',
    boundaries: read.value.map((boundary) => ({ boundary, lastUpdated: 0 })),
    expiresMs: 3_600_000,
    maxVerticesByValue: 100,
    builtAt: 0,
  });
}

const at = (lon: number, lat: number): Shape => ({ type: 'point', position: [lon, lat] });

// Ambulance for all of it, and in one part a mountain rescue beside it.
const alps = layers(
  [`${SOS}.ambulance`, 0, 40, 10],
  [`${SOS}.mountain`, 6, 46, 2],
  [`${SOS}.sea`, 30, 40, 1],
);

it(
  'is a region in which no service begins or ends',
  { meta: { clause: ['RFC 6197 3.3', 'RFC 6197 3.4.1'] } },
  () => {
    // In the mountains: their whole region, since ambulances are all over it.
    expect(serviceListBoundary(alps, at(7, 47), NOW)).toMatchObject({
      type: 'polygon',
      rings: [[[6, 46], [8, 46], {}, {}, {}]],
    });
    // Elsewhere not the region of the ambulances, in which the list changes, but what is known to be safe.
    const plain = serviceListBoundary(alps, at(5.5, 47), NOW);
    expect(plain).toMatchObject({ type: 'circle', center: [5.5, 47] });
    expect(plain?.type === 'circle' && plain.radius).toBe(20_000);
    // At sea nothing is offered, and that too ends somewhere.
    expect(serviceListBoundary(alps, at(20, 45), NOW)).toMatchObject({ type: 'circle', radius: 50_000 });
    // Close to a border there is none.
    expect(serviceListBoundary(alps, at(5.9999, 47), NOW)).toBeUndefined();
    // For an area only what holds for all of it.
    const circle = (lon: number): Shape => ({ type: 'circle', center: [lon, 47], radius: 5_000 });
    expect(serviceListBoundary(alps, circle(7), NOW)).toMatchObject({ type: 'polygon' });
    expect(serviceListBoundary(alps, circle(6), NOW)).toBeUndefined();
  },
);

it('holds for neighbours that offer the same', { meta: { clause: 'RFC 6197 3.4.1' } }, () => {
  const counties = layers(
    [SOS, 0, 40, 1],
    [SOS, 1, 40, 1],
    [`${SOS}.fire`, 0, 40, 1],
    [`${SOS}.fire`, 1, 40, 1],
  );
  expect(serviceListBoundary(counties, at(0.9, 40.5), NOW)).toMatchObject({ type: 'polygon' });
});

it(
  'is given by value or by reference with the list, and only where it is asked for',
  { meta: { clause: ['RFC 6197 3.1', 'RFC 6197 3.2'] } },
  () => {
    const shelf = (): BoundaryShelf => new BoundaryShelf({ entries: 10, positions: 1_000 });
    const context = { layers: alps, boundaries: shelf(), lists: shelf(), referral: undefined };
    const ask = (serviceListBoundary?: 'value' | 'reference'): ListServicesByLocationResponse => {
      const request: ListServicesByLocationRequest = {
        type: 'listServicesByLocation',
        locations: [{ id: 'a', profile: 'geodetic-2d', shape: at(7, 47) }],
        service: SOS,
        recursive: false,
        path: [],
        ...(serviceListBoundary ? { serviceListBoundary } : {}),
      };
      const given = resolve(request, context, NOW);
      if (given instanceof Promise || given.type !== 'listServicesByLocationResponse')
        throw new Error('no list');
      return given;
    };
    const plain = ask();
    expect(plain.services).toEqual([`${SOS}.ambulance`, `${SOS}.mountain`]);
    expect(Object.keys(plain)).not.toContain('serviceListBoundary');
    expect(ask('value')).toMatchObject({
      serviceListBoundary: { expires: '2026-01-01T13:00:00.000Z', shapes: [{ type: 'polygon' }] },
    });
    const reference = ask('reference').serviceListBoundaryReference;
    expect(reference).toMatchObject({ source: 'a.lab', key: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(ask('reference').serviceListBoundaryReference).toEqual(reference);
    const key = reference?.key ?? '';
    expect(resolve({ type: 'getServiceListBoundary', key }, context, NOW)).toMatchObject({
      type: 'getServiceListBoundaryResponse',
      boundary: { shapes: [{ type: 'polygon' }] },
      path: ['a.lab'],
    });
    expect(resolve({ type: 'getServiceListBoundary', key: 'other' }, context, NOW)).toMatchObject({
      errors: [{ code: 'notFound' }],
    });
  },
);
