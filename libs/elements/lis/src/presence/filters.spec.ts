import { type CivicAddress, type Position, type Shape, writePidfLo } from '@esinet/location';
import { describe, expect, it } from 'vitest';
import { filterSet } from './filter-fixture.js';
import { type Sides, type Whereabouts, isWanted, learnSides } from './filter-match.js';
import { type LocationFilter, merged, wishOf } from './location-filter.js';
import { readFilters } from './read-filter.js';
import { shareWithin, sideOf } from './region-share.js';
import { documentFor, snapshotOf } from './snapshot.js';

const limits = { maxFilters: 10, maxConditions: 20, maxRegionPositions: 200 };
const anything = (): boolean => true;

const trigger = (content: string): string => `<trigger>${content}</trigger>`;

function read(text: string): readonly LocationFilter[] {
  const result = readFilters(Buffer.from(text), anything, limits);
  if (!result.ok) throw new Error(`${result.error.status} ${result.error.reason}`);
  return result.value.put;
}

const point = (...position: Position): Shape => ({ type: 'point', position });
const circle = (lon: number, lat: number, radius: number): Shape => ({
  type: 'circle',
  center: [lon, lat],
  radius,
});
const civic = (elements: Record<string, string>): CivicAddress => ({
  elements: Object.entries(elements).map(([name, value]) => ({ name, value })),
});
/** Metres as degrees of latitude. */
const north = (metres: number): number => metres / 111_195;

/** What each of the places makes of the filters, told as they want it. */
function walk(filters: readonly LocationFilter[], places: readonly Whereabouts[]): boolean[] {
  const sides: Sides = new Map();
  let told: Whereabouts = places[0] ?? {};
  learnSides(filters, told, sides);
  return places.slice(1).map((place) => {
    const wanted = isWanted(filters, told, place, sides);
    if (wanted) {
      told = place;
      learnSides(filters, place, sides);
    }
    return wanted;
  });
}

describe('moved', () => {
  it('measures from the place that was told last', { meta: { clause: 'RFC 6447 3.1' } }, () => {
    const filters = read(filterSet(trigger('<lf:moved> 300 </lf:moved>')));
    const at = (metres: number): Whereabouts => ({ shape: point(-3.7, 40.4 + north(metres)) });
    expect(walk(filters, [at(0), at(200), at(299), at(301), at(500), at(2), at(10)])).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(walk(filters, [at(0), at(299), at(-299), at(-301)])).toEqual([false, false, true]);
  });

  it('a place that becomes known is news, one that goes is not', { meta: { clause: 'RFC 6447 3.1' } }, () => {
    const filters = read(filterSet(trigger('<lf:moved>300</lf:moved>')));
    expect(walk(filters, [{}, { shape: point(0, 0) }])).toEqual([true]);
    expect(walk(filters, [{ shape: point(0, 0) }, {}])).toEqual([false]);
  });
});

describe('changed', () => {
  it('by value, from, to and by', { meta: { clause: ['RFC 6447 3.3', 'RFC 4661 3.6'] } }, () => {
    const of = (attributes: string, element: string) =>
      read(filterSet(trigger(`<changed ${attributes}>//ca:${element}</changed>`)));
    const at = (elements: Record<string, string>): Whereabouts => ({ civic: civic(elements) });
    expect(
      walk(of('from="FR"', 'country'), [
        at({ country: 'FR' }),
        at({ country: 'FR', A1: 'x' }),
        at({ country: 'ES' }),
        at({ country: 'FR' }),
        at({ country: 'DE' }),
      ]),
    ).toEqual([false, true, false, false]);
    expect(
      walk(of('to="DE"', 'country'), [at({ country: 'FR' }), at({ country: 'ES' }), at({ country: 'DE' })]),
    ).toEqual([false, true]);
    expect(
      walk(of('by="3"', 'FLR'), [at({ FLR: '1' }), at({ FLR: '3' }), at({ FLR: '4' }), at({ FLR: 'roof' })]),
    ).toEqual([false, true, false]);
    expect(walk(of('', 'A3'), [at({ A3: 'a' }), at({}), at({ A3: 'a' })])).toEqual([true, true]);
  });

  it('any of several triggers, all conditions of one', { meta: { clause: 'RFC 6447 3.3' } }, () => {
    const any = read(
      filterSet(trigger('<changed>//ca:A3</changed>') + trigger('<changed>//ca:PC</changed>')),
    );
    const both = read(filterSet(trigger('<changed>//ca:A3</changed><changed>//ca:PC</changed>')));
    const places = [
      civic({ A3: 'a', PC: '1' }),
      civic({ A3: 'a', PC: '2' }),
      civic({ A3: 'b', PC: '2' }),
    ].map((c) => ({ civic: c }));
    expect(walk(any, places)).toEqual([true, true]);
    // Since nothing was told in between, both have changed in the end.
    expect(walk(both, places)).toEqual([false, true]);
  });

  it('of extensions by their namespace', { meta: { clause: ['RFC 6447 3.3', 'RFC 6848 3.1'] } }, () => {
    const filters = read(filterSet(trigger('<changed>//ext:gate</changed>')));
    const at = (uri: string, value: string): Whereabouts => ({
      civic: { elements: [{ name: 'gate', value, uri }] },
    });
    expect(walk(filters, [at('urn:example:ext', '1'), at('urn:example:ext', '2')])).toEqual([true]);
    expect(walk(filters, [at('urn:other', '1'), at('urn:other', '2')])).toEqual([false]);
  });
});

