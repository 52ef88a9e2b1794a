import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { labBoundaries } from '@esinet/app-esinet';
import { requireProgram } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ran, run as runIn } from '../e2e/built-program.js';
import { collection, counties, moved } from './sets.js';

interface Issue {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly areaM2?: number;
  readonly place?: { readonly lon: number; readonly lat: number };
  readonly features: readonly { readonly name: string }[];
}
interface Report {
  readonly summary: Readonly<Record<string, number>>;
  readonly issues: readonly Issue[];
}

let folder: string;
const run = (...args: string[]): Promise<Ran> => runIn(folder, ['gis', ...args]);
const put = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return name;
};
const checked = async (...args: string[]): Promise<{ code: number | null; report: Report }> => {
  const { code, out } = await run('check', ...args, '--json');
  return { code, report: JSON.parse(out) as Report };
};
/** Kinds of areas with their square kilometres, largest first. */
const areas = ({ issues }: Report, code: string): number[] =>
  issues.filter((i) => i.code === code).map(({ areaM2 = 0 }) => Math.round(areaM2 / 1e4) / 100);
const samples = fileURLToPath(new URL('../../../samples/boundaries/', import.meta.url));
const xmllint = requireProgram('xmllint');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esinet-gis-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Travis County, and three kilometres at its latitude, in degrees. */
const travis = 'urn:test:county:48453';
const threeKilometres = 3 / (111.195 * Math.cos((30.3 * Math.PI) / 180));

