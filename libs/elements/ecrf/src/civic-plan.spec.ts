import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@esinet/kernel';
import { httpLostClient } from '@esinet/lost';
import { InProcessBus } from '@esinet/platform';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { civicDataSchema } from './civic-config.js';
import { civicFilesOf, civicPlanOf, packCivic } from './civic-plan.js';
import { ecrfConfigSchema } from './ecrf-config.js';
import { packAside } from './pack-aside.js';
import { startEcrf } from './start-ecrf.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'civic-data-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const street = (id: string): string =>
  JSON.stringify({
    type: 'Feature',
    properties: {
      NGUID: id,
      St_Name: `Calle ${id}`,
      Country_L: 'ES',
      Country_R: 'ES',
      FromAddr_L: 2,
      ToAddr_L: 8,
    },
    geometry: { type: 'LineString', coordinates: [[-3, 40], [-3.01, 40]] }, // prettier-ignore
  });
const collection = (...features: string[]): string =>
  `{"type":"FeatureCollection","features":[${features.join(',\n')}]}`;
const boundaries = (): string =>
  file(
    'boundaries.geojson',
    collection(
      '{"type":"Feature","properties":{"NGUID":"b1","ServiceURI":"sip:a@b.example","ServiceURN":"urn:service:sos"},' +
        '"geometry":{"type":"Polygon","coordinates":[[[-4,40],[-3,40],[-3,41],[-4,41],[-4,40]]]}}',
    ),
  );

describe('civic data of a configuration', () => {
  it('are the lab with the lab’s boundaries, else none unless they are named', () => {
    const lab = { areas: [], streets: [], points: [] };
    expect(civicPlanOf(ecrfConfigSchema.parse({}), lab)).toBe(lab);
    expect(civicPlanOf(ecrfConfigSchema.parse({ boundaries: ['x.geojson'] }), lab)).toBeUndefined();
    const config = ecrfConfigSchema.parse({
      boundaries: ['x'],
      civicData: { areas: ['a.csv'], points: ['p'] },
    });
    expect(civicFilesOf(civicPlanOf(config, lab))).toEqual(['a.csv', 'p']);
    expect(civicDataSchema.safeParse({ sideOffsetMetres: 31 }).success).toBe(false);
    expect(civicDataSchema.safeParse({ equivalents: { 'a b': {} } }).success).toBe(false);
  });

  it('are read as collections, line by line and as tables; what is broken is named and the rest used', () => {
    const packed = packCivic(
      {
        areas: [
          file('a.csv', 'country,A1,boundary\nES,Madrid,b1\nES,Lugo,b2\nE,x,b1\n'),
          join(folder, 'none.csv'),
        ],
        streets: [
          file('s.geojson', collection(street('s1'), street('s1'), street('s2'))),
          file('s.geojsonl', `\u001e${street('s3')}\r\n{"type"\n${street('s4')}`),
          file('cut.geojson', collection(street('s5'), street('s6')).slice(0, -20)),
          file('other.geojson', '{"type":"Topology"}'),
          join(folder, 'none.geojson'),
        ],
        points: [],
        equivalents: { A1: { Madrid: ['M'], Murcia: ['m'] } },
      },
      (boundary) => (boundary === 'b1' ? 'urn:service:sos' : undefined),
    );
    expect(packed.counts).toEqual({ areas: 2, streets: 5, points: 0 });
    expect(packed.problems.map((p) => `${p.source.split('/').at(-1)} ${p.feature} ${p.code}`)).toEqual([
      'ecrf.civicData.equivalents A1 ambiguous',
      'none.csv  unreadable',
      'none.geojson  unreadable',
      'a.csv line 4 bad-country',
      's.geojson s1 duplicate-nguid',
      's.geojsonl line 2 not-json',
      'cut.geojson #1 not-json',
      'other.geojson  not-json',
      'ecrf.civicData.areas b2 unknown-boundary',
    ]);
  });

  it('come from the worker together with the boundaries', async () => {
    const civic = {
      areas: [file('w.csv', 'country,boundary\nES,b1\nPT,b9\n')],
      streets: [file('w.geojson', collection(street('s1')))],
      points: [],
    };
    const packed = await packAside({ source: 'ecrf.esinet.lab', layers: [{ files: [boundaries()] }], civic });
    expect(packed.sets).toHaveLength(1);
    expect(packed.civic).toMatchObject({ counts: { areas: 2, streets: 1 }, sideOffsetMetres: 10 });
    expect(packed.civic?.problems).toMatchObject([{ feature: 'b9', code: 'unknown-boundary' }]);
  });
});

describe('a reload', () => {
  it('takes new civic data with the boundaries, and none of either where one is broken', async () => {
    const areas = file('r.csv', 'country,A1,boundary\nES,Madrid,b1\n');
    const bus = new InProcessBus();
    const config = ecrfConfigSchema.parse({
      http: { port: 0 },
      boundaries: [boundaries()],
      civicData: { areas: [areas] },
    });
    const ecrf = await startEcrf(config, { bus, logger: silentLogger });
    onTestFinished(async () => {
      await ecrf.close();
      await bus.close();
    });
    const url = (path: string): string => `http://127.0.0.1:${ecrf.http.port}${path}`;
    const client = httpLostClient({ url: url('/lost') });
    onTestFinished(() => client.close());
    const reload = async (): Promise<unknown> => (await fetch(url('/reload'), { method: 'POST' })).json();
    const resultOf = async (a1: string): Promise<string | undefined> => {
      const answer = await client.ask({
        type: 'findService',
        locations: [
          {
            id: 'c',
            profile: 'civic',
            civic: {
              elements: [
                { name: 'country', value: 'ES' },
                { name: 'A1', value: a1 },
              ],
            },
          },
        ],
        service: 'urn:service:sos',
        recursive: false,
        validateLocation: true,
        serviceBoundary: 'value',
        path: [],
      });
      if (!answer.ok) throw new Error(answer.error.message);
      return answer.value.type === 'findServiceResponse'
        ? answer.value.mappings[0]?.sourceId
        : answer.value.type;
    };
    expect(await resultOf('Lugo')).toBe('errors');
    file('r.csv', 'country,A1,boundary\nES,Lugo,b1\n');
    expect(await reload()).toMatchObject({ result: 'ok' });
    expect([await resultOf('Lugo'), await resultOf('Madrid')]).toEqual(['b1', 'errors']);
    file('r.csv', 'country,A1,boundary\nES,Lugo,b1\nES,Vigo,b7\n');
    expect(await reload()).toMatchObject({ result: 'refused', problems: [{ feature: 'b7' }] });
    expect([await resultOf('Lugo'), await resultOf('Vigo')]).toEqual(['b1', 'errors']);
  });
});
