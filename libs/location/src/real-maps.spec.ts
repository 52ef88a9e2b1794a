import { createRequire } from 'node:module';
import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { describe, expect, it } from 'vitest';
import { BoundaryIndex } from './boundary-index.js';
import { BoundaryReader, readBoundaries } from './read-boundaries.js';
import { type ServiceBoundary, polygonsOf } from './service-boundary.js';
import type { Position } from './shape.js';

interface Feature {
  readonly id?: string;
  readonly geometry: unknown;
}

const require = createRequire(new URL('../../../package.json', import.meta.url));

function collectionOf(file: string, object: string): { type: string; features: unknown[] } {
  const topology = require(file) as { objects: Record<string, unknown> };
  const { feature } = require('topojson-client') as {
    feature(topology: unknown, object: unknown): { features: Feature[] };
  };
  return {
    type: 'FeatureCollection',
    features: feature(topology, topology.objects[object]).features.map(({ id, geometry }, n) => ({
      type: 'Feature',
      geometry,
      properties: {
        NGUID: `${id ?? 'none'}:${n}`,
        ServiceURI: 'sip:a@psap.example',
        ServiceURN: 'urn:service:sos',
      },
    })),
  };
}

function boundariesOf(file: string, object: string): ServiceBoundary[] {
  const read = readBoundaries(collectionOf(file, object));
  if (!read.ok) throw new Error(JSON.stringify(read.error.slice(0, 3)));
  return read.value;
}

/** The same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** turf is asked about boundaries whose bounding box holds the point, which is what it would look at first. */
function turfOf(boundaries: readonly ServiceBoundary[]): (p: Position) => string[] {
  const boxed = boundaries.map((b) => {
    const corners = polygonsOf(b.geometry).flatMap((rings) => rings[0] ?? []);
    const range = (axis: 0 | 1): [number, number] =>
      corners.reduce<[number, number]>(
        ([least, most], p) => [Math.min(least, p[axis] ?? 0), Math.max(most, p[axis] ?? 0)],
        [Infinity, -Infinity],
      );
    return { b, x: range(0), y: range(1) };
  });
  return ([x, y]) =>
    boxed
      .filter((o) => x >= o.x[0] && x <= o.x[1] && y >= o.y[0] && y <= o.y[1])
      .filter(({ b }) => booleanPointInPolygon([x, y], b.geometry as never))
      .map(({ b }) => b.id);
}

/** Metres, in the plane, to the nearest edge of some boundaries. */
function distanceToBorder([px, py]: Position, boundaries: readonly ServiceBoundary[]): number {
  const kx = 111_195 * Math.cos((py * Math.PI) / 180);
  let least = Infinity;
  for (const ring of boundaries.flatMap((b) => polygonsOf(b.geometry).flat())) {
    for (let i = 0; i + 1 < ring.length; i += 1) {
      const [x1 = 0, y1 = 0] = ring[i] ?? [];
      const [x2 = 0, y2 = 0] = ring[i + 1] ?? [];
      const [ax, ay, dx, dy] = [(x1 - px) * kx, (y1 - py) * 111_195, (x2 - x1) * kx, (y2 - y1) * 111_195];
      const length = dx * dx + dy * dy;
      const t = length > 0 ? Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length)) : 0;
      least = Math.min(least, Math.hypot(ax + t * dx, ay + t * dy));
    }
  }
  return least;
}

/**
 * Points where we and turf differ must lie on a border, and there we must name one boundary where turf names both
 * neighbours, or none: turf counts a point on an edge as within either side, we as within exactly one.
 */
function compare(boundaries: readonly ServiceBoundary[], points: readonly Position[]): { found: number } {
  const index = new BoundaryIndex(boundaries);
  const turf = turfOf(boundaries);
  let found = 0;
  for (const p of points) {
    const ours = index.at(p).map((b) => b.id);
    const theirs = turf(p);
    found += ours.length;
    if (JSON.stringify(ours) === JSON.stringify(theirs)) continue;
    const named = boundaries.filter((b) => ours.includes(b.id) || theirs.includes(b.id));
    expect([p, ours, theirs, distanceToBorder(p, named) < 0.001]).toEqual([p, ours, theirs, true]);
    expect([p, ours, theirs.length >= ours.length]).toEqual([p, ours, true]);
  }
  return { found };
}

