import { describe, expect, it } from 'vitest';
import { BoundaryIndex } from './boundary-index.js';
import { distance } from './geodesy.js';
import type { BoundaryGeometry, BoundaryRing, ServiceBoundary } from './service-boundary.js';
import type { Position, Shape } from './shape.js';

const boundary = (id: string, geometry: BoundaryGeometry): ServiceBoundary => ({
  id,
  serviceUri: `sip:${id}@psap.example`,
  serviceUrn: 'urn:service:sos',
  displayName: id,
  geometry,
});
const box = (x: number, y: number, w: number, h: number): BoundaryRing => [
  [x, y],
  [x + w, y],
  [x + w, y + h],
  [x, y + h],
  [x, y],
];
const polygon = (id: string, ...rings: BoundaryRing[]): ServiceBoundary =>
  boundary(id, { type: 'Polygon', coordinates: rings });
const at = (index: BoundaryIndex, lon: number, lat: number): string[] =>
  index.at([lon, lat]).map((b) => b.id);
const covering = (index: BoundaryIndex, s: Shape): [string, number][] =>
  index.covering(s).map((c) => [c.boundary.id, Number(c.share.toFixed(4))]);

/** The same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

describe('at', () => {
  it('minds holes and parts', { meta: { clause: 'RFC 7946 3.1.6' } }, () => {
    const index = new BoundaryIndex([
      boundary('islands', {
        type: 'MultiPolygon',
        coordinates: [[box(0, 0, 4, 4), box(1, 1, 2, 2)], [box(10, 0, 1, 1)]],
      }),
      polygon('enclave', box(1, 1, 2, 2)),
    ]);
    expect(index.size).toBe(2);
    expect(index.vertices).toBe(16);
    expect(at(index, 0.5, 0.5)).toEqual(['islands']);
    expect(at(index, 2, 2)).toEqual(['enclave']);
    expect(at(index, 10.5, 0.5)).toEqual(['islands']);
    expect(at(index, 7, 0.5)).toEqual([]);
  });

  it(
    'gives a point on a common border to exactly one neighbour, whichever way the rings run',
    { meta: { clause: 'RFC 5222 8.2' } },
    () => {
      const random = generator(7);
      // A jagged border that both sides share, and jagged triples meeting in corners.
      const border = Array.from({ length: 40 }, (_, i): Position => [random() * 0.4 - 0.2, i / 10]);
      const west: Position[] = [[-5, 0], ...border, [-5, 3.9], [-5, 0]];
      const east: Position[] = [[5, 0], ...border, [5, 3.9], [5, 0]];
      for (const rings of [
        [west, east],
        [[...west].reverse(), east],
        [[...west].reverse(), [...east].reverse()],
      ]) {
        const index = new BoundaryIndex([polygon('west', rings[0] ?? []), polygon('east', rings[1] ?? [])]);
        for (let i = 0; i < 39; i += 1) {
          const a = border[i]!;
          const b = border[i + 1]!;
          expect(at(index, ...a), 'a corner').toHaveLength(1);
          for (const t of [0.1, 1 / 3, 0.5, 0.77]) {
            expect(at(index, a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])), 'on an edge').toHaveLength(
              1,
            );
          }
        }
      }
    },
  );

  it(
    'gives every corner and edge of a grid to exactly one cell',
    { meta: { clause: 'RFC 5222 8.2' } },
    () => {
      const cells: ServiceBoundary[] = [];
      for (let x = 0; x < 5; x += 1)
        for (let y = 0; y < 5; y += 1) cells.push(polygon(`${x}${y}`, box(x, y, 1, 1)));
      const index = new BoundaryIndex(cells);
      for (let x = 0; x < 5; x += 0.25)
        for (let y = 0; y < 5; y += 0.25)
          expect(at(index, x, y)).toEqual([`${Math.floor(x)}${Math.floor(y)}`]);
    },
  );

  it('comes in the order of the set', () => {
    const one = polygon('one', box(0, 0, 2, 2));
    const two = polygon('two', box(-1, -1, 3, 3));
    expect(at(new BoundaryIndex([one, two]), 1, 1)).toEqual(['one', 'two']);
    expect(at(new BoundaryIndex([two, one]), 1, 1)).toEqual(['two', 'one']);
  });

  it('knows the antimeridian, cut or not', { meta: { clause: 'RFC 7946 3.1.9' } }, () => {
    const whole = polygon('whole', [
      [177, -20],
      [-178, -20],
      [-178, -15],
      [177, -15],
      [177, -20],
    ]);
    const cut = boundary('cut', {
      type: 'MultiPolygon',
      coordinates: [[box(177, -20, 3, 5)], [box(-180, -20, 2, 5)]],
    });
    const index = new BoundaryIndex([whole, cut]);
    for (const lon of [177.5, 179.999999, 180, -180, -179.5, -178.1])
      expect(at(index, lon, -17), String(lon)).toEqual(['whole', 'cut']);
    for (const lon of [176.9, -177.9, 0, -0.1]) expect(at(index, lon, -17), String(lon)).toEqual([]);
    expect(at(new BoundaryIndex([polygon('east', box(170, 0, 10, 5))]), 180, 2)).toEqual(['east']);
  });

  it('knows the whole world, and a box wider than half of it', { meta: { clause: 'RFC 7946 3.1.6' } }, () => {
    const index = new BoundaryIndex([polygon('world', box(-180, -90, 360, 180))]);
    for (const p of [[-180, 0], [180, 0], [0, 90], [0, -90], [180, 90], [2, 41]] as Position[]) expect(at(index, ...p), String(p)).toEqual(['world']); // prettier-ignore
  });

  it('knows the pole within a ring that runs around it', { meta: { clause: 'RFC 7946 3.1.9' } }, () => {
    // As maps of the Antarctic come from a globe: no border along the pole nor along the antimeridian.
    const around = (lat: number): BoundaryRing => {
      const ring = Array.from({ length: 36 }, (_, i): Position => [-180 + i * 10, lat + (i % 2)]);
      return [...ring, ring[0]!];
    };
    for (const turned of [false, true]) {
      const ring = (lat: number): BoundaryRing => (turned ? around(lat).toReversed() : around(lat));
      const index = new BoundaryIndex([polygon('south', ring(-70)), polygon('north', ring(70), ring(80))]);
      for (const lon of [-180, -179.9, -95, 0, 33, 179.9, 180]) {
        expect(at(index, lon, -71)).toEqual(['south']);
        expect(at(index, lon, -90)).toEqual(['south']);
        expect(at(index, lon, -60)).toEqual([]);
        expect(at(index, lon, 75)).toEqual(['north']);
        expect(at(index, lon, 85)).toEqual([]);
      }
      expect(covering(index, { type: 'circle', center: [180, -75], radius: 1_000 })).toEqual([['south', 1]]);
    }
  });

  it('has nothing for nothing', () => {
    const empty = new BoundaryIndex([]);
    expect([
      empty.at([2, 41]),
      empty.covering({ type: 'circle', center: [2, 41], radius: 5 }),
      empty.nearest([2, 41], 1e6),
    ]).toEqual([[], [], []]);
    expect(at(new BoundaryIndex([polygon('a', box(0, 0, 1, 1))]), NaN, 0.5)).toEqual([]);
  });

  it('does not fill memory for edges that all run from end to end', () => {
    const zigzag: Position[] = [];
    for (let i = 0; i < 20_000; i += 1) zigzag.push([i / 10_000, i % 2 === 0 ? 0 : 10]);
    const index = new BoundaryIndex([polygon('comb', [...zigzag, [2, 20], [0, 20], [0, 0]])]);
    expect(at(index, 1, 15)).toEqual(['comb']);
    expect(at(index, 1, -1)).toEqual([]);
  });
});

describe('covering', () => {
  const grid = new BoundaryIndex([
    polygon('sw', box(0, 0, 1, 1)),
    polygon('se', box(1, 0, 1, 1)),
    polygon('nw', box(0, 1, 1, 1)),
    polygon('ne', box(1, 1, 1, 1), box(1.4, 1.4, 0.2, 0.2)),
  ]);

  it('is one boundary, all of it, far from a border', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    expect(covering(grid, { type: 'circle', center: [0.5, 0.5], radius: 50 })).toEqual([['sw', 1]]);
    expect(covering(grid, { type: 'circle', center: [5, 5], radius: 50 })).toEqual([]);
    expect(covering(grid, { type: 'circle', center: [1.5, 1.5], radius: 50 }), 'in the hole').toEqual([]);
  });

  it(
    'shares a circle between neighbours, most first',
    { meta: { clause: ['RFC 5222 12.2', 'RFC 7459 5.5'] } },
    () => {
      expect(covering(grid, { type: 'circle', center: [1, 0.5], radius: 500 })).toEqual([
        ['sw', 0.5],
        ['se', 0.5],
      ]);
      const corner = covering(grid, { type: 'circle', center: [1, 1], radius: 500 });
      expect(corner.map((c) => c[1])).toEqual([0.25, 0.25, 0.25, 0.25]);
      const shares = covering(grid, { type: 'circle', center: [0.9999, 0.5], radius: 500 });
      expect(shares[0]?.[0]).toBe('sw');
      expect((shares[0]?.[1] ?? 0) + (shares[1]?.[1] ?? 0)).toBeCloseTo(1, 3);
    },
  );

  it('counts only what is in the set: off the coast', { meta: { clause: 'RFC 7459 5.5' } }, () => {
    expect(covering(grid, { type: 'circle', center: [0, 0.5], radius: 500 })).toEqual([['sw', 0.5]]);
  });

  it(
    'takes off the hole of a boundary and the hole of a shape',
    { meta: { clause: 'RFC 7459 5.5.2' } },
    () => {
      const ring = (x: number, y: number, s: number): Position[] =>
        box(x, y, s, s).map(([lon = 0, lat = 0]): Position => [lon, lat]);
      expect(covering(grid, { type: 'polygon', rings: [ring(1.3, 1.3, 0.4)] })).toEqual([['ne', 0.75]]);
      expect(
        covering(grid, { type: 'polygon', rings: [ring(0.8, 0.2, 0.4), ring(0.85, 0.25, 0.1).reverse()] }),
      ).toEqual([
        ['se', 0.5333],
        ['sw', 0.4667],
      ]);
    },
  );

  it(
    'knows ellipses, arc bands and polygons that are not convex',
    { meta: { clause: 'RFC 5222 12.2' } },
    () => {
      const ellipse: Shape = {
        type: 'ellipse',
        center: [1, 0.5],
        semiMajor: 3000,
        semiMinor: 500,
        orientation: 37,
      };
      expect(covering(grid, ellipse).map((c) => c[1])).toEqual([0.5, 0.5]);
      // A band about a corner that it does not touch: its middle would be a wrong answer.
      const band: Shape = {
        type: 'arcband',
        center: [1, 1],
        innerRadius: 900,
        outerRadius: 1000,
        startAngle: 0,
        openingAngle: 180,
      };
      expect(new Map(covering(grid, band))).toEqual(
        new Map([
          ['se', 0.5],
          ['ne', 0.5],
        ]),
      );
      const ringBand: Shape = { ...band, openingAngle: 360 };
      expect(covering(grid, ringBand).map((c) => c[1])).toEqual([0.25, 0.25, 0.25, 0.25]);
      const comb: Position[] = [
        [0.2, 0.5],
        [1.8, 0.5],
        [1.8, 1.5],
        [1.2, 1.5],
        [1.2, 0.7],
        [0.8, 0.7],
        [0.8, 1.5],
        [0.2, 1.5],
        [0.2, 0.5],
      ];
      for (const rings of [[comb], [[...comb].reverse()]]) {
        const result = new Map(covering(grid, { type: 'polygon', rings }));
        const total = 1.6 * 1 - 0.4 * 0.8;
        expect(result.get('sw')).toBeCloseTo((0.8 * 0.5 - 0.2 * 0.3) / total, 3);
        expect(result.get('nw')).toBeCloseTo((0.6 * 0.5) / total, 3);
        expect(result.get('ne')).toBeCloseTo((0.6 * 0.5 - 0.02) / total, 3);
      }
    },
  );

  it('takes a shape without area as a point', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const nowhere: Shape[] = [
      { type: 'point', position: [0.5, 0.5] },
      { type: 'circle', center: [0.5, 0.5], radius: 0 },
      { type: 'ellipse', center: [0.5, 0.5], semiMajor: 5, semiMinor: 0, orientation: 0 },
      // prettier-ignore
      { type: 'polygon', rings: [[[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]] },
    ];
    for (const s of nowhere) expect(covering(grid, s)).toEqual([['sw', 1]]);
  });

  it('knows the antimeridian and does not mind a pole', { meta: { clause: 'RFC 7946 3.1.9' } }, () => {
    const cut = new BoundaryIndex([
      polygon('east', box(177, -20, 3, 5)),
      polygon('west', box(-180, -20, 2, 5)),
    ]);
    for (const lon of [180, -180]) {
      expect(covering(cut, { type: 'circle', center: [lon, -17], radius: 1000 })).toEqual([
        ['east', 0.5],
        ['west', 0.5],
      ]);
    }
    const world = new BoundaryIndex([polygon('world', box(-180, -90, 360, 180))]);
    expect(covering(world, { type: 'circle', center: [10, 89.999], radius: 5000 })).toEqual([['world', 1]]);
  });

  it(
    'agrees with counting random points, over jagged borders',
    { meta: { clause: 'RFC 7459 5.5.2' } },
    () => {
      const random = generator(11);
      const star = (x: number, y: number, n: number): BoundaryRing => {
        const ring = Array.from({ length: n }, (_, i): Position => {
          const r = 0.3 + random() * 0.7;
          return [x + r * Math.cos((2 * Math.PI * i) / n), y + r * Math.sin((2 * Math.PI * i) / n)];
        });
        return [...ring, ring[0]!];
      };
      const stars = Array.from({ length: 8 }, (_, i) =>
        polygon(`s${i}`, star(random() * 2, random() * 2, 60)),
      );
      const index = new BoundaryIndex(stars);
      for (let k = 0; k < 12; k += 1) {
        const center: Position = [random() * 2, random() * 2];
        const radius = 5_000 + random() * 60_000;
        const counts = new Map<string, number>();
        const tries = 4_000;
        const scale = radius / 111_195;
        for (let i = 0; i < tries; i += 1) {
          const r = scale * Math.sqrt(random());
          const angle = random() * 2 * Math.PI;
          const lat = center[1] + r * Math.sin(angle);
          const lon = center[0] + (r * Math.cos(angle)) / Math.cos((center[1] * Math.PI) / 180);
          for (const b of index.at([lon, lat])) counts.set(b.id, (counts.get(b.id) ?? 0) + 1);
        }
        const found = new Map(
          index.covering({ type: 'circle', center, radius }).map((c) => [c.boundary.id, c.share]),
        );
        for (const s of stars) {
          expect(Math.abs((found.get(s.id) ?? 0) - (counts.get(s.id) ?? 0) / tries)).toBeLessThan(0.04);
        }
      }
    },
  );

  it('takes a polygon of thousands of corners, by some of them', () => {
    const many = Array.from({ length: 3_000 }, (_, i): Position => [
      0.5 + 0.3 * Math.cos((2 * Math.PI * i) / 3_000),
      0.5 + 0.3 * Math.sin((2 * Math.PI * i) / 3_000),
    ]);
    expect(covering(grid, { type: 'polygon', rings: [[...many, many[0]!]] })).toEqual([['sw', 1]]);
  });

  it('takes a polygon around the whole world', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const world = box(-180, -90, 360, 180) as unknown as Position[];
    const found = covering(grid, { type: 'polygon', rings: [world] });
    expect(found.map(([id]) => id)).toEqual(['sw', 'se', 'nw', 'ne']);
  });

  it('samples what would cost too much, and still answers', { meta: { clause: 'RFC 5222 12.2' } }, () => {
    const random = generator(3);
    const ragged = (x: number, y: number, r: number, n: number): BoundaryRing => {
      const ring = Array.from({ length: n }, (_, i): Position => {
        const far = r * (0.9 + 0.1 * random());
        return [x + far * Math.cos((2 * Math.PI * i) / n), y + far * Math.sin((2 * Math.PI * i) / n)];
      });
      return [...ring, ring[0]!];
    };
    const east = polygon('east', ragged(11, 0, 1, 30_000));
    const west = polygon('west', ragged(8, 0, 1, 30_000));
    const islet = polygon('islet', ragged(50.001, 0.0001, 0.0001, 30_000));
    const index = new BoundaryIndex([east, west, islet]);
    const bottom = Array.from({ length: 201 }, (_, i): Position => [7 + i / 40, -1]);
    const shares = new Map(
      covering(index, { type: 'polygon', rings: [[...bottom, [12, 0], [7, 0], [7, -1]]] }),
    );
    for (const id of ['east', 'west'])
      expect(Math.abs((shares.get(id) ?? 0) - (Math.PI * 0.95 ** 2) / 2 / 5)).toBeLessThan(0.02);
    expect(covering(index, { type: 'circle', center: [50, 0], radius: 300_000 }).map((c) => c[0])).toEqual([
      'islet',
    ]);
  });
});

describe('nearest', () => {
  const coast = new BoundaryIndex([
    polygon('north', box(0, 1, 1, 1)),
    polygon('south', box(0, 0, 1, 0.99)),
    polygon('far', box(20, 20, 1, 1)),
  ]);

  it(
    'answers off the coast and in gaps, nearest first, within what was asked',
    { meta: { clause: 'RFC 5222 8.2' } },
    () => {
      const p: Position = [1.02, 1.5];
      const metres = distance(p, [1, 1.5]);
      const [first, ...others] = coast.nearest(p, 5_000);
      expect([first?.boundary.id, others]).toEqual(['north', []]);
      expect(Math.abs((first?.distance ?? 0) - metres)).toBeLessThan(metres / 200);
      expect(coast.nearest(p, metres - 50)).toEqual([]);
      expect(coast.nearest([0.5, 0.993], 2_000).map((n) => n.boundary.id)).toEqual(['south', 'north']);
    },
  );

  it('is nought inside, and a corner may be the nearest', () => {
    expect(coast.nearest([0.5, 1.5], 100)).toMatchObject([{ boundary: { id: 'north' }, distance: 0 }]);
    const p: Position = [1.01, 2.01];
    expect(coast.nearest(p, 5_000)[0]?.distance).toBeCloseTo(distance(p, [1, 2]), -1);
  });

  it('steps over the antimeridian', { meta: { clause: 'RFC 7946 3.1.9' } }, () => {
    const index = new BoundaryIndex([polygon('west', box(-179.99, 0, 1, 1))]);
    expect(index.nearest([179.99, 0.5], 3_000)).toHaveLength(1);
    expect(index.nearest([179.99, 0.5], 2_000)).toHaveLength(0);
  });

  it('is found alone as it is among all', { meta: { clause: 'RFC 5222 8.2' } }, () => {
    const random = generator(17);
    const index = new BoundaryIndex(
      Array.from({ length: 60 }, (_, i) =>
        polygon(`b${i}`, box(random() * 4, random() * 4, random() * 0.3, random() * 0.3)),
      ),
    );
    for (let i = 0; i < 300; i += 1) {
      const p: Position = [random() * 4.5, random() * 4.5];
      const max = random() * 60_000;
      expect(index.nearestOf(p, max, () => true)).toEqual(index.nearest(p, max)[0]);
      const odd = ({ id }: ServiceBoundary): boolean => Number(id.slice(1)) % 2 === 1;
      expect(index.nearestOf(p, max, odd)).toEqual(index.nearest(p, max).find((n) => odd(n.boundary)));
    }
    expect(coast.nearestOf([NaN, 0], 5, () => true)).toBeUndefined();
    expect(coast.nearestOf([0, 0], NaN, () => true)).toBeUndefined();
    expect(coast.nearestOf([0.5, 1.5], 0, () => true)?.boundary.id).toBe('north');
  });

  it('refuses nonsense quietly', () => {
    expect([coast.nearest([NaN, 0], 5), coast.nearest([0, 0], NaN), coast.nearest([0, 0], -1)]).toEqual([
      [],
      [],
      [],
    ]);
  });
});

it('tells the part of a boundary at a position', { meta: { clause: 'RFC 5222 12.2' } }, () => {
  const islands = boundary('islands', {
    type: 'MultiPolygon',
    coordinates: [[box(0, 0, 4, 4), box(1, 1, 2, 2)], [box(10, 0, 1, 1)], [box(179, 0, 1, 1)]],
  });
  const index = new BoundaryIndex([polygon('other', box(9, 0, 3, 3)), islands]);
  expect(index.partAt(islands, [10.5, 0.5])).toBe(1);
  expect(index.partAt(islands, [0.5, 0.5])).toBe(0);
  expect(index.partAt(islands, [180, 0.5])).toBe(2);
  for (const outside of [
    [7, 7],
    [1.5, 1.5],
    [10.5, 2],
    [NaN, 0],
  ] as const) {
    expect(index.partAt(islands, outside)).toBeUndefined();
  }
});
