import type { ServiceBoundary } from '@esinet/location';

/** The same numbers in every run. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

export type Point = [number, number];

const WEST = -10;
const SOUTH = 35;
const CELL = 0.2;

/**
 * A made-up country: columns times rows boundaries that cover it without gap or overlap. Corners stand at random near
 * those of a grid, borders between them wind as rivers do, and neighbours share every position of a common border.
 */
export function tessellation(columns: number, rows: number, segmentsPerSide: number): ServiceBoundary[] {
  const random = generator(42);
  const corners = Array.from({ length: rows + 1 }, (_, r) =>
    Array.from({ length: columns + 1 }, (__, c): Point => [
      WEST + (c + (random() - 0.5) * 0.3) * CELL,
      SOUTH + (r + (random() - 0.5) * 0.3) * CELL,
    ]),
  );
  const line = (a: Point, b: Point): Point[] => wind(a, b, segmentsPerSide, random);
  const level = corners.map((row) => row.slice(1).map((to, c) => line(row[c]!, to)));
  const upright = corners.slice(1).map((row, r) => row.map((to, c) => line(corners[r]![c]!, to)));
  const boundaries: ServiceBoundary[] = [];
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      const ring = [
        ...level[r]![c]!,
        ...upright[r]![c + 1]!.slice(1),
        ...level[r + 1]![c]!.toReversed().slice(1),
        ...upright[r]![c]!.toReversed().slice(1),
      ];
      boundaries.push({
        id: `${c}-${r}`,
        serviceUri: `sip:${c}-${r}@psap.example`,
        serviceUrn: 'urn:service:sos',
        displayName: `PSAP ${c}-${r}`,
        geometry: { type: 'Polygon', coordinates: [ring] },
      });
    }
  }
  return boundaries;
}

/** By displacing midpoints, less and less: so many segments, rounded up to a power of two. */
function wind(a: Point, b: Point, segments: number, random: () => number): Point[] {
  let points = [a, b];
  for (let n = 1; n < segments; n *= 2) {
    const next: Point[] = [];
    for (let i = 0; i + 1 < points.length; i += 1) {
      const [p, q] = [points[i]!, points[i + 1]!];
      const aside = (random() - 0.5) * 0.24;
      next.push(p, [(p[0] + q[0]) / 2 - (q[1] - p[1]) * aside, (p[1] + q[1]) / 2 + (q[0] - p[0]) * aside]);
    }
    points = [...next, b];
  }
  return points;
}
