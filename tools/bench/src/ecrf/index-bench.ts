import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  BoundaryIndex,
  type PackedBoundaries,
  type Position,
  type ServiceBoundary,
  type Shape,
  bytesOf,
  packBoundaries,
} from '@esinet/location';
import { atlasRows, pointsIn } from './index-atlas.js';
import { cpuSeconds, perSecond, row, slowest, thousands } from './index-measure.js';
import { generator, tessellation } from './index-tessellation.js';
import { TurfLookup } from './index-turf.js';

export interface IndexBenchOptions {
  /** About so many; the map is twice as wide as high. */
  readonly boundaries: number;
  /** Of each boundary; rounded up to a power of two. */
  readonly vertices: number;
  /** Reload from files: needs 40 octets of disk for each position. */
  readonly reload: boolean;
}

/** The boundary index on a made-up country, on real maps, and while a set is replaced. Gives the exit code. */
export async function indexBench(o: IndexBenchOptions): Promise<number> {
  const say = (text: string): boolean => process.stdout.write(text);
  const rows = Math.max(1, Math.round(Math.sqrt(o.boundaries / 2)));
  const set = tessellation(rows * 2, rows, o.vertices / 4);
  say(`A made-up country, ${thousands(set.length)} boundaries\n`);
  const index = built(set, say);
  const area = pointsIn(-10, 35, -10 + rows * 0.4, 35 + rows * 0.2);
  lookups(index, set, area, say);
  stalls(index, area, say);

  say('Real maps\n');
  const us = pointsIn(-124, 25, -67, 49);
  say(atlasRows('us-atlas counties', 'us-atlas/counties-10m.json', 'counties', us));
  const world = pointsIn(-180, -85, 180, 85);
  say(atlasRows('world-atlas countries 10m', 'world-atlas/countries-10m.json', 'countries', world));
  return o.reload ? reload(set, say) : 0;
}

function built(set: readonly ServiceBoundary[], say: (text: string) => unknown): BoundaryIndex {
  const computed = cpuSeconds();
  const started = performance.now();
  const packed = packBoundaries(set);
  const wall = performance.now() - started;
  say(
    row(
      'packed and indexed',
      `${(wall / 1_000).toFixed(2)} s`,
      `${(cpuSeconds() - computed).toFixed(2)} s of computing, garbage collection included; target 5 s`,
    ),
  );
  say(
    row(
      'coordinates and index',
      `${(bytesOf(packed) / 1e6).toFixed(0)} MB`,
      `${thousands(packed.vertices)} edges; target 300 MB`,
    ),
  );
  return wrapped(set, packed, say);
}

function wrapped(
  set: readonly ServiceBoundary[],
  packed: PackedBoundaries,
  say: (text: string) => unknown,
): BoundaryIndex {
  const started = performance.now();
  const index = new BoundaryIndex(set, packed);
  say(row('made from what was packed', `${(performance.now() - started).toFixed(2)} ms`));
  return index;
}

function lookups(
  index: BoundaryIndex,
  set: readonly ServiceBoundary[],
  area: () => Position,
  say: (text: string) => unknown,
): void {
  const points = Array.from({ length: 500_000 }, area);
  const ours = perSecond(points.length, 3, () => {
    for (const p of points) index.at(p);
  });
  say(row('point lookups', `${thousands(ours)}/s`, 'of computing; target 1,000,000/s'));
  const turf = new TurfLookup(set);
  const few = points.slice(0, 500);
  const theirs = perSecond(few.length, 3, () => {
    for (const p of few) turf.at(p);
  });
  const differ = few.filter((p) => index.at(p)[0] !== turf.at(p)[0]).length;
  say(row('turf with bounding boxes', `${thousands(theirs)}/s`, `${differ} of ${few.length} answers differ`));
  say(row('ratio', `${(ours / theirs).toFixed(0)}`, 'target 500'));
  const boxes = perSecond(few.length, 3, () => {
    for (const p of few) turf.atBoxes(p);
  });
  say(
    row(
      'turf after a loop over flat boxes of our own',
      `${thousands(boxes)}/s`,
      `ratio ${(ours / boxes).toFixed(0)}`,
    ),
  );
  const circles = points.slice(0, 20_000);
  const anywhere = perSecond(circles.length, 2, () => {
    for (const center of circles) index.covering({ type: 'circle', center, radius: 50 });
  });
  say(row('circle of 50 m anywhere', `${(1e6 / anywhere).toFixed(1)} us`, 'target 50 us'));
  const border = set.slice(0, 20).flatMap((b) => (b.geometry.coordinates[0] ?? []) as unknown as Position[]);
  const onBorder = perSecond(border.length, 2, () => {
    for (const center of border) index.covering({ type: 'circle', center, radius: 50 });
  });
  say(row('circle of 50 m on a border', `${(1e6 / onBorder).toFixed(1)} us`));
}