describe('10,000 random points', () => {
  it('in Spain are where turf says', { meta: { clause: 'RFC 5222 8.2' } }, () => {
    const random = generator(41);
    const points = Array.from({ length: 10_000 }, (_, i): Position =>
      i % 8 === 0
        ? [-18.5 + random() * 5.5, 27.5 + random() * 2]
        : [-9.5 + random() * 14, 35.8 + random() * 8.2],
    );
    const { found } = compare(
      boundariesOf('es-atlas/es/autonomous_regions.json', 'autonomous_regions'),
      points,
    );
    expect(found).toBeGreaterThan(4_000);
  });

  it('in the counties of the United States are where turf says', { meta: { clause: 'RFC 5222 8.2' } }, () => {
    const random = generator(42);
    const counties = boundariesOf('us-atlas/counties-10m.json', 'counties');
    expect(counties).toHaveLength(3_231);
    const points = Array.from({ length: 10_000 }, (): Position => [
      -125 + random() * 58,
      24.5 + random() * 25,
    ]);
    expect(compare(counties, points).found).toBeGreaterThan(5_000);
  });
});

describe('points on borders', () => {
  it(
    'of counties belong to one of those that turf names, for 5,000 corners',
    { meta: { clause: 'RFC 5222 8.2' } },
    () => {
      const random = generator(43);
      const counties = boundariesOf('us-atlas/counties-10m.json', 'counties');
      const rings = counties.flatMap((b) => polygonsOf(b.geometry).flat());
      const points = Array.from({ length: 5_000 }, (): Position => {
        const ring = rings[Math.floor(random() * rings.length)] ?? [];
        const [x = 0, y = 0] = ring[Math.floor(random() * ring.length)] ?? [];
        return [x, y];
      });
      compare(counties, points);
    },
  );
});

describe('the countries of the world at 10 m', () => {
  const collection = collectionOf('world-atlas/countries-10m.json', 'countries');
  const countries = boundariesOf('world-atlas/countries-10m.json', 'countries');
  const index = new BoundaryIndex(countries);
  const at = (lon: number, lat: number): string[] => index.at([lon, lat]).map((b) => b.id.slice(0, 3));

  it('load, odd outlines told and used', { meta: { clause: 'RFC 7946 3.1.6' } }, () => {
    const positions = countries.reduce(
      (sum, b) =>
        sum + polygonsOf(b.geometry).reduce((n, rings) => n + rings.reduce((m, r) => m + r.length, 0), 0),
      0,
    );
    expect([countries.length, positions]).toEqual([255, 544_898]);
    const reader = new BoundaryReader();
    for (const feature of collection.features) reader.read(feature);
    expect(reader.problems).toEqual([]);
    expect(reader.warnings.length).toBeGreaterThan(30);
    expect(new Set(reader.warnings.map((w) => w.code))).toEqual(new Set(['self-crossing']));
  });

  it('answer, over the antimeridian and at the pole too', { meta: { clause: 'RFC 7946 3.1.9' } }, () => {
    expect(at(-3.7, 40.4)).toEqual(['724']);
    expect(at(2.35, 48.85)).toEqual(['250']);
    // Lesotho within South Africa.
    expect([at(28.2, -29.6), at(25, -29)]).toEqual([['426'], ['710']]);
    // Russia on both sides, Fiji on and about the line.
    expect([at(179, 66.5), at(-175, 66.5), at(37.6, 55.7)]).toEqual([['643'], ['643'], ['643']]);
    expect([at(178.5, -17.8), at(180, -16.5), at(-180, -16.5), at(179.3, -16.6)]).toEqual([
      ['242'],
      ['242'],
      ['242'],
      ['242'],
    ]);
    for (const lon of [-180, -90, 0, 45, 179.99]) expect(at(lon, -89.9)).toEqual(['010']);
    expect([at(-30, 40), at(100, 66), at(-100, 66)]).toEqual([[], ['643'], ['124']]);
  });

  it(
    'are where turf says, but for those it draws across the map',
    { meta: { clause: 'RFC 7946 3.1.9' } },
    () => {
      // A ring that steps over the antimeridian runs around the globe the long way to one who reads it in the plane.
      const plane = countries.filter((b) =>
        polygonsOf(b.geometry).every((rings) =>
          rings.every((ring) =>
            ring.every((p, i) => Math.abs((p[0] ?? 0) - (ring[Math.max(0, i - 1)]?.[0] ?? 0)) <= 180),
          ),
        ),
      );
      expect(
        countries
          .filter((b) => !plane.includes(b))
          .map((b) => b.id.slice(0, 3))
          .sort(),
      ).toEqual(['010', '242', '643']);
      const random = generator(44);
      const points = Array.from({ length: 1_000 }, (): Position => [
        -180 + random() * 360,
        -60 + random() * 140,
      ]);
      expect(compare(plane, points).found).toBeGreaterThan(200);
    },
  );

  it('share the area of one who may be in any of several', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const shares = index.covering({ type: 'circle', center: [6.02, 50.754], radius: 5_000 });
    expect(shares.map((c) => c.boundary.id.slice(0, 3)).sort()).toEqual(['056', '276', '528']);
    expect(shares.reduce((sum, c) => sum + c.share, 0)).toBeCloseTo(1, 2);
  });
});