describe('esinet gis check', () => {
  it(
    'finds nothing between the 254 counties of Texas, and 3 overlaps and 4 gaps once one has moved by 3 km',
    { timeout: 120_000 },
    async () => {
      const texas = counties('48');
      expect(texas).toHaveLength(254);
      const asTheyAre = await checked(await put('texas.geojson', collection(texas)));
      expect(asTheyAre.code).toBe(0);
      expect(asTheyAre.report.summary['errors']).toBe(0);

      const one = texas.map((f) => (f.properties['NGUID'] === travis ? moved(f, threeKilometres, 0) : f));
      const { code, report } = await checked(await put('moved.geojson', collection(one)));
      expect(code).toBe(1);
      expect(areas(report, 'gap')).toEqual([198.73, 21.32, 2.68, 1.61]);
      expect(areas(report, 'overlap')).toEqual([117.4, 96.38, 10.51]);
      expect(report.summary).toMatchObject({ errors: 7, features: 254 });
      const neighbours = report.issues
        .filter((i) => i.code === 'overlap')
        .map((i) => i.features.map(({ name }) => name).sort());
      expect(neighbours).toEqual([
        ['Bastrop County', 'Travis County'],
        ['Travis County', 'Williamson County'],
        ['Caldwell County', 'Travis County'],
      ]);
    },
  );

  it(
    'finds neither gap nor overlap in the boundaries of the lab, and a seeded gap and overlap',
    { timeout: 120_000 },
    async () => {
      const lab = labBoundaries();
      const asItIs = await checked(await put('spain.geojson', JSON.stringify(lab)));
      expect(asItIs.code).toBe(0);
      expect([...areas(asItIs.report, 'gap'), ...areas(asItIs.report, 'overlap')]).toEqual([]);
      expect([...areas(asItIs.report, 'sliver-gap'), ...areas(asItIs.report, 'sliver-overlap')]).toEqual([]);

      // A corner of Madrid on the border with Castilla y León goes inwards, one with Castilla-La Mancha outwards.
      const cornersOf = (name: string): Set<string> =>
        new Set(
          lab.features
            .filter((f) => f.properties['DsplayName'] === `112 ${name} (lab)`)
            .flatMap((f) => f.geometry.coordinates.flat(2).map(String)),
        );
      const seeded = lab.features.map((f) => {
        if (f.properties['DsplayName'] !== '112 Madrid (lab)') return f;
        const [[ring = [], ...holes] = [], ...exclaves] = f.geometry.coordinates;
        const amidst = (corners: Set<string>): number => {
          const shared = ring.flatMap((_, k) =>
            [-1, 0, 1].every((d) => corners.has(String(ring[k + d]))) ? [k] : [],
          );
          return shared[Math.floor(shared.length / 2)] ?? -1;
        };
        const [inwards, outwards] = [
          amidst(cornersOf('Castilla y León')),
          amidst(cornersOf('Castilla-La Mancha')),
        ];
        const corners = ring.map(([lon = 0, lat = 0], k) => {
          const share = k === inwards ? -0.05 : k === outwards ? 0.05 : 0;
          return [lon + (lon + 3.7) * share, lat + (lat - 40.4) * share];
        });
        return { ...f, geometry: { type: 'MultiPolygon', coordinates: [[corners, ...holes], ...exclaves] } };
      });
      const { code, report } = await checked(await put('seeded.geojson', collection(seeded)));
      expect(code).toBe(1);
      expect(areas(report, 'gap')).toHaveLength(1);
      expect(areas(report, 'overlap')).toHaveLength(1);
      expect(areas(report, 'gap')[0]).toBeGreaterThan(0.1);
      expect(areas(report, 'overlap')[0]).toBeGreaterThan(0.1);
      const names = report.issues.filter((i) => i.areaM2).flatMap((i) => i.features.map(({ name }) => name));
      expect(new Set(names)).toContain('112 Madrid (lab)');
      expect(report.issues.find((i) => i.code === 'gap')?.message).toContain('112 Castilla y León (lab)');
    },
  );

  it(
    'takes all 3,231 counties, with their antimeridian and their few faults',
    { timeout: 120_000 },
    async () => {
      const { report } = await checked(await put('us.geojson', collection(counties())));
      expect(areas(report, 'gap')).toEqual([]);
      expect(areas(report, 'overlap')).toHaveLength(7);
      expect(report.issues.filter((i) => i.code === 'self-crossing')).toHaveLength(4);
      expect(report.summary['features']).toBe(3_231);
    },
  );

  it('tells people first what it found, and what it means and what to do', { timeout: 60_000 }, async () => {
    const good = await run('check', join(samples, 'around-madrid.geojson'), '--strict');
    expect(good.out).toContain('Fine: nothing to repair in 6 features.');
    expect(good.code).toBe(0);
    const broken = await run('check', join(samples, 'around-madrid.broken.geojson'));
    expect(broken.out.split('\n')[0]).toBe('2 errors and 1 notice in 6 features.');
    expect(broken.out).toContain('1 gap (4.02 km²), 1 overlap (7.74 km²)');
    expect(broken.out).toContain('between 112 Madrid (sample) and 112 Segovia (sample)');
    expect(broken.out).toMatch(/overlap-[0-9a-f]{8} {2}at 40\.\d+,-3\.\d+ /);
    expect(broken.out).toContain('around-madrid.broken.geojson:5');
    expect(broken.out).toContain('→ Agree with the neighbour on one border');
    expect(broken.code).toBe(1);
  });

  it('accepts exceptions, and with --strict a notice is an error', { timeout: 60_000 }, async () => {
    const file = join(samples, 'around-madrid.broken.geojson');
    const { report } = await checked(file);
    const exceptions = report.issues
      .filter((i) => i.areaM2)
      .map(({ id }) => ({ id, reason: 'agreed between the counties' }));
    await put('exceptions.json', JSON.stringify({ exceptions }));
    const accepted = await run('check', file, '--exceptions', 'exceptions.json');
    expect(accepted.out).toContain('1 notice in 6 features, 2 accepted.');
    expect(accepted.code).toBe(0);
    expect((await run('check', file, '--exceptions', 'exceptions.json', '--strict')).code).toBe(1);
  });

  it('reads standard input, and writes a layer for QGIS and a picture', { timeout: 60_000 }, async () => {
    const set = await readFile(join(samples, 'around-madrid.broken.geojson'), 'utf8');
    const ran = await runIn(
      folder,
      ['gis', 'check', '-', '--out', 'issues.geojson', '--svg', 'picture.svg'],
      set,
    );
    expect(ran.code).toBe(1);
    const layer = JSON.parse(await readFile(join(folder, 'issues.geojson'), 'utf8')) as {
      features: { geometry: { type: string } | null; properties: { code: string } }[];
    };
    expect(layer.features.map((f) => [f.properties.code, f.geometry?.type])).toEqual([
      ['gap', 'MultiPolygon'],
      ['overlap', 'MultiPolygon'],
      ['missing-display-name', undefined],
    ]);
    const picture = await readFile(join(folder, 'picture.svg'), 'utf8');
    expect(picture).toContain('Instituto Geográfico Nacional');
    expect(picture).toContain('class="gap"');
    expect(picture).not.toContain('<script');
  });

  xmllint.it('draws a picture that is well-formed whatever the names are', { timeout: 60_000 }, async () => {
    const evil = counties('48')
      .slice(0, 3)
      .map((f) => ({
        ...f,
        properties: { ...f.properties, DsplayName: '<b>&\u0000\u0007"\ud800</b>' },
      }));
    await put(
      'evil.geojson',
      collection([...evil, { ...evil[0], properties: { ...evil[0]?.properties, NGUID: 'x' } }]),
    );
    await run('check', 'evil.geojson', '--svg', 'evil.svg');
    const { spawnSync } = await import('node:child_process');
    const lint = spawnSync(xmllint.path, ['--noout', join(folder, 'evil.svg')]);
    expect(lint.stderr.toString()).toBe('');
  });

  it.each([
    ['hello', 1, 1, 'not JSON'],
    ['', 1, 1, 'the file is empty'],
    ['{"type": "FeatureCollection",\n "features": [\n  {"a": NaN}]}', 3, 9, 'NaN is no JSON value'],
    ['{"type": "FeatureCollection",\n "features": [', 2, 15, 'the file ends here; ] is missing'],
    [`${'['.repeat(300)}${']'.repeat(300)}`, 1, 201, 'nested deeper than 200 levels'],
  ])('says where a file is no JSON: %s', { timeout: 60_000 }, async (text, line, column, what) => {
    await put('bad.geojson', text);
    const { code, err } = await run('check', 'bad.geojson');
    expect(err).toContain(`bad.geojson:${line}:${column}: `);
    expect(err).toContain(what);
    expect(code).toBe(3);
  });

  it('knows other files by their first characters, and wrong use', { timeout: 60_000 }, async () => {
    await put('a.gpkg', 'SQLite format 3\u0000');
    const { code, err } = await run('check', 'a.gpkg');
    expect(err).toContain('ogr2ogr -t_srs EPSG:4326');
    expect(code).toBe(3);
    expect((await run('check', 'none.geojson')).err).toContain('none.geojson: there is no such file');
    expect((await run('check')).code).toBe(2);
    expect((await run('check', 'a', '--tolerance', 'much')).code).toBe(2);
  });
});

