import { describe, expect, it } from 'vitest';
import type { GisSource } from '../check/gis-feature.js';
import { type BoundaryDiff, diffBoundaries, isSame } from './diff-boundaries.js';

const feature = (id: string, west: number, east: number, more: Record<string, unknown> = {}): unknown => ({
  type: 'Feature',
  properties: {
    NGUID: id,
    ServiceURI: `sip:${id}@x.example`,
    ServiceURN: 'urn:service:sos',
    DsplayName: id,
    ...more,
  },
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [west, 0],
        [east, 0],
        [east, 1],
        [west, 1],
        [west, 0],
      ],
    ],
  },
});
const set = (...features: unknown[]): GisSource => ({
  file: 'set',
  geojson: { type: 'FeatureCollection', features },
});
const at = Date.UTC(2026, 10, 1);
const hands = (diff: BoundaryDiff): string[] =>
  diff.areas.map(({ from, to }) => `${from.names.join('+') || 'nobody'} → ${to.names.join('+') || 'nobody'}`);

describe('the difference of two sets', () => {
  const old = set(feature('a', 0, 2), feature('b', 2, 4));

  it('is what changes hands, with a place to try in it', () => {
    const diff = diffBoundaries(old, set(feature('a', 0, 3), feature('b', 3, 4)), { at });
    expect(hands(diff)).toEqual(['b → a']);
    expect(diff.areas[0]?.testPoints[0]?.[0]).toBeCloseTo(2.5, 6);
    expect((diff.areas[0]?.areaM2 ?? 0) / 1e6).toBeCloseTo(12_364, -1);
  });

  it('is not how the same area is cut into features', () => {
    const uri = { ServiceURI: 'sip:a@x.example' };
    const diff = diffBoundaries(set(feature('a', 0, 2)), set(feature('a', 0, 1), feature('a2', 1, 2, uri)), {
      at,
    });
    expect(hands(diff)).toEqual([]);
    expect(diff.added.map(({ id }) => id)).toEqual(['a2']);
    expect(isSame(diff)).toBe(false);
  });

  it('is what is removed, added and renamed', () => {
    const diff = diffBoundaries(old, set(feature('a', 0, 2, { DsplayName: 'A' }), feature('c', 4, 5)), {
      at,
    });
    expect(hands(diff).sort()).toEqual(['b → nobody', 'nobody → c']);
    expect([diff.added, diff.removed].map((refs) => refs.map(({ id }) => id))).toEqual([['c'], ['b']]);
    expect(diff.changed[0]?.attributes).toEqual([{ name: 'DsplayName', from: 'a', to: 'A' }]);
  });

  it('is as of a date', () => {
    const planned = set(
      feature('a', 0, 2, { Expire: '2027-01-01' }),
      feature('c', 0, 2, { Effective: '2027-01-01' }),
      feature('b', 2, 4),
    );
    expect(hands(diffBoundaries(old, planned, { at }))).toEqual([]);
    expect(hands(diffBoundaries(old, planned, { at: Date.UTC(2027, 0, 1) }))).toEqual(['a → c']);
    expect(diffBoundaries(old, planned, { at }).remarks[0]).toContain('--at DATE');
    expect(isSame(diffBoundaries(old, old, { at }))).toBe(true);
  });
});
