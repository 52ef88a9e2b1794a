import { intersection, setPrecision, union } from 'polyclip-ts';
import { expect, it } from 'vitest';
import { alignTurns, doubleAreaOf, toGrid, UNITS_PER_DEGREE } from './grid.js';
import { Overlay } from './overlay.js';

type Ring = [number, number][];

let state = 11;
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
};
/** A star around a place: never crosses itself, but is anything but convex. */
const star = (x: number, y: number, corners: number): Ring => {
  const ring = Array.from({ length: corners }, (_, i): [number, number] => {
    const angle = (i / corners) * 2 * Math.PI;
    const radius = 0.3 + random();
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
  return [...ring, ring[0] ?? [x, y]];
};
const shoelace = (ring: Ring): number =>
  ring.slice(1).reduce((sum, [x, y], i) => sum + (ring[i]?.[0] ?? 0) * y - x * (ring[i]?.[1] ?? 0), 0) / 2;
const areaOf = (polygons: Ring[][]): number =>
  polygons.reduce(
    (sum, rings) => sum + rings.reduce((s, r, i) => s + Math.abs(shoelace(r)) * (i === 0 ? 1 : -1), 0),
    0,
  );

it('areas agree with those of another library, for overlaps, unions and their holes', () => {
  setPrecision(1e-12);
  for (let round = 0; round < 12; round += 1) {
    const rings = Array.from({ length: 6 }, () =>
      star(random() * 3, random() * 3, 5 + Math.floor(random() * 12)),
    );
    const shapes = rings.map((ring) => toGrid([[ring]]));
    alignTurns(shapes);
    const overlay = Overlay.of(shapes, { maxWork: 1e8 });
    if (!(overlay instanceof Overlay)) throw new Error('too much work');
    const area = (wanted: (shapes: readonly number[]) => boolean, bounded = false): number => {
      const covers = overlay.covers.flatMap((cover, i) =>
        wanted(cover.filter((_, k) => k % 2 === 0)) ? [i] : [],
      );
      const parts = overlay.parts(covers).filter((p) => !bounded || !p.unbounded);
      return parts
        .flatMap((p) => p.rings)
        .reduce((sum, r) => sum + doubleAreaOf(r) / 2 / UNITS_PER_DEGREE ** 2, 0);
    };
    const [first, ...others] = rings.map((ring): Ring[][] => [[ring]]);
    const joined = union(first as Ring[][], ...others) as Ring[][];
    expect(area((s) => s.length > 0)).toBeCloseTo(areaOf(joined), 5);
    const holes = joined.reduce((sum, [, ...inner]) => sum + areaOf(inner.map((r) => [r])), 0);
    expect(area((s) => s.length === 0, true)).toBeCloseTo(holes, 5);
    for (let a = 0; a < 6; a += 1) {
      for (let b = a + 1; b < 6; b += 1) {
        const both = intersection([[rings[a] ?? []]], [[rings[b] ?? []]]) as Ring[][];
        expect(area((s) => s.includes(a) && s.includes(b))).toBeCloseTo(areaOf(both), 5);
      }
    }
  }
});