describe('esinet gis diff', () => {
  it('tells which area changes hands, with test points', { timeout: 60_000 }, async () => {
    const files = ['around-madrid.geojson', 'around-madrid.broken.geojson'].map((name) =>
      join(samples, name),
    );
    const { out, code } = await run('diff', ...files, '--exit-code');
    expect(out).toContain('4.02 km²  112 Madrid (sample) (sip:madrid@psap.example) → nobody');
    expect(out).toMatch(
      /at 40\.\d+,-3\.\d+: was 112 Madrid \(sample\), becomes nobody\n +esinet where 40\.\d+,-3\.\d+/,
    );
    expect(out).toContain('DsplayName: "112 Ávila (sample)" → nothing');
    expect(code).toBe(1);
    expect((await run('diff', ...files)).code).toBe(0);
    const same = await run('diff', files[0] ?? '', files[0] ?? '', '--exit-code');
    expect(same.out).toContain('No change in 6 features.');
    expect(same.code).toBe(0);
  });
});

describe('esinet gis convert', () => {
  it('makes service boundaries of counties, as a table and back', { timeout: 60_000 }, async () => {
    const raw = counties('48').map(({ geometry, properties }) => ({
      type: 'Feature',
      properties: { GEOID: properties['NGUID']?.slice(-5), Name: properties['DsplayName'] },
      geometry,
    }));
    await put('raw.geojson', collection(raw));
    const set = ['ServiceURN=urn:service:sos', 'ServiceURI=sip:c{GEOID}@psap.example', 'NGUID=urn:x:{GEOID}'];
    const { err, code } = await run(
      ...['convert', 'raw.geojson', '--map', 'Name=DsplayName', '--rewind', '--out', 'ours.geojson'],
      ...[...set, 'ServiceNum=911', 'Agency_ID=c{GEOID}.example'].flatMap((each) => ['--set', each]),
    );
    expect([code, err.includes('is missing')]).toEqual([0, false]);
    expect((await run('check', 'ours.geojson', '--strict')).code).toBe(0);
    await run('convert', 'ours.geojson', '--to', 'csv', '--out', 'ours.csv');
    await run('convert', 'ours.csv', '--out', 'again.geojson');
    expect(await readFile(join(folder, 'again.geojson'), 'utf8')).toBe(
      await readFile(join(folder, 'ours.geojson'), 'utf8'),
    );
  });

  it('refuses another coordinate reference system, with what to do', { timeout: 60_000 }, async () => {
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::25830' } };
    await put('utm.geojson', JSON.stringify({ type: 'FeatureCollection', crs, features: [] }));
    const { err, code } = await run('convert', 'utm.geojson');
    expect(err).toContain('EPSG::25830, not WGS84');
    expect(err).toContain('ogr2ogr -t_srs EPSG:4326');
    expect(code).toBe(3);
  });
});
