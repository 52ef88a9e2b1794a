import { describe, expect, it } from 'vitest';
import { alignTurns, doubleAreaOf, type GridPolygons, toGrid, UNITS_PER_DEGREE } from './grid.js';
import { Overlay, type Part } from './overlay.js';

const square = (x: number, y: number, side = 1): number[][] => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
];
const grid = (...rings: number[][][]): GridPolygons => toGrid([rings]);
function overlay(...shapes: GridPolygons[]): Overlay {
  alignTurns(shapes);
  const made = Overlay.of(shapes, { maxWork: 1e7 });
  if ('worst' in made) throw new Error('too much work');
  return made;
}
const area = (part: Part): number =>
  Number((part.rings.reduce((sum, r) => sum + doubleAreaOf(r), 0) / 2 / UNITS_PER_DEGREE ** 2).toFixed(9));
/** Areas in square degrees of what each set of features covers. */
function areas(made: Overlay): Record<string, number[]> {
  return Object.fromEntries(
    made.covers.map((cover, i) => [
      cover.join(),
      made
        .parts([i])
        .map((p) => (p.unbounded ? Infinity : area(p)))
        .sort((a, b) => a - b),
    ]),
  );
}

describe('a map of features', () => {
  it('tells what one, two and none of two squares cover', () => {
    expect(areas(overlay(grid(square(0, 0, 2)), grid(square(1, 1, 2))))).toEqual({
      '': [Infinity],
      '0,1': [3],
      '0,1,1,1': [1],
      '1,1': [3],
    });
  });

  it('finds holes, islands in holes, and holes in these', () => {
    const made = overlay(
      grid(square(0, 0, 10), square(1, 1, 8)),
      grid(square(2, 2, 6), square(3, 3, 4)),
      grid(square(4, 4, 1)),
      grid(square(20, 0, 1)),
    );
    expect(areas(made)).toEqual({
      '': [15, 28, Infinity],
      '0,1': [36],
      '1,1': [20],
      '2,1': [1],
      '3,1': [1],
    });
  });

  it('sees no line between neighbours whose corners lie on each other’s edges', () => {
    const left = grid([
      [0, 0],
      [1, 0],
      [1.0033, 0.7],
      [1.01, 2.1],
      [0, 2],
      [0, 0],
    ]);
    const right = grid([
      [1, 0],
      [2, 0],
      [2, 2],
      [1.01, 2.1],
      [1.0033, 0.7],
      [1.001650001, 0.35],
      [1, 0],
    ]);
    expect(Object.keys(areas(overlay(left, right))).sort()).toEqual(['', '0,1', '1,1']);
  });

  it('joins what touches along lines and keeps apart what touches in a corner', () => {
    const made = overlay(grid(square(0, 0)), grid(square(1, 0)), grid(square(2, 1)));
    const parts = made.parts(made.covers.flatMap((cover, i) => (cover.length > 0 ? [i] : [])));
    expect(parts.map(area).sort()).toEqual([1, 2]);
  });

  it('compares across the antimeridian, cut there or not', () => {
    const cut = toGrid([[square(179, 0)], [square(-180, 0)]]);
    const whole = grid([
      [179.5, 0],
      [-179.5, 0],
      [-179.5, 1],
      [179.5, 1],
      [179.5, 0],
    ]);
    expect(areas(overlay(cut, whole))).toEqual({ '': [Infinity], '0,1': [0.5, 0.5], '0,1,1,1': [1] });
  });

  it('tells where an outline crosses itself', () => {
    const bow = grid([
      [0, 0],
      [2, 2],
      [2, 0],
      [0, 2],
      [0, 0],
    ]);
    expect(overlay(bow).selfCrossings).toEqual([{ shape: 0, x: UNITS_PER_DEGREE, y: UNITS_PER_DEGREE }]);
  });

  it('gives up where lines cross too often, and names the feature', () => {
    const comb = grid(Array.from({ length: 40 }, (_, i) => [10 + i / 100, (i * 7) % 2 === 0 ? 0 : 5 + i]));
    const star = grid(Array.from({ length: 2_001 }, (_, i) => [Math.cos(i * 3.0001), Math.sin(i * 3.0001)]));
    expect(Overlay.of([comb, star], { maxWork: 50_000 })).toEqual({ worst: 1 });
  });
});
