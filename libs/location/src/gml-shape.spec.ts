import { readXml } from '@esinet/xml';
import { describe, expect, it } from 'vitest';
import { readGmlShape, writeGmlShape } from './gml-shape.js';
import type { Shape } from './shape.js';

const NS = 'xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"';

function readShape(xml: string): ReturnType<typeof readGmlShape> {
  const root = readXml(`<root ${NS}>${xml}</root>`);
  const element = root.ok ? root.value.children[0] : undefined;
  if (!element) throw new Error('the test wrote bad XML');
  return readGmlShape(element);
}

const square = [
  [2, 41],
  [3, 41],
  [3, 42],
  [2, 42],
  [2, 41],
] as const;
const hole = [
  [2.2, 41.2],
  [2.2, 41.8],
  [2.8, 41.8],
  [2.8, 41.2],
  [2.2, 41.2],
] as const;

const shapes: Shape[] = [
  { type: 'point', position: [2.1686, 41.3874] },
  { type: 'circle', center: [2.1686, 41.3874], radius: 50.5 },
  { type: 'ellipse', center: [-73.2512, 42.5463], semiMajor: 1275, semiMinor: 670, orientation: 43.2 },
  {
    type: 'arcband',
    center: [153.2176, -43.5723],
    innerRadius: 3594,
    outerRadius: 4148,
    startAngle: 20,
    openingAngle: 20,
  },
  { type: 'polygon', rings: [square] },
  { type: 'polygon', rings: [square, hole] },
];

describe('shapes', () => {
  it.each(shapes)(
    '$type is the same after writing and reading',
    { meta: { clause: 'RFC 5491 5.2' } },
    (shape) => {
      expect(readShape(writeGmlShape(shape))).toEqual({ ok: true, value: shape });
      const root = readXml(
        `<x xmlns:g="http://www.opengis.net/gml" xmlns:s="http://www.opengis.net/pidflo/1.0">${writeGmlShape(shape, { gml: 'g', gs: 's' })}</x>`,
      );
      if (!root.ok) throw new Error(root.error.message);
      expect(readGmlShape(root.value.children[0] ?? root.value)).toEqual({ ok: true, value: shape });
    },
  );

  it(
    'a polygon is written counter-clockwise, its holes clockwise',
    { meta: { clause: 'RFC 5491 5.1' } },
    () => {
      const clockwise: Shape = { type: 'polygon', rings: [[...square].reverse(), [...hole].reverse()] };
      expect(readShape(writeGmlShape(clockwise))).toEqual({
        ok: true,
        value: { type: 'polygon', rings: [square, hole] },
      });
    },
  );

  it('three dimensions are read down to two', { meta: { clause: 'RFC 5491 5.2.6, 5.2.7, 5.2.8' } }, () => {
    const srs = 'srsName="urn:ogc:def:crs:EPSG::4979"';
    expect(
      readShape(
        `<gs:Sphere ${srs}><gml:pos>41 2 30</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">5</gs:radius></gs:Sphere>`,
      ),
    ).toEqual({
      ok: true,
      value: { type: 'circle', center: [2, 41], radius: 5 },
    });
    const ellipsoid = readShape(
      `<gs:Ellipsoid ${srs}><gml:pos>41 2 30</gml:pos><gs:semiMajorAxis>7</gs:semiMajorAxis><gs:semiMinorAxis>3</gs:semiMinorAxis>` +
        '<gs:verticalAxis>9</gs:verticalAxis><gs:orientation>90</gs:orientation></gs:Ellipsoid>',
    );
    expect(ellipsoid).toMatchObject({
      ok: true,
      value: { type: 'ellipse', semiMajor: 7, semiMinor: 3, orientation: 90 },
    });
    const prism = readShape(
      `<gs:Prism ${srs}><gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>41 2 9 41 3 9 42 3 9 42 2 9 41 2 9` +
        '</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gs:base><gs:height>2</gs:height></gs:Prism>',
    );
    expect(prism).toEqual({ ok: true, value: { type: 'polygon', rings: [square] } });
  });
});