describe('enterOrExit', () => {
  const inCircle = filterSet(
    trigger(
      '<lf:enterOrExit><gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>40.4 -3.7</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">1000</gs:radius></gs:Circle></lf:enterOrExit>',
    ),
  );
  it('tells who comes in and who goes out, and no more', { meta: { clause: 'RFC 6447 3.4' } }, () => {
    const at = (metres: number): Whereabouts => ({ shape: circle(-3.7, 40.4 + north(metres), 50) });
    expect(
      walk(read(inCircle), [at(3_000), at(2_000), at(500), at(0), at(-900), at(-1_200), at(-3_000)]),
    ).toEqual([false, true, false, false, true, false]);
  });

  it(
    'small moves at the border of an uncertain place trigger nothing',
    { meta: { clause: 'RFC 6447 3.4' } },
    () => {
      const at = (metres: number): Whereabouts => ({ shape: circle(-3.7, 40.4 + north(metres), 200) });
      expect(
        walk(read(inCircle), [
          at(700),
          at(990),
          at(1_000),
          at(995),
          at(1_000),
          at(700),
          at(1_600),
          at(1_000),
        ]),
      ).toEqual([false, false, false, false, false, true, false]);
    },
  );

  it(
    'a polygon too, across the antimeridian and with points',
    { meta: { clause: ['RFC 6447 3.4', 'RFC 5491 5.2.2'] } },
    () => {
      const pos = (lat: number, lon: number): string => `<gml:pos>${lat} ${lon}</gml:pos>`;
      const polygon = filterSet(
        trigger(
          `<lf:enterOrExit><gml:Polygon srsName="urn:ogc:def:crs:EPSG::4326"><gml:exterior><gml:LinearRing>${pos(-1, 179)}${pos(-1, -179)}${pos(1, -179)}${pos(1, 179)}${pos(-1, 179)}</gml:LinearRing></gml:exterior></gml:Polygon></lf:enterOrExit>`,
        ),
      );
      const at = (lon: number): Whereabouts => ({ shape: point(lon, 0) });
      expect(walk(read(polygon), [at(178), at(179.5), at(-179.5), at(-178)])).toEqual([true, false, true]);
    },
  );

  it('shares of areas', { meta: { clause: ['RFC 6447 3.4', 'RFC 7459 5.2'] } }, () => {
    const region = { type: 'circle', center: [0, 0], radius: 1_000 } as const;
    expect(shareWithin(circle(0, 0, 100), region)).toBe(1);
    expect(shareWithin(circle(0, north(5_000), 100), region)).toBe(0);
    // A small area whose middle is on the border: about half of it.
    const half = shareWithin(circle(0, north(1_000), 50), region);
    expect(half).toBeGreaterThan(0.35);
    expect(half).toBeLessThan(0.65);
    expect(sideOf(circle(0, north(1_000), 50), region)).toBeUndefined();
    expect(sideOf(circle(0, 0, 5_000), region)).toBe('out');
    expect(sideOf(point(0, 0), region)).toBe('in');
  });
});

