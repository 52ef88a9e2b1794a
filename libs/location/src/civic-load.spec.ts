import { describe, expect, it } from 'vitest';
import { areaRow, areaRowCount } from './civic-rows.js';
import { type LoadedCivic, MAX_CIVIC_PROBLEMS, loadCivicData } from './civic-load.js';

const line = { type: 'LineString', coordinates: [[-3, 40], [-3.01, 40]] }; // prettier-ignore
const good = {
  NGUID: 's1',
  St_Name: 'Alcalá',
  FromAddr_L: 2,
  ToAddr_L: 20,
  Parity_L: 'E',
  Country_L: 'ES',
  FromAddr_R: 1,
  ToAddr_R: 19,
  Country_R: 'ES',
};
const street = (more: object = {}, geometry: unknown = line): unknown => ({
  type: 'Feature',
  properties: { ...good, ...more },
  geometry,
});

function streets(...features: unknown[]): LoadedCivic {
  return loadCivicData({
    areas: [],
    points: [],
    streets: [{ name: 's.geojson', content: { type: 'FeatureCollection', features } }],
  });
}

const told = (loaded: LoadedCivic): string[] => loaded.problems.map((p) => `${p.feature}: ${p.code}`);

describe('street ranges', () => {
  it.each([
    ['bad-parity', street({ Parity_L: 'X' })],
    ['bad-range', street({ FromAddr_L: '2A' })],
    ['bad-range', street({ ToAddr_R: -5 })],
    ['bad-range', street({ ToAddr_R: 1e12 })],
    ['parity-range', street({ FromAddr_L: 3 })],
    ['no-name', street({ St_Name: ' ' })],
    ['no-area', street({ Country_R: '' })],
    ['bad-date', street({ Expire: 'tomorrow' })],
    ['empty-geometry', street({}, null)],
    ['geometry-type', street({}, { type: 'Point', coordinates: [0, 0] })],
    [
      'geometry-type',
      street({}, { type: 'MultiLineString', coordinates: [line.coordinates, line.coordinates] }),
    ],
    ['too-few-positions', street({}, { type: 'LineString', coordinates: [[0, 0]] })],
    ['not-a-number', street({}, { type: 'LineString', coordinates: [[0, 0], [1, null]] })], // prettier-ignore
    ['axes-swapped', street({}, { type: 'LineString', coordinates: [[0, 0], [40, 100]] })], // prettier-ignore
    ['no-length', street({}, { type: 'LineString', coordinates: [[1, 1], [1, 1]] })], // prettier-ignore
    ['not-a-feature', 7],
  ])('are left out and listed: %s', (code, feature) => {
    const loaded = streets(feature, street({ NGUID: 'other' }));
    expect(told(loaded)).toEqual([`${typeof feature === 'number' ? '#0' : 's1'}: ${code}`]);
    expect(loaded.counts.streets).toBe(1);
    // Nothing of an address in what goes to a log.
    expect(loaded.problems[0]?.message).not.toMatch(/Alcal|ES\b/);
  });

  it('with an NGUID that came before are left out', () => {
    expect(told(streets(street(), street()))).toEqual(['s1: duplicate-nguid']);
  });

  it('may be a line of one part in a MultiLineString', () => {
    expect(
      streets(street({}, { type: 'MultiLineString', coordinates: [line.coordinates] })).problems,
    ).toEqual([]);
  });
});