describe('liberties of senders', () => {
  it.each([
    'urn:ogc:def:crs:EPSG::4326',
    'urn:ogc:def::crs:EPSG::4326',
    'urn:ogc:def:crs:EPSG:6.6:4326',
    'urn:ogc:def:crs:EPSG:4326',
    'URN:OGC:DEF:CRS:EPSG::4326',
    ' urn:ogc:def:crs:EPSG::4326\n',
    'EPSG:4326',
    'epsg:4326',
    'http://www.opengis.net/def/crs/EPSG/0/4326',
    'http://www.opengis.net/gml/srs/epsg.xml#4326',
    'urn:ogc:def:crs:EPSG::4979',
    'urn:ogc:def::crs:EPSG::4979',
  ])('the reference system %s', { meta: { clause: ['RFC 5491 4', 'RFC 5491 5'] } }, (name) => {
    expect(readShape(`<gml:Point srsName="${name}"><gml:pos>41 2</gml:pos></gml:Point>`)).toEqual({
      ok: true,
      value: { type: 'point', position: [2, 41] },
    });
  });

  it('no reference system at all', { meta: { clause: 'RFC 5491 5' } }, () => {
    expect(readShape('<gml:Point><gml:pos>41 2</gml:pos></gml:Point>')).toMatchObject({ ok: true });
  });

  it(
    'a lower-case polygon with a pos for each position, as some LoST servers send',
    { meta: { clause: 'RFC 5222 5.5' } },
    () => {
      const pos = square.map(([lon, lat]) => `<gml:pos>${lat} ${lon}</gml:pos>`).join('');
      const xml = `<gml:polygon><gml:exterior><gml:LinearRing>${pos}</gml:LinearRing></gml:exterior></gml:polygon>`;
      expect(readShape(xml)).toEqual({ ok: true, value: { type: 'polygon', rings: [square] } });
    },
  );

  it('GML 3.2 and GML 2 boundaries, and points of properties', { meta: { clause: 'RFC 5491 5.2.2' } }, () => {
    const points = square
      .map(([lon, lat]) => `<pointProperty><Point><pos>${lat} ${lon}</pos></Point></pointProperty>`)
      .join('');
    expect(
      readShape(
        `<Polygon xmlns="http://www.opengis.net/gml/3.2"><outerBoundaryIs><LinearRing>${points}</LinearRing></outerBoundaryIs></Polygon>`,
      ),
    ).toEqual({ ok: true, value: { type: 'polygon', rings: [square] } });
    expect(
      readShape(
        '<gs:Circle><gml:pointProperty><gml:Point><gml:pos>41 2</gml:pos></gml:Point></gml:pointProperty><gs:radius>5</gs:radius></gs:Circle>',
      ),
    ).toMatchObject({
      ok: true,
      value: { center: [2, 41] },
    });
  });

  it.each([
    ['uom="urn:ogc:def:uom:EPSG::9001"', 5],
    ['uom="urn:ogc:def:uom:EPSG:9001"', 5],
    ['uom="urn:ogc:def::uom:EPSG::9001"', 5],
    ['uom="#m"', 5],
    ['uom="Metre"', 5],
    ['uom="urn:ogc:def:uom:EPSG::9036"', 5000],
    ['', 5],
  ])('a radius with %s', { meta: { clause: 'RFC 5491 5' } }, (uom, radius) => {
    expect(
      readShape(`<gs:Circle><gml:pos>41 2</gml:pos><gs:radius ${uom}> 5 </gs:radius></gs:Circle>`),
    ).toMatchObject({
      ok: true,
      value: { radius },
    });
  });

  it(
    'radians, turns of more than 360 degrees, and axes the wrong way round',
    { meta: { clause: 'RFC 5491 5.2.4' } },
    () => {
      const ellipse = (a: number, b: number, o: string): ReturnType<typeof readShape> =>
        readShape(
          `<gs:Ellipse><gml:pos>41 2</gml:pos><gs:semiMajorAxis>${a}</gs:semiMajorAxis><gs:semiMinorAxis>${b}</gs:semiMinorAxis>${o}</gs:Ellipse>`,
        );
      const radians = ellipse(
        9,
        4,
        `<gs:orientation uom="urn:ogc:def:uom:EPSG::9101">${Math.PI / 2}</gs:orientation>`,
      );
      expect(radians.ok && radians.value.type === 'ellipse' ? radians.value.orientation : NaN).toBeCloseTo(
        90,
        9,
      );
      expect(ellipse(9, 4, '<gs:orientation>-30</gs:orientation>')).toMatchObject({
        ok: true,
        value: { orientation: 330 },
      });
      expect(ellipse(4, 9, '<gs:orientation>300</gs:orientation>')).toMatchObject({
        ok: true,
        value: { semiMajor: 9, semiMinor: 4, orientation: 30 },
      });
    },
  );
});

