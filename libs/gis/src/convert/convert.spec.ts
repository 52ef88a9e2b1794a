import { describe, expect, it } from 'vitest';
import { convertFeatures, writeGeojson } from './convert-features.js';
import { writeCsv } from './csv.js';
import { writeKml } from './kml.js';
import { readRaw } from './read-raw.js';
import { readWkt } from './wkt.js';

const ring = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 0],
];
const square = { type: 'Polygon', coordinates: [ring] };
const read = (text: string, file = 'a'): unknown => {
  const raw = readRaw(file, text, {});
  return raw.ok ? raw.value.features : raw.error;
};

describe('well-known text', () => {
  it.each([
    ['POLYGON ((0 0, 1 0, 1 1, 0 0))', square],
    ['SRID=4326;polygon z ((0 0 5, 1 0 5, 1 1 5, 0 0 5))', square],
    ['MULTIPOLYGON (((0 0,1 0,1 1,0 0)))', { type: 'MultiPolygon', coordinates: [[ring]] }],
    ['POLYGON EMPTY', null],
  ])('%s', (text, value) => expect(readWkt(text)).toEqual({ ok: true, value }));

  it.each([
    '',
    'POINT (0 0)',
    'POLYGON ((0 0, 1 x))',
    'POLYGON ((0 0',
    'POLYGON ((0))',
    'SRID=25830;POLYGON EMPTY',
  ])('is refused: %s', (text) => expect(readWkt(text).ok).toBe(false));
});

describe('what people have', () => {
  const features = [{ properties: { name: 'a "b", <c> & d', n: '1' }, geometry: square }];

  it('comes back from a table and from KML as it went', () => {
    expect(read(writeCsv(features))).toEqual(features);
    expect(read(writeKml(features))).toMatchObject([{ properties: { n: '1' }, geometry: square }]);
    expect(read(writeGeojson(features, {}))).toEqual(features);
  });

  it('is GeoJSON in every wrapping', { meta: { clause: ['RFC 7946 3', 'RFC 8142 2'] } }, () => {
    const feature = { type: 'Feature', id: 7, properties: null, geometry: square };
    expect(read(JSON.stringify(feature))).toEqual([{ properties: { id: 7 }, geometry: square }]);
    expect(read(JSON.stringify(square))).toEqual([{ properties: {}, geometry: square }]);
    expect(read(`\u001e${JSON.stringify(feature)}\n\u001e${JSON.stringify(feature)}\n`)).toHaveLength(2);
  });

  it.each([
    ['a;wkt\n1;POLYGON ((0 0,1 0,1 x))', 'row 2: the well-known text is broken'],
    ['a,wkt\n1', 'row 2 has 1 columns, the header 2'],
    ['a,b\n1,2', 'no column of well-known text'],
    ['<kml><a></kml>', 'line 1, column'],
    ['<html/>', 'no KML'],
    ['PK\u0003\u0004', 'zip'],
    ['words', 'none of GeoJSON'],
    ['', 'empty'],
    [
      '{"type":"Polygon","coordinates":[[[500000,4640000],[500001,4640000],[500001,4640001],[500000,4640000]]]}',
      'metres',
    ],
  ])('is refused with a sentence: %s', (text, sentence) => expect(read(text)).toContain(sentence));
});

describe('conversion', () => {
  it('names, sets, turns, closes, rounds and rewinds', { meta: { clause: 'RFC 7946 3.1.6' } }, () => {
    const open = [
      [41.12345, 2],
      [41.5, 2],
      [41.5, 2.5],
    ];
    const { features, renamed, missing, unknown } = convertFeatures(
      [{ properties: { Name: 'A', ES_NGUID: 'x' }, geometry: { type: 'Polygon', coordinates: [open] } }],
      {
        map: new Map([['Name', 'DsplayName']]),
        set: new Map([['ServiceURI', 'sip:{Name}-{none}@psap.example']]),
        swapAxes: true,
        closeRings: true,
        round: 2,
        rewind: true,
      },
    );
    expect(features[0]?.properties).toEqual({
      DsplayName: 'A',
      NGUID: 'x',
      ServiceURI: 'sip:A-@psap.example',
    });
    expect(features[0]?.geometry).toEqual({
      type: 'Polygon',
      coordinates: [
        [
          [2, 41.12],
          [2.5, 41.5],
          [2, 41.5],
          [2, 41.12],
        ],
      ],
    });
    expect([...renamed]).toEqual([['ES_NGUID', 'NGUID']]);
    expect([...missing.keys()]).toEqual(['ServiceURN', 'ServiceNum', 'Agency_ID']);
    expect(unknown).toEqual(['none']);
  });
});
