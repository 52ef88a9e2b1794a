import { describe, expect, it } from 'vitest';
import { destination, distance } from './geodesy.js';
import type { Position, Shape } from './shape.js';
import { areaOf, centroidOf, shapeToPolygon, uncertaintyOf } from './shape-geometry.js';

const arcband: Shape = {
  type: 'arcband',
  center: [153.2176, -43.5723],
  innerRadius: 3594,
  outerRadius: 4148,
  startAngle: 20,
  openingAngle: 20,
};
/** About the Sydney Opera House, the example of RFC 7459 6.1. */
const bob: Shape = {
  type: 'polygon',
  rings: [
    [
      [151.215906, -33.856625],
      [151.215343, -33.856299],
      [151.214731, -33.856326],
      [151.214495, -33.857533],
      [151.214613, -33.85772],
      [151.215375, -33.857369],
      [151.215906, -33.856625],
    ],
  ],
};

describe('distance', () => {
  it('is right between cities, over the antimeridian and at the poles', () => {
    expect(distance([-3.7038, 40.4168], [2.1686, 41.3874])).toBeCloseTo(504_600, -4);
    expect(distance([179.9, 0], [-179.9, 0])).toBeCloseTo(22_239, -1);
    expect(distance([0, 90], [120, 90])).toBeCloseTo(0, 3);
    expect(distance([0, 0], [180, 0])).toBeCloseTo(20_015_115, -1);
    expect(distance([2, 41], [2, 41])).toBe(0);
  });

  it("and destination are each other's inverse", () => {
    for (const bearing of [0, 45, 90, 200, 359]) {
      const there = destination([179.99, 60], bearing, 12_345);
      expect(distance([179.99, 60], there)).toBeCloseTo(12_345, 3);
      expect(Math.abs(there[0])).toBeLessThanOrEqual(180);
    }
  });
});

describe('centroid', () => {
  it(
    'of a polygon is that of the example',
    { meta: { clause: ['RFC 7459 5.1.1.2', 'RFC 7459 6.1'] } },
    () => {
      const [lon, lat] = centroidOf(bob);
      expect(lat).toBeCloseTo(-33.856926, 5);
      expect(lon).toBeCloseTo(151.215102, 5);
    },
  );

  it(
    'of an arc band lies on its bisector, at the given distance',
    { meta: { clause: 'RFC 7459 5.1.1.1' } },
    () => {
      const o = (20 * Math.PI) / 180;
      const d = (4 * Math.sin(o / 2) * (4148 ** 2 + 4148 * 3594 + 3594 ** 2)) / (3 * o * (4148 + 3594));
      const c = centroidOf(arcband);
      expect(distance(arcband.center, c)).toBeCloseTo(d, 3);
      expect(distance(c, destination(arcband.center, 30, d))).toBeLessThan(0.01);
      expect(centroidOf({ ...arcband, openingAngle: 360 })[0]).toBeCloseTo(153.2176, 9);
      expect(centroidOf({ ...arcband, innerRadius: 0, outerRadius: 0 })).toEqual(arcband.center);
    },
  );

  it('of a polygon with a hole moves away from the hole', { meta: { clause: 'RFC 7459 5.1.1.2' } }, () => {
    const square = (x: number, y: number, side: number): Position[] => [
      [x, y],
      [x + side, y],
      [x + side, y + side],
      [x, y + side],
      [x, y],
    ];
    const [lon, lat] = centroidOf({ type: 'polygon', rings: [square(0, 0, 4), square(2, 1, 1)] });
    expect(lon).toBeCloseTo((16 * 2 - 2.5) / 15, 9);
    expect(lat).toBeCloseTo((16 * 2 - 1.5) / 15, 9);
    // The winding of either ring does not matter.
    expect(
      centroidOf({ type: 'polygon', rings: [square(0, 0, 4).reverse(), square(2, 1, 1)] })[0],
    ).toBeCloseTo(lon, 9);
  });

  it(
    'of a polygon across the antimeridian or without area is still near it',
    { meta: { clause: 'RFC 7459 5.1.1.2' } },
    () => {
      const across: Position[] = [
        [179, 0],
        [-179, 0],
        [-179, 1],
        [179, 1],
        [179, 0],
      ];
      expect(Math.abs(centroidOf({ type: 'polygon', rings: [across] })[0])).toBeCloseTo(180, 6);
      const flat: Position[] = [
        [2, 41],
        [2, 41],
        [2, 41],
        [2, 41],
      ];
      expect(centroidOf({ type: 'polygon', rings: [flat] })).toEqual([2, 41]);
    },
  );
});