describe('what is refused', () => {
  const ring = (text: string): string =>
    `<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>${text}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`;
  it.each([
    [
      'an unknown reference system',
      '<gml:Point srsName="urn:ogc:def:crs:EPSG::3857"><gml:pos>41 2</gml:pos></gml:Point>',
      'srs',
    ],
    [
      'CRS84, whose axes are the other way',
      '<gml:Point srsName="urn:ogc:def:crs:OGC:1.3:CRS84"><gml:pos>2 41</gml:pos></gml:Point>',
      'srs',
    ],
    [
      'another system on an inner element',
      '<gml:Point srsName="EPSG:4326"><gml:pos srsName="EPSG:25831">41 2</gml:pos></gml:Point>',
      'srs',
    ],
    [
      'a number that only ends like one',
      '<gml:Point srsName="EPSG:14326"><gml:pos>41 2</gml:pos></gml:Point>',
      'srs',
    ],
    ['a point without a position', '<gml:Point/>', 'shape'],
    ['a circle without a radius', '<gs:Circle><gml:pos>41 2</gml:pos></gs:Circle>', 'shape'],
    ['a radius of NaN', '<gs:Circle><gml:pos>41 2</gml:pos><gs:radius>NaN</gs:radius></gs:Circle>', 'shape'],
    ['an empty radius', '<gs:Circle><gml:pos>41 2</gml:pos><gs:radius/></gs:Circle>', 'shape'],
    ['a negative radius', '<gs:Circle><gml:pos>41 2</gml:pos><gs:radius>-1</gs:radius></gs:Circle>', 'range'],
    [
      'a radius beyond the Earth',
      '<gs:Circle><gml:pos>41 2</gml:pos><gs:radius>3e7</gs:radius></gs:Circle>',
      'range',
    ],
    [
      'an unknown unit',
      '<gs:Circle><gml:pos>41 2</gml:pos><gs:radius uom="furlong">1</gs:radius></gs:Circle>',
      'shape',
    ],
    ['an unclosed ring', ring('41 2 41 3 42 3 42 2'), 'shape'],
    ['a ring of three', ring('41 2 41 3 41 2'), 'shape'],
    ['an empty ring', ring(''), 'shape'],
    ['a ring out of range', ring('41 2 41 300 42 3 41 2'), 'range'],
    ['a polygon without exterior', '<gml:Polygon/>', 'shape'],
    ['more positions than the limit', ring(Array(4_100).fill('41 2').join(' ')), 'shape'],
    ['another element', '<gml:LineString/>', 'shape'],
    [
      'a Point of KML, whose axes are the other way',
      '<Point xmlns="http://www.opengis.net/kml/2.2"><coordinates>2,41</coordinates></Point>',
      'shape',
    ],
    [
      'an outer radius within the inner one',
      '<gs:ArcBand><gml:pos>41 2</gml:pos><gs:innerRadius>5</gs:innerRadius><gs:outerRadius>4</gs:outerRadius><gs:startAngle>0</gs:startAngle><gs:openingAngle>10</gs:openingAngle></gs:ArcBand>',
      'range',
    ],
    [
      'a negative opening angle',
      '<gs:ArcBand><gml:pos>41 2</gml:pos><gs:innerRadius>3</gs:innerRadius><gs:outerRadius>4</gs:outerRadius><gs:startAngle>0</gs:startAngle><gs:openingAngle>-10</gs:openingAngle></gs:ArcBand>',
      'range',
    ],
  ])('%s', { meta: { clause: 'RFC 5491 5' } }, (_, xml, code) => {
    expect(readShape(xml)).toMatchObject({ ok: false, error: { code } });
  });
});