describe('locationType', () => {
  const document = writePidfLo({
    entity: 'pres:x@lis.lab',
    shape: circle(-3.7, 40.4, 30),
    civic: civic({ country: 'ES' }),
    timestamp: '2026-01-01T00:00:00Z',
    retentionExpiry: '2026-01-02T00:00:00Z',
  });
  const both = snapshotOf({ document, expires: 0 });
  const onlyShape = snapshotOf({
    document: writePidfLo({
      entity: 'pres:x@lis.lab',
      shape: circle(-3.7, 40.4, 30),
      timestamp: '2026-01-01T00:00:00Z',
      retentionExpiry: '2026-01-02T00:00:00Z',
    }),
    expires: 0,
  });
  const wish = (content: string) => wishOf(read(filterSet(`<what>${content}</what>`)));
  const forms = (text: string | undefined) =>
    text === undefined
      ? 'nothing'
      : ['Circle', 'civicAddress'].filter((name) => text.includes(name)).join(' ');

  it.each([
    ['<lf:locationType>any</lf:locationType>', 'Circle civicAddress', 'Circle'],
    ['<lf:locationType exact="true">any</lf:locationType>', 'Circle civicAddress', 'Circle'],
    ['<lf:locationType>civic</lf:locationType>', 'civicAddress', 'Circle'],
    ['<lf:locationType>geodetic</lf:locationType>', 'Circle', 'Circle'],
    ['<lf:locationType> civic  geodetic </lf:locationType>', 'Circle civicAddress', 'Circle'],
    ['<lf:locationType exact="1">geodetic</lf:locationType>', 'Circle', 'Circle'],
    ['<lf:locationType exact="true">civic</lf:locationType>', 'civicAddress', 'nothing'],
    ['<lf:locationType exact="true">civic geodetic</lf:locationType>', 'Circle civicAddress', 'nothing'],
  ])('%s', { meta: { clause: 'RFC 6447 3.5' } }, (content, ofBoth, ofShape) => {
    expect([forms(documentFor(both, wish(content))), forms(documentFor(onlyShape, wish(content)))]).toEqual([
      ofBoth,
      ofShape,
    ]);
  });

  it('without it: any', { meta: { clause: 'RFC 6447 3.5' } }, () => {
    expect(wishOf([])).toEqual({ types: 'any', exact: false });
  });
});