describe('area and uncertainty', () => {
  it('of the example polygon', { meta: { clause: ['RFC 7459 5.2', 'RFC 7459 6.1'] } }, () => {
    expect(areaOf(bob)).toBeGreaterThan(12_500);
    expect(areaOf(bob)).toBeLessThan(12_700);
    expect(uncertaintyOf(bob)).toBeCloseTo(99.1, 0);
  });

  it('of an arc band reaches the ends of its arcs', { meta: { clause: 'RFC 7459 5.2' } }, () => {
    const d = distance(arcband.center, centroidOf(arcband));
    const x = Math.sqrt(d * d + 4148 ** 2 - 2 * d * 4148 * Math.cos((10 * Math.PI) / 180));
    expect(uncertaintyOf(arcband)).toBeCloseTo(x, 0);
    expect(areaOf(arcband)).toBeCloseTo(((20 * Math.PI) / 180 / 2) * (4148 ** 2 - 3594 ** 2), 3);
  });

  it('of simple shapes is their own', { meta: { clause: 'RFC 7459 5.2' } }, () => {
    expect(uncertaintyOf({ type: 'point', position: [2, 41] })).toBe(0);
    expect(areaOf({ type: 'circle', center: [2, 41], radius: 10 })).toBeCloseTo(314.159, 2);
    expect(
      uncertaintyOf({ type: 'ellipse', center: [2, 41], semiMajor: 9, semiMinor: 4, orientation: 0 }),
    ).toBe(9);
  });
});

describe('shapes as polygons', () => {
  const shapes: Shape[] = [
    { type: 'circle', center: [2, 41], radius: 500 },
    { type: 'circle', center: [179.999, -17], radius: 5000 },
    { type: 'ellipse', center: [2, 41], semiMajor: 900, semiMinor: 100, orientation: 30 },
    arcband,
    { ...arcband, innerRadius: 0 },
    { ...arcband, openingAngle: 360 },
    { ...arcband, openingAngle: 300 },
  ];
  it.each(shapes)(
    '$type: closed, counter-clockwise, within range, of nearly the same area',
    { meta: { clause: 'RFC 5491 5.1' } },
    (shape) => {
      const rings = shapeToPolygon(shape, 128);
      for (const ring of rings) {
        expect(ring.length).toBeGreaterThanOrEqual(4);
        expect(ring.at(-1)).toEqual(ring[0]);
        expect(ring.every(([lon, lat]) => Math.abs(lon) <= 180 && Math.abs(lat) <= 90)).toBe(true);
      }
      expect(areaOf({ type: 'polygon', rings }) / areaOf(shape)).toBeCloseTo(1, 2);
      expect(distance(centroidOf({ type: 'polygon', rings }), centroidOf(shape))).toBeLessThan(
        uncertaintyOf(shape) / 100,
      );
    },
  );

  it(
    'the major axis of an ellipse points where its orientation says, clockwise from north',
    { meta: { clause: 'RFC 5491 5.2.4' } },
    () => {
      const center: Position = [2, 41];
      const ellipse: Shape = { type: 'ellipse', center, semiMajor: 900, semiMinor: 100, orientation: 90 };
      const farthest = shapeToPolygon(ellipse)[0]?.reduce((a, b) =>
        distance(center, b) > distance(center, a) ? b : a,
      );
      expect(Math.abs((farthest?.[0] ?? NaN) - 2)).toBeGreaterThan(0.01);
      expect(farthest?.[1]).toBeCloseTo(41, 4);
    },
  );
});