describe('files', () => {
  it('are collections as text, or features line by line', () => {
    const one = JSON.stringify(street({ NGUID: 'a' }));
    const loaded = loadCivicData({
      areas: [],
      points: [],
      streets: [
        { name: 'seq', content: `\u001e${one}\n\n{"type":\n${JSON.stringify(street({ NGUID: 'b' }))}\n` },
        { name: 'text', content: JSON.stringify({ type: 'FeatureCollection', features: [street()] }) },
        { name: 'broken', content: '{"type":"FeatureCollection",\n"features":[\n{\n' },
        { name: 'none', content: null },
      ],
    });
    expect(loaded.counts.streets).toBe(3);
    expect(loaded.problems.map((p) => `${p.source} ${p.feature} ${p.code}`)).toEqual([
      'seq line 3 not-json',
      'broken  not-json',
      'none  not-json',
    ]);
  });

  it('list so many problems and count the rest', () => {
    const loaded = streets(...Array.from({ length: MAX_CIVIC_PROBLEMS + 5 }, () => 0));
    expect(loaded.problems).toHaveLength(MAX_CIVIC_PROBLEMS);
    expect(loaded.unlisted).toBe(5);
  });

  it('make tables a worker can hand over', () => {
    const { tables } = streets(street());
    expect(structuredClone(tables)).toEqual(tables);
  });
});

describe('address points', () => {
  it('that are none are left out and listed', () => {
    const point = (properties: object, coordinates: unknown = [-3, 40]): unknown => ({
      type: 'Feature',
      properties: { Country: 'ES', ...properties },
      geometry: { type: 'Point', coordinates },
    });
    const loaded = loadCivicData({
      areas: [],
      streets: [],
      points: [
        {
          name: 'p',
          content: {
            type: 'FeatureCollection',
            features: [
              point({ Add_Number: 1, St_Name: 'x' }),
              point({ Add_Number: 'one' }),
              point({}),
              point({ Add_Number: 1, Country: '' }),
              point({ Add_Number: 1 }, [0, 91]),
              { ...(point({ Add_Number: 1 }) as object), geometry: line },
            ],
          },
        },
      ],
    });
    expect(told(loaded)).toEqual([
      '#1: bad-number',
      '#2: no-address',
      '#3: no-area',
      '#4: axes-swapped',
      '#5: geometry-type',
    ]);
    expect(loaded.counts.points).toBe(1);
  });
});

describe('a table of areas', () => {
  const areas = (content: unknown): LoadedCivic =>
    loadCivicData({ areas: [{ name: 'a.csv', content }], streets: [], points: [] });

  it('has quotes, semicolons, a byte order mark and lines of nothing', () => {
    const loaded = areas(
      '\ufeffcountry;A1;a3;boundary;note\r\nES;"Castilla; ""La"" Mancha";;b1;x\r\n\r\nES;Madrid;"Two\nlines";b2;\r\n',
    );
    expect(told(loaded)).toEqual(['line 1: unknown-column']);
    expect(
      [0, 1].map((row) => {
        const { boundary, elements } = areaRow(loaded.tables, row);
        return [boundary, elements.map(([name]) => name).join()];
      }),
    ).toEqual([
      ['b1', 'country,A1'],
      ['b2', 'country,A1,A3'],
    ]);
  });

  it('names lines that cannot be used', () => {
    const loaded = areas(
      'country,A1,ServiceURI,ServiceURN,ServiceNum\nSpain,x,,,\nES,a,b,c,d,e\nES,,nowhere,urn:service:sos,\n' +
        'ES,,sip:a@b,sos,\n,,sip:a@b,urn:service:sos,\nES,"multi\nline",sip:a@b,urn:service:sos,abc\nES,ok,sip:a@b,urn:service:sos,112\n',
    );
    expect(told(loaded)).toEqual([
      'line 2: bad-country',
      'line 3: too-many-cells',
      'line 4: bad-service-uri',
      'line 5: bad-service-urn',
      'line 6: no-area',
      'line 7: bad-service-number',
    ]);
    expect(areaRowCount(loaded.tables)).toBe(1);
    expect(loaded.tables.own).toMatchObject([{ id: 'a.csv#1', displayName: 'ok' }]);
  });

  it.each(['', 'name,uri\nx,y\n', null])('without a header is none: %j', (content) => {
    expect(told(areas(content))).toEqual(['line 1: no-header']);
  });
});