describe('filter documents that are refused', () => {
  const region = (shape: string): string => filterSet(trigger(`<lf:enterOrExit>${shape}</lf:enterOrExit>`));
  const ring = (n: number): string =>
    `<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>${Array.from({ length: n }, (_, i) => `${(i / n).toFixed(5)} ${i % 2}`).join(' ')} 0.00000 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`;
  const cases: [string, string, number][] = [
    ['no XML', 'moved 300', 400],
    ['an unclosed one', '<filter-set xmlns="urn:ietf:params:xml:ns:simple-filter">', 400],
    ['a DOCTYPE', `<!DOCTYPE x [<!ENTITY a "b">]>${filterSet('')}`, 400],
    ['another root', '<presence xmlns="urn:ietf:params:xml:ns:pidf"/>', 400],
    ['no namespace', filterSet('').replace(/xmlns="[^"]*"/, ''), 400],
    ['no filter', '<filter-set xmlns="urn:ietf:params:xml:ns:simple-filter"/>', 400],
    ['a filter without id', filterSet('').replace('id="a"', ''), 400],
    ['an id given twice', filterSet('').replace('</filter-set>', '<filter id="a"/></filter-set>'), 400],
    ['another package', filterSet('', { set: ' package="dialog"' }), 488],
    ['a domain', filterSet('', { filter: ' domain="example.com"' }), 488],
    ['an empty trigger', filterSet('<trigger/>'), 400],
    ['moved without a number', filterSet(trigger('<lf:moved>far</lf:moved>')), 400],
    ['moved by NaN', filterSet(trigger('<lf:moved>NaN</lf:moved>')), 400],
    ['moved by INF', filterSet(trigger('<lf:moved>INF</lf:moved>')), 400],
    ['moved by 1e999', filterSet(trigger('<lf:moved>1e999</lf:moved>')), 400],
    ['moved by less than nothing', filterSet(trigger('<lf:moved>-1</lf:moved>')), 400],
    ['speed, which is not known here', filterSet(trigger('<changed by="3">//dyn:speed</changed>')), 488],
    ['added', filterSet(trigger('<added>//ca:A1</added>')), 488],
    ['removed', filterSet(trigger('<removed>//ca:A1</removed>')), 488],
    ['a longer path', filterSet(trigger('<changed>//ca:A1/ca:A2</changed>')), 488],
    ['a path with a predicate', filterSet(trigger('<changed>//ca:A1[1]</changed>')), 488],
    ['a prefix nobody bound', filterSet(trigger('<changed>//zz:A1</changed>')), 400],
    ['a path of no namespace', filterSet(trigger('<changed>//A1</changed>')), 488],
    ['by that is no number', filterSet(trigger('<changed by="much">//ca:A1</changed>')), 400],
    ['by nothing', filterSet(trigger('<changed by="0">//ca:A1</changed>')), 400],
    ['include', filterSet('<what><include>//ca:A1</include></what>'), 488],
    [
      'a location type nobody knows',
      filterSet('<what><lf:locationType>galactic</lf:locationType></what>'),
      400,
    ],
    ['a region of no shape', region(''), 400],
    ['two regions in one', region(`${ring(4)}${ring(4)}`), 400],
    [
      'an ellipse',
      region(
        '<gs:Ellipse srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>0 0</gml:pos><gs:semiMajorAxis uom="urn:ogc:def:uom:EPSG::9001">2</gs:semiMajorAxis><gs:semiMinorAxis uom="urn:ogc:def:uom:EPSG::9001">1</gs:semiMinorAxis><gs:orientation uom="urn:ogc:def:uom:EPSG::9102">0</gs:orientation></gs:Ellipse>',
      ),
      488,
    ],
    ['a region beyond the world', region('<gml:Point><gml:pos>95 0</gml:pos></gml:Point>'), 400],
    ['a region of too many corners', region(ring(400)), 488],
    [
      'a hundred filters',
      filterSet('').replace(
        '</filter-set>',
        `${Array.from({ length: 100 }, (_, i) => `<filter id="f${i}"/>`).join('')}</filter-set>`,
      ),
      488,
    ],
    ['a hundred conditions', filterSet(trigger('<changed>//ca:A1</changed>').repeat(100)), 488],
    ['something else in it', filterSet('<script xmlns="urn:x"/>'), 488],
  ];
  it.each(cases)(
    '%s',
    {
      meta: {
        clause: [
          'RFC 6447 3',
          'RFC 6447 3.1',
          'RFC 6447 3.2',
          'RFC 6447 3.3',
          'RFC 6447 3.4',
          'RFC 6447 3.5',
          'RFC 4661 3.4',
          'RFC 4660 4.3',
        ],
      },
    },
    (_, text, status) => {
      const result = readFilters(Buffer.from(text), anything, limits);
      expect(result.ok ? 200 : result.error.status).toBe(status);
    },
  );

  it(
    '100,000 regions end at the limits of XML, before any of them is kept',
    { meta: { clause: 'RFC 6447 5' } },
    () => {
      const many = filterSet(
        trigger('<lf:enterOrExit><gml:Point><gml:pos>0 0</gml:pos></gml:Point></lf:enterOrExit>').repeat(
          100_000,
        ),
      );
      const result = readFilters(Buffer.from(many), anything, limits, { maxBytes: 100_000_000 });
      expect(result.ok ? 200 : result.error.status).toBe(400);
      const large = readFilters(Buffer.from(many), anything, limits, { maxBytes: 16_384 });
      expect(large.ok ? 200 : large.error.status).toBe(400);
    },
  );

  it('of another resource', { meta: { clause: 'RFC 4661 3.4' } }, () => {
    const text = filterSet('', { filter: ' uri="sip:other@example.com"' });
    const result = readFilters(Buffer.from(text), (uri) => uri === 'sip:mine@example.com', limits);
    expect(result.ok ? 200 : result.error.status).toBe(488);
  });
});

describe('filters in force', () => {
  it(
    'a later document replaces by id, adds, takes away, and switches off',
    { meta: { clause: ['RFC 4660 4.2', 'RFC 4661 3.4'] } },
    () => {
      const change = (text: string) => {
        const result = readFilters(Buffer.from(text), anything, limits);
        if (!result.ok) throw new Error(result.error.reason);
        return result.value;
      };
      const first = merged([], change(filterSet(trigger('<lf:moved>300</lf:moved>'))), limits)!;
      const second = merged(
        first,
        change(filterSet(trigger('<lf:moved>10</lf:moved>')).replace('id="a"', 'id="b"')),
        limits,
      )!;
      expect(second.map((f) => f.id)).toEqual(['a', 'b']);
      const third = merged(second, change(filterSet(trigger('<lf:moved>5</lf:moved>'))), limits)!;
      expect(third.map((f) => f.triggers[0]?.[0])).toEqual([
        { kind: 'moved', metres: 5 },
        { kind: 'moved', metres: 10 },
      ]);
      const fourth = merged(third, change(filterSet('', { filter: ' remove="true"' })), limits)!;
      expect(fourth.map((f) => f.id)).toEqual(['b']);
      const off = merged(
        fourth,
        change(
          filterSet(trigger('<lf:moved>10</lf:moved>'), { filter: ' enabled="false"' }).replace(
            'id="a"',
            'id="b"',
          ),
        ),
        limits,
      )!;
      // None in force: every change is told.
      expect(walk(off, [{ shape: point(0, 0) }, { shape: point(0, 0.0001) }])).toEqual([true]);
      expect(
        merged(
          first,
          {
            put: Array.from({ length: 11 }, (_, i) => ({ id: `x${i}`, enabled: true, triggers: [] })),
            remove: [],
          },
          limits,
        ),
      ).toBeUndefined();
    },
  );
});
