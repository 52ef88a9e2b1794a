import { describe, expect, it } from 'vitest';
import { readBoundaries, BoundaryReader } from './read-boundaries.js';
import { selfCrossings } from './self-crossing.js';
import type { BoundaryRing } from './service-boundary.js';

const feature = (...rings: BoundaryRing[]): unknown => ({
  type: 'Feature',
  properties: { NGUID: 'x:1', ServiceURI: 'sip:a@psap.example', ServiceURN: 'urn:service:sos' },
  geometry: { type: 'Polygon', coordinates: rings },
});
const problemsOf = (...rings: BoundaryRing[]) => {
  const read = readBoundaries({ type: 'FeatureCollection', features: [feature(...rings)] });
  return read.ok ? [] : read.error;
};
const warningsOf = (...rings: BoundaryRing[]) => {
  const reader = new BoundaryReader();
  reader.read(feature(...rings));
  return reader.warnings;
};
/** Corners of a ring around a point, its radius changed by each. */
const around = (n: number, radius: (i: number) => number): BoundaryRing => {
  const ring = Array.from({ length: n }, (_, i) => {
    const turn = (2 * Math.PI * i) / n;
    return [radius(i) * Math.cos(turn), radius(i) * Math.sin(turn)];
  });
  return [...ring, ring[0]!];
};

describe('a ring that crosses itself', () => {
  it('is refused with its feature, ring, positions and place', { meta: { clause: 'RFC 7946 3.1.6' } }, () => {
    expect(
      problemsOf([
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
    ).toEqual([
      {
        feature: 'x:1',
        code: 'self-crossing',
        message: expect.stringMatching(
          /^polygon 0 ring 0 crosses itself: position 0 to 1 and 2 to 3, at 0\.5\d* 0\.5\d* /,
        ) as string,
      },
    ]);
    // prettier-ignore
    const hole = [[4, 4], [6, 6], [6, 4], [4, 6], [4, 4]];
    expect(
      problemsOf(
        [
          [0, 0],
          [10, 0],
          [10, 10],
          [0, 10],
          [0, 0],
        ],
        hole,
      )[0]?.message,
    ).toContain('ring 1');
  });

  it('is used where the loop is as small as simplified outlines have them', () => {
    // prettier-ignore
    const ring = [[0, 0], [1, 0], [1, 1], [0.5001, 1], [0.5, 1.0001], [0.5, 0.9999], [0.4999, 1], [0, 1], [0, 0]];
    const small = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0.5, 1],
      [0.5005, 1.0005],
      [0.5005, 0.9995],
      [0, 1],
      [0, 0],
    ];
    expect(problemsOf(ring)).toEqual([]);
    expect(problemsOf(small)).toEqual([]);
    expect(warningsOf(small)).toMatchObject([{ feature: 'x:1', code: 'self-crossing' }]);
  });

  it.each([
    [
      'touches itself in a corner',
      [
        [0, 0],
        [1, 1],
        [2, 0],
        [2, 2],
        [1, 1],
        [0, 2],
        [0, 0],
      ],
    ],
    [
      'runs back over itself',
      [
        [0, 0],
        [2, 0],
        [1, 0],
        [2, 0],
        [2, 2],
        [0, 2],
        [0, 0],
      ],
    ],
    [
      'has a spike',
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [1, 2],
        [1, 3],
        [1, 2],
        [0, 2],
        [0, 0],
      ],
    ],
    [
      'repeats a corner',
      [
        [0, 0],
        [2, 0],
        [2, 0],
        [2, 2],
        [0, 2],
        [0, 0],
      ],
    ],
    [
      'steps over the antimeridian',
      [
        [170, 0],
        [-170, 0],
        [-170, 5],
        [170, 5],
        [170, 0],
      ],
    ],
    [
      'goes around the world',
      [
        [-180, -90],
        [180, -90],
        [180, 90],
        [-180, 90],
        [-180, -90],
      ],
    ],
  ])('is not one that %s', { meta: { clause: 'RFC 7946 3.1.6' } }, (_, ring) => {
    expect(selfCrossings(ring)).toEqual({ crossings: [], complete: true });
  });

  it('is found over the antimeridian too', { meta: { clause: 'RFC 7946 3.1.9' } }, () => {
    // prettier-ignore
    const { crossings } = selfCrossings([[179, 0], [-179, 2], [-179, 0], [179, 2], [179, 0]]);
    expect(crossings).toMatchObject([{ first: 0, second: 2, share: 0.5 }]);
    expect(crossings[0]?.at[0]).toBeCloseTo(180);
  });

  it('is found among a hundred thousand corners, whatever they are like', () => {
    const n = 100_000;
    const star = (i: number): number => 1 + 0.01 * Math.sin(i / 3);
    expect(selfCrossings(around(n, star))).toEqual({ crossings: [], complete: true });
    const crossed = [...around(n, star)];
    [crossed[500], crossed[60_000]] = [crossed[60_000]!, crossed[500]!];
    expect(selfCrossings(crossed).crossings.length).toBeGreaterThan(0);
    const comb = Array.from({ length: n }, (_, i) => [i / n, i % 2 === 0 ? 0 : 10]);
    const closed = [...comb, [1, 20], [0, 20], [0, 0]];
    expect(selfCrossings(closed)).toEqual({ crossings: [], complete: true });
    expect(selfCrossings(closed.map(([x = 0, y = 0]) => [y, x]))).toEqual({ crossings: [], complete: true });
  });

  it('that was made to be slow is looked through in part, and said so', () => {
    const n = 100_000;
    const slanted = Array.from({ length: n }, (_, i) =>
      i % 2 === 0 ? [i / n, i / n] : [10 + i / n, -10 + i / n],
    );
    expect(warningsOf([...slanted, [20, 20], [0, 0]])).toMatchObject([
      { code: 'self-crossing', message: expect.stringContaining('in part') as string },
    ]);
  });
});

describe('a hole', () => {
  // prettier-ignore
  const exterior = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]];
  const hole = (x: number): BoundaryRing => [
    [x, 0.2],
    [x + 0.1, 0.2],
    [x + 0.1, 0.3],
    [x, 0.2],
  ];

  it(
    'far from its exterior is refused, one beside it is told',
    { meta: { clause: 'RFC 7946 3.1.6' } },
    () => {
      expect(problemsOf(exterior, hole(5))).toMatchObject([{ feature: 'x:1', code: 'hole-outside' }]);
      expect(problemsOf(exterior, hole(1.05))).toEqual([]);
      expect(warningsOf(exterior, hole(1.05))).toMatchObject([{ code: 'hole-outside' }]);
    },
  );

  it('may touch its exterior, and may have been simplified to a point', () => {
    for (const fine of [
      hole(0.5),
      hole(0.9),
      hole(0),
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.5, 0.5],
        [0.5, 0.5],
      ],
    ])
      expect([problemsOf(exterior, fine), warningsOf(exterior, fine)]).toEqual([[], []]);
  });
});
