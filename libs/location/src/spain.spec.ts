import { createRequire } from 'node:module';
import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { describe, expect, it } from 'vitest';
import { BoundaryIndex } from './boundary-index.js';
import { readBoundaries } from './read-boundaries.js';
import type { Position } from './shape.js';

interface Decoder {
  feature(
    topology: unknown,
    object: unknown,
  ): { features: { id: string; properties: { name: string }; geometry: never }[] };
}
interface Topology {
  objects: Record<string, unknown>;
}

const require = createRequire(new URL('../../../apps/esinet/package.json', import.meta.url));
const topology = require('es-atlas/es/autonomous_regions.json') as Topology;
const { features } = (require('topojson-client') as Decoder).feature(
  topology,
  topology.objects['autonomous_regions'],
);
const collection = {
  type: 'FeatureCollection',
  features: features.map((f) => ({
    type: 'Feature',
    geometry: f.geometry,
    properties: {
      NGUID: f.id,
      ServiceURI: `sip:${f.id}@psap.example`,
      ServiceURN: 'urn:service:sos',
      DsplayName: f.properties.name,
    },
  })),
};

const read = readBoundaries(collection);
if (!read.ok) throw new Error(JSON.stringify(read.error.slice(0, 3)));
const index = new BoundaryIndex(read.value);
const names = (lat: number, lon: number): string[] => index.at([lon, lat]).map((b) => b.id);

let state = 5;
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
};
const turf = (p: Position): string[] =>
  features.filter((f) => booleanPointInPolygon([p[0], p[1]], f.geometry)).map((f) => f.id);

describe('the autonomous communities of Spain', () => {
  it(
    'are told apart as turf tells them, for 2,000 random points',
    { meta: { clause: 'RFC 5222 8.2' } },
    () => {
      let inside = 0;
      for (let i = 0; i < 2_000; i += 1) {
        const p: Position =
          i % 4 === 0
            ? [-18.5 + random() * 5.5, 27.5 + random() * 2]
            : [-9.5 + random() * 14, 35.8 + random() * 8.2];
        const found = index.at(p).map((b) => b.id);
        expect([p, found]).toEqual([p, turf(p)]);
        inside += found.length;
      }
      expect(inside).toBeGreaterThan(700);
    },
  );

  it('are told apart along their borders too', { meta: { clause: 'RFC 5222 8.2' } }, () => {
    const rings = read.value
      .flatMap((b) => (b.geometry.type === 'Polygon' ? [b.geometry.coordinates] : b.geometry.coordinates))
      .flat();
    for (let i = 0; i < 2_000; i += 1) {
      const ring = rings[Math.floor(random() * rings.length)] ?? [];
      const [x = NaN, y = NaN] = ring[Math.floor(random() * ring.length)] ?? [];
      const p: Position = [x + (random() - 0.5) * 1e-4, y + (random() - 0.5) * 1e-4];
      expect([p, index.at(p).map((b) => b.id)]).toEqual([p, turf(p)]);
    }
  });

  it('never claim a corner or an edge twice', { meta: { clause: 'RFC 5222 8.2' } }, () => {
    for (const b of read.value) {
      const polygons = b.geometry.type === 'Polygon' ? [b.geometry.coordinates] : b.geometry.coordinates;
      for (const ring of polygons.flat()) {
        ring.forEach((corner, i) => {
          const [x = NaN, y = NaN] = corner;
          const [nx = x, ny = y] = ring[i + 1] ?? corner;
          expect(index.at([x, y]).length).toBeLessThanOrEqual(1);
          expect(index.at([(x + nx) / 2, (y + ny) / 2]).length).toBeLessThanOrEqual(1);
        });
      }
    }
  });

  it(
    'answer two kilometres off Barcelona when asked for the nearest',
    { meta: { clause: 'RFC 5222 8.2' } },
    () => {
      expect(names(41.36, 2.215)).toEqual([]);
      expect(index.nearest([2.215, 41.36], 5_000)).toMatchObject([{ boundary: { id: '09' } }]);
      expect(index.nearest([-20, 40], 25_000)).toEqual([]);
    },
  );

  it('share an uncertain caller on their border', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const shares = index.covering({ type: 'circle', center: [-3.0, 40.2], radius: 40_000 });
    expect(shares.map((c) => c.boundary.id).sort()).toEqual(['08', '13']);
    expect(shares.reduce((sum, c) => sum + c.share, 0)).toBeCloseTo(1, 6);
    expect(index.covering({ type: 'circle', center: [2.1686, 41.3874], radius: 50 })).toMatchObject([
      { boundary: { id: '09' }, share: 1 },
    ]);
  });
});