/** What a stranger may ask for. */
function stalls(index: BoundaryIndex, area: () => Position, say: (text: string) => unknown): void {
  const random = generator(9);
  const shapes = (make: (center: Position) => Shape): (() => unknown)[] =>
    Array.from({ length: 20 }, () => {
      const shape = make(area());
      return () => index.covering(shape);
    });
  const circle = (radius: number): [string, (() => unknown)[]] => [
    `circle of ${radius / 1_000} km`,
    shapes((center) => ({ type: 'circle', center, radius })),
  ];
  const star =
    (r: number) =>
    (c: Position): Shape => {
      const ring = Array.from({ length: 3_999 }, (_, i): Position => {
        const far = r * (0.5 + 0.5 * random());
        return [
          c[0] + far * Math.cos((2 * Math.PI * i) / 3_999),
          c[1] + far * Math.sin((2 * Math.PI * i) / 3_999),
        ];
      });
      return { type: 'polygon', rings: [[...ring, ring[0]!]] };
    };
  const world: Shape = {
    type: 'polygon',
    rings: [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]], // prettier-ignore
  };
  const kinds: [string, (() => unknown)[]][] = [
    ...[1_000, 5_000, 10_000, 20_000, 30_000, 50_000, 100_000, 500_000, 5_000_000].map(circle),
    ['polygon of 4,000 corners, 1 km', shapes(star(0.01))],
    ['polygon of 4,000 corners, 30 km', shapes(star(0.3))],
    ['polygon of 4,000 corners, the country', shapes(star(5))],
    ['polygon of the world', [() => index.covering(world)]],
    [
      'ellipse of 200 km by 10 m',
      shapes((center) => ({ type: 'ellipse', center, semiMajor: 200_000, semiMinor: 10, orientation: 80 })),
    ],
    [
      'nearest, 200 km off the coast',
      Array.from({ length: 20 }, (_, i) => () => index.nearestOf([-12, 36 + i / 4], 200_000, () => true)),
    ],
  ];
  let longest = 0;
  for (const [name, runs] of kinds) {
    const worst = slowest(runs);
    longest = Math.max(longest, worst);
    say(row(name, `${worst.toFixed(2)} ms`, 'slowest of 20'));
  }
  say(row('longest stall of a question', `${longest.toFixed(1)} ms`, 'target 20 ms'));
}

interface Reloaded {
  readonly loading: number;
  readonly reloading: number;
  readonly swapping: number;
  readonly quiet: number;
  readonly longest: number;
  readonly problems: number;
  readonly asked: number;
  readonly rss: number;
  readonly bytes: number;
  /** Milliseconds the thread computed between two turns of its loop, at most. */
  readonly busiest: number;
}

async function reload(set: readonly ServiceBoundary[], say: (text: string) => unknown): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'esinet-index-bench-'));
  try {
    const files: string[] = [];
    for (let from = 0; from < set.length; from += 500) {
      files.push(await write(join(folder, `${from}.geojson`), set.slice(from, from + 500)));
    }
    const child = fork(fileURLToPath(new URL('./index-reload.js', import.meta.url)), files);
    const result = await new Promise<Reloaded | undefined>((resolve) => {
      child.once('message', (message) => resolve(message as unknown as Reloaded));
      child.once('exit', () => resolve(undefined));
    });
    if (!result) return 1;
    const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
    say(`The same from ${files.length} files, reloaded under questions\n`);
    say(
      row(
        'read, checked, packed and indexed in a thread',
        seconds(result.loading),
        `${result.problems} problems`,
      ),
    );
    say(row('reload', seconds(result.reloading), 'on the same core as the questions where there is but one'));
    say(row('taking over the new set', `${result.swapping.toFixed(2)} ms`));
    say(
      row(
        'longest time between two turns of the loop',
        `${result.longest.toFixed(1)} ms`,
        `${result.quiet.toFixed(1)} ms without reload, both with what others do on the machine`,
      ),
    );
    say(row('most computing between two turns', `${result.busiest.toFixed(1)} ms`, 'target 20 ms'));
    say(
      row(
        'memory of the process',
        `${(result.rss / 1e6).toFixed(0)} MB`,
        `${(result.bytes / 1e6).toFixed(0)} MB of it the set`,
      ),
    );
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function write(file: string, set: readonly ServiceBoundary[]): Promise<string> {
  const stream = createWriteStream(file);
  let before = '{"type":"FeatureCollection","features":[';
  for (const { id, serviceUri, serviceUrn, geometry } of set) {
    const properties = { NGUID: id, ServiceURI: serviceUri, ServiceURN: serviceUrn };
    const text = JSON.stringify({ type: 'Feature', properties, geometry });
    if (!stream.write(before + text)) await once(stream, 'drain');
    before = ',\n';
  }
  stream.end(']}');
  await finished(stream);
  return file;
}
