import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type LayersPolicy, layersOf } from './layers.js';
import { packAside } from './pack-aside.js';
import { packFiles } from './pack-files.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const square = (x: number, y: number, size = 1): number[][] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
];
const feature = (id: string, ring: unknown, more: object = {}): unknown => ({
  type: 'Feature',
  properties: { NGUID: id, ServiceURI: `sip:${id}@psap.example`, ServiceURN: 'urn:service:sos', ...more },
  geometry: { type: 'Polygon', coordinates: [ring] },
});

function file(name: string, ...features: unknown[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'esinet-pack-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ type: 'FeatureCollection', features }));
  return path;
}

const policy: LayersPolicy = { source: 'a.example', expiresMs: 1, maxVerticesByValue: 4, builtAt: 0 };

it('packs layers of several files, each with its service', () => {
  const plan = {
    source: 'a.example',
    layers: [
      {
        files: [
          file('one.geojson', feature('a', square(0, 0))),
          file('two.geojson', feature('b', square(1, 0))),
        ],
      },
      { files: [file('police.geojson', feature('c', square(0, 0)))], service: 'urn:service:sos.police' },
    ],
  };
  const packed = packFiles(plan);
  expect(packed.problems).toEqual([]);
  expect(packed.sets.map((set) => [set.urn, set.boundaries.map((b) => [b.boundary.id, b.layer])])).toEqual([
    ['urn:service:sos', [['a', 0], ['b', 0]]], // prettier-ignore
    ['urn:service:sos.police', [['c', 1]]],
  ]);
  const layers = layersOf(packed.sets, policy);
  expect(layers.served.get('b')?.parts).toMatchObject([{ vertices: 5, shape: { rings: [square(1, 0)] } }]);
  expect(JSON.stringify([...layers.served.values()].map((s) => s.boundary))).not.toContain('geometry');
});

it('gives the same in a thread of its own', async () => {
  const plan = {
    source: 'a.example',
    layers: [
      { files: [file('a.geojson', feature('a', square(0, 0)), feature('open', square(0, 0).slice(1)))] },
    ],
  };
  const aside = await packAside(plan);
  expect(aside).toEqual(packFiles(plan));
  expect(aside.problems).toMatchObject([{ feature: 'open', code: 'not-closed' }]);
  const [key = ''] =
    layersOf(aside.sets, policy)
      .served.get('a')
      ?.parts.map((p) => p.key) ?? [];
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(layersOf(aside.sets, policy).byKey.get(key)?.shape).toMatchObject({ rings: [square(0, 0)] });
  for (const other of ['', 'x', key.toUpperCase(), key.slice(1), '0'.repeat(32)])
    expect(layersOf(aside.sets, policy).byKey.get(other)).toBeUndefined();
});

it('names every broken feature with its file, and leaves out the one with swapped axes', () => {
  const spain = file(
    'spain.geojson',
    feature('a', square(-4, 40)),
    feature('b', square(-3, 40)),
    feature('c', square(0, 43)),
    feature('swapped', square(41, -3)),
    feature('bow', [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]), // prettier-ignore
  );
  const again = file('again.geojson', feature('a', square(-4, 40)));
  const packed = packFiles({ source: 'a.example', layers: [{ files: [spain, again, '/nowhere.geojson'] }] });
  expect(packed.sets.flatMap((set) => set.boundaries.map((b) => b.boundary.id))).toEqual(['a', 'b', 'c']);
  expect(packed.problems.map((p) => [p.source, p.feature, p.code]).sort()).toEqual(
    [
      [spain, 'bow', 'self-crossing'],
      [spain, 'swapped', 'axes-swapped'],
      [again, 'a', 'duplicate-nguid'],
      ['/nowhere.geojson', '', 'unreadable'],
    ].sort(),
  );
});

it('gives back what went over the antimeridian as it was', { meta: { clause: 'RFC 7946 3.1.9' } }, () => {
  // Adding a turn and taking it off again would change the last digits.
  const ring = [[177.1234567, -20], [-178.1234567, -20], [-178.1234567, -15], [177.1234567, -15], [177.1234567, -20]]; // prettier-ignore
  const geojson = { type: 'FeatureCollection', features: [feature('fiji', ring)] };
  const packed = packFiles({
    source: 'a.example',
    layers: [{ files: [{ name: 'memory', geojson, changedAt: 1 }] }],
  });
  const layers = layersOf(packed.sets, policy);
  expect(layers.served.get('fiji')?.part(0)?.shape).toEqual({ type: 'polygon', rings: [ring] });
  const index = layers.services.get('urn:service:sos');
  expect([180, -180, 179, -179].map((lon) => index?.at([lon, -17]).length)).toEqual([1, 1, 1, 1]);
});
