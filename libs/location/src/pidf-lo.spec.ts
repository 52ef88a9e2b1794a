import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readXml } from '@esinet/xml';
import { describe, expect, it } from 'vitest';
import { type CivicAddress, readCivic, writeCivic } from './civic-address.js';
import { readPidfLo } from './read-pidf-lo.js';
import type { Shape } from './shape.js';
import { type PidfLoContent, writePidfLo, writePresence } from './write-pidf-lo.js';

const specs = fileURLToPath(new URL('../../../../shared/specs/', import.meta.url));
const schema = join(specs, 'schemas/pidf-lo/gcs-pidflo.xsd');
const samples = join(specs, 'corpora/pidf-lo-samples');

const civic: CivicAddress = {
  lang: 'es',
  elements: [
    { name: 'HNO', value: '1' },
    { name: 'MP', value: '3', uri: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext' },
    { name: 'RD', value: 'Peña & <Hijos>' },
    { name: 'country', value: 'ES' },
  ],
};
const shapes: Shape[] = [
  { type: 'point', position: [2.17, 41.38] },
  { type: 'circle', center: [2.17, 41.38], radius: 50 },
  { type: 'ellipse', center: [2, 41], semiMajor: 50, semiMinor: 20, orientation: 30 },
  { type: 'arcband', center: [2, 41], innerRadius: 10, outerRadius: 20, startAngle: 10, openingAngle: 40 },
  // prettier-ignore
  { type: 'polygon', rings: [[[2, 41], [3, 41], [3, 42], [2, 41]]] },
];
const content: PidfLoContent = {
  entity: 'pres:a&b@x.example',
  timestamp: '2026-01-01T00:00:00Z',
  method: 'GPS',
  retentionExpiry: '2026-01-02T00:00:00Z',
};

const GP = 'urn:ietf:params:xml:ns:pidf:geopriv10';
const presence = (inner: string): string =>
  `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="${GP}" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"` +
  ` xmlns:gbp="${GP}:basicPolicy" xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"` +
  ` xmlns:ca="${GP}:civicAddr" entity=" pres:a@x ">${inner}</presence>`;
const geopriv = (info: string, more = ''): string =>
  `<gp:geopriv><gp:location-info>${info}</gp:location-info><gp:usage-rules/>${more}</gp:geopriv>`;
const point = (lat: number): string =>
  `<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${lat} 2</gml:pos></gml:Point>`;
const read = (inner: string) => {
  const result = readPidfLo(presence(inner));
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const latitudes = (inner: string): number[] =>
  read(inner).shapes.map((s) => (s.type === 'point' ? s.position[1] : NaN));

describe('writing', () => {
  it.each(shapes)(
    'a document with a $type reads back as it was',
    { meta: { clause: 'RFC 4119 2.2' } },
    (shape) => {
      const back = readPidfLo(writePidfLo({ ...content, shape, civic }));
      expect(back).toMatchObject({
        ok: true,
        value: {
          entity: content.entity,
          timestamp: content.timestamp,
          method: 'GPS',
          retentionExpiry: content.retentionExpiry,
          container: 'tuple',
          shapes: [shape],
        },
      });
      expect(back.ok && back.value.locations.map((l) => l.kind)).toEqual(['geodetic', 'civic']);
    },
  );

  it(
    'a polygon loses its holes, which the profile does not have',
    { meta: { clause: 'RFC 5491 5.2.2' } },
    () => {
      const rings = [
      [[2, 41], [3, 41], [3, 42], [2, 41]],
      [[2.5, 41.2], [2.8, 41.5], [2.8, 41.2], [2.5, 41.2]],
    ] as const; // prettier-ignore
      const back = readPidfLo(writePidfLo({ ...content, shape: { type: 'polygon', rings } }));
      expect(back).toMatchObject({ ok: true, value: { shapes: [{ type: 'polygon', rings: [rings[0]] }] } });
    },
  );

  it(
    'says how sure it is, by which rules, and who says so',
    { meta: { clause: ['RFC 7459 4.1', 'RFC 4119 2.2.2', 'RFC 7852 6.2'] } },
    () => {
      const circle = shapes[1] as Shape;
      const sure = { ...content, confidence: { value: 67.123456, pdf: 'normal' } } as const;
      const back = readPidfLo(
        writePidfLo({
          ...sure,
          shape: circle,
          retransmissionAllowed: true,
          providedBy: 'https://a.example/p?a&b',
        }),
      );
      if (!back.ok) throw new Error(back.error.code);
      expect(back.value.locations).toEqual([
        {
          kind: 'geodetic',
          shape: circle,
          container: 'tuple',
          confidence: { value: 67.1234, pdf: 'normal' },
        },
      ]);
      expect(back.value.retransmissionAllowed).toBe(true);
      expect(back.value.providedBy).toContain('ref="https://a.example/p?a&amp;b"');
      const confidenceOf = (p: Partial<PidfLoContent>): unknown => {
        const read = readPidfLo(writePidfLo({ ...sure, ...p }));
        return read.ok && read.value.locations[0]?.confidence;
      };
      // A point is without uncertainty; a percentage is neither 0 nor 100.
      expect(confidenceOf({ shape: shapes[0] as Shape })).toBeUndefined();
      expect(confidenceOf({ shape: circle, confidence: { value: 100 } })).toEqual({ value: 'unknown' });
      expect(confidenceOf({ civic, confidence: { value: 'unknown' } })).toEqual({ value: 'unknown' });
      expect(confidenceOf({ shape: circle, confidence: { value: 1e-9 } })).toEqual({ value: 0.0001 });
    },
  );

  it('has a tuple for each place, the first one first', { meta: { clause: 'RFC 5491 3 rule 8' } }, () => {
    const { entity, ...about } = content;
    const places = shapes.map((shape) => ({ ...about, shape }));
    const text = writePresence(entity, places);
    expect(new Set(text.match(/tuple id="[^"]*"/g)).size).toBe(shapes.length);
    const back = readPidfLo(text);
    expect(back.ok && back.value.shapes).toEqual(shapes);
  });

  const reason = !existsSync(schema)
    ? 'no schemas beside the repo'
    : spawnSync('xmllint', ['--version']).error
      ? 'no xmllint'
      : '';
  it.skipIf(reason)(
    `every document is valid by the schemas${reason && ` (skipped: ${reason})`}`,
    {
      meta: {
        clause: ['RFC 4119 2.2.5', 'RFC 5139 4', 'RFC 5491 5.2', 'TS 103 698 5.5.4'],
        shall: ['5.5.4-1', '5.5.4-2', '5.5.4-3', '5.6.4-1', '5.6.4-2', '5.6.4-3'],
      },
    },
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'pidf-lo-'));
      const documents = [
        ...shapes.map((shape) => writePidfLo({ ...content, shape })),
        ...shapes.map((shape) => writePidfLo({ ...content, shape, civic, id: '1:x y' })),
        writePidfLo({ ...content, civic, entity: 'pres:"<\'>@x' }),
        ...shapes.map((shape) =>
          writePidfLo({
            ...content,
            shape,
            civic,
            confidence: { value: 67, pdf: 'rectangular' },
            retransmissionAllowed: false,
            providedBy: 'https://a.example/p?a&b',
          }),
        ),
        writePidfLo({ ...content, civic, confidence: { value: 'unknown', pdf: 'unknown' } }),
        writePresence(
          content.entity,
          shapes.map((shape) => ({ ...content, shape })),
        ),
      ];
      const files = documents.map((text, i) => {
        const file = join(folder, `${i}.xml`);
        writeFileSync(file, text);
        return file;
      });
      try {
        execFileSync('xmllint', ['--noout', '--nonet', '--schema', schema, ...files], { stdio: 'pipe' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

describe('reading, several locations', () => {
  it(
    'prefers the first device, then the first tuple, then a person',
    { meta: { clause: 'RFC 5491 3 rule 8' } },
    () => {
      const tuple = `<tuple id="t"><status>${geopriv(point(1))}</status></tuple>`;
      const person = `<dm:person id="p">${geopriv(point(2))}</dm:person>`;
      const device = (lat: number): string => `<dm:device id="d">${geopriv(point(lat))}</dm:device>`;
      expect(latitudes(person + tuple + device(3) + device(4))).toEqual([3, 4, 1, 2]);
      expect(latitudes(person + tuple)).toEqual([1, 2]);
      expect(read(person).container).toBe('person');
      // A device that says nothing about where it is does not count.
      expect(read(`<dm:device id="d">${geopriv('')}</dm:device>${tuple}`).container).toBe('tuple');
    },
  );

  it('keeps the order within one location-info', { meta: { clause: 'RFC 5491 3 rule 7' } }, () => {
    const address = '<ca:civicAddress><ca:country>ES</ca:country></ca:civicAddress>';
    const pidf = read(`<tuple id="t"><status>${geopriv(point(1) + address)}</status></tuple>`);
    expect(pidf.locations.map((l) => l.kind)).toEqual(['geodetic', 'civic']);
    expect(
      read(`<tuple id="t"><status>${geopriv(address + point(1))}</status></tuple>`).locations[0]?.kind,
    ).toBe('civic');
  });

  it('passes over one that cannot be read', { meta: { clause: 'RFC 5491 3 rule 8' } }, () => {
    expect(latitudes(`<tuple id="t"><status>${geopriv(point(91) + point(5))}</status></tuple>`)).toEqual([5]);
  });

  it(
    'takes what goes with the location from the same container',
    { meta: { clause: 'RFC 4479 3.3' } },
    () => {
      const pidf = read(
        `<dm:person id="p">${geopriv(point(2), '<gp:method>Manual</gp:method>')}<dm:timestamp>2020-01-01T00:00:00Z</dm:timestamp></dm:person>` +
          `<dm:device id="d">${geopriv(point(3), '<gp:method>GPS</gp:method>')}<dm:timestamp> 2021-01-01T00:00:00Z </dm:timestamp></dm:device>`,
      );
      expect([pidf.method, pidf.timestamp]).toEqual(['GPS', '2021-01-01T00:00:00Z']);
    },
  );

  it('stops at a number of locations', () => {
    const many = Array.from({ length: 100 }, (_, i) => point(i % 90)).join('');
    expect(read(`<tuple id="t"><status>${geopriv(many)}</status></tuple>`).locations).toHaveLength(32);
  });
});

describe('reading, liberties of senders', () => {
  it(
    'a tuple in the namespace of the data model, elements out of order',
    { meta: { clause: 'RFC 4119 2.2.5' } },
    () => {
      const pidf = read(
        '<dm:tuple id="t"><timestamp>2026-01-01T00:00:00Z</timestamp><status>' +
          `<gp:geopriv><gp:method>GPS</gp:method><gp:usage-rules/><gp:location-info>${point(1)}</gp:location-info></gp:geopriv>` +
          '</status></dm:tuple>',
      );
      expect(pidf).toMatchObject({
        container: 'tuple',
        method: 'GPS',
        entity: 'pres:a@x',
        timestamp: '2026-01-01T00:00:00Z',
      });
    },
  );

  it.each(['gp', 'gbp'])(
    'a retention expiry in the namespace %s',
    { meta: { clause: 'RFC 4119 2.2.2' } },
    (prefix) => {
      const rules = `<gp:usage-rules><${prefix}:retention-expiry> 2026-01-02T00:00:00Z </${prefix}:retention-expiry></gp:usage-rules>`;
      const pidf = read(
        `<tuple id="t"><status><gp:geopriv><gp:location-info>${point(1)}</gp:location-info>${rules}</gp:geopriv></status></tuple>`,
      );
      expect(pidf.retentionExpiry).toBe('2026-01-02T00:00:00Z');
    },
  );

  it(
    'geopriv beside the status, a default namespace, no entity',
    { meta: { clause: 'RFC 4119 2.2' } },
    () => {
      const text =
        '<p:presence xmlns:p="urn:ietf:params:xml:ns:pidf"><p:tuple>' +
        `<geopriv xmlns="${GP}"><location-info><Circle xmlns="http://www.opengis.net/pidflo/1.0"><pos xmlns="http://www.opengis.net/gml">1 2</pos><radius>5</radius></Circle></location-info></geopriv>` +
        '</p:tuple></p:presence>';
      expect(readPidfLo(text)).toMatchObject({
        ok: true,
        value: { entity: '', shapes: [{ type: 'circle', center: [2, 1] }] },
      });
    },
  );

  it('keeps who provided it', { meta: { clause: 'RFC 4119 2.2.4' } }, () => {
    const by = '<gp:provided-by><x:id xmlns:x="urn:x">op</x:id></gp:provided-by>';
    expect(read(`<tuple id="t"><status>${geopriv(point(1), by)}</status></tuple>`).providedBy).toBe(
      '<id xmlns="urn:x">op</id>',
    );
  });
});

describe('reading, errors', () => {
  it.each([
    ['no XML', 'hello', 'xml'],
    ['a DOCTYPE', '<!DOCTYPE presence><presence xmlns="urn:ietf:params:xml:ns:pidf"/>', 'xml'],
    [
      'a HELD error in place of a document',
      '<error xmlns="urn:ietf:params:xml:ns:geopriv:held" code="locationUnknown"/>',
      'namespace',
    ],
    ['a presence of another namespace', '<presence xmlns="urn:x"/>', 'namespace'],
    ['a presence without a location', presence('<tuple id="t"><status/></tuple>'), 'no-location'],
    [
      'an empty location-info',
      presence(`<tuple id="t"><status>${geopriv('')}</status></tuple>`),
      'no-location',
    ],
    [
      'an empty address',
      presence(`<tuple id="t"><status>${geopriv('<ca:civicAddress/>')}</status></tuple>`),
      'no-location',
    ],
    [
      'only a broken shape',
      presence(`<tuple id="t"><status>${geopriv('<gml:Point/>')}</status></tuple>`),
      'shape',
    ],
    [
      'only one out of range',
      presence(`<tuple id="t"><status>${geopriv(point(91))}</status></tuple>`),
      'range',
    ],
    [
      'only one of another reference system',
      presence(
        `<tuple id="t"><status>${geopriv('<gml:Point srsName="EPSG:25831"><gml:pos>1 2</gml:pos></gml:Point>')}</status></tuple>`,
      ),
      'srs',
    ],
  ])('%s', { meta: { clause: 'RFC 6442 4.3' } }, (_, text, code) => {
    expect(readPidfLo(text)).toMatchObject({ ok: false, error: { code } });
  });
});

describe('civic addresses', () => {
  const round = (c: CivicAddress) => {
    const root = readXml(writeCivic(c));
    if (!root.ok) throw new Error(root.error.message);
    return readCivic(root.value);
  };

  it(
    'are written in the order of the schema, extensions last',
    { meta: { clause: ['RFC 5139 4', 'RFC 6848 3.1'] } },
    () => {
      const back = round(civic);
      if (!back.ok) throw new Error(back.error.message);
      expect(back.value.lang).toBe('es');
      expect(back.value.elements.map((e) => e.name)).toEqual(['country', 'RD', 'HNO', 'MP']);
      expect(back.value.elements[3]).toEqual(civic.elements[1]);
      expect(back.value.elements[1]?.value).toBe('Peña & <Hijos>');
    },
  );

  it(
    'keep elements nobody knows, repeated ones and their order',
    { meta: { clause: 'RFC 6848 3.2' } },
    () => {
      const unknown: CivicAddress = {
        elements: [
          { name: 'country', value: 'ES' },
          { name: 'LMK', value: 'one' },
          { name: 'LMK', value: 'two' },
          { name: 'lamp', value: '2471', uri: 'http://posts.example/ns' },
          { name: 'lamp', value: '9', uri: 'http://other.example/ns' },
        ],
      };
      expect(round(unknown)).toEqual({ ok: true, value: unknown });
    },
  );

  it('leave out a name that cannot be an element', () => {
    const odd: CivicAddress = { elements: [{ name: 'country', value: 'ES' }, { name: 'a><b', value: 'x' }] }; // prettier-ignore
    expect(round(odd)).toEqual({ ok: true, value: { elements: [{ name: 'country', value: 'ES' }] } });
  });
});

describe.skipIf(!existsSync(samples))('sample documents beside the repo', () => {
  const files = existsSync(samples) ? readdirSync(samples).filter((f) => f.endsWith('.xml')) : [];
  const kinds: Readonly<Record<string, string>> = {
    Point: 'point',
    Circle: 'circle',
    Sphere: 'circle',
    Ellipse: 'ellipse',
    Ellipsoid: 'ellipse',
    ArcBand: 'arcband',
    Polygon: 'polygon',
    Prism: 'polygon',
  };

  it.each(files)('%s', { meta: { clause: ['RFC 5491 3', 'RFC 5491 5.2', 'RFC 6848 4'] } }, (file) => {
    const result = readPidfLo(readFileSync(join(samples, file)));
    if (file.includes('DynamicOnly')) {
      expect(result).toMatchObject({ ok: false, error: { code: 'no-location' } });
      return;
    }
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
    const pidf = result.value;
    expect(pidf.container).toBe(file.includes('Tuple') || file.startsWith('RFC6848') ? 'tuple' : 'device');
    const kind = Object.keys(kinds).find(
      (k) => file.startsWith(`RFC5491Tuple${k}`) || file.startsWith(`Device${k}`),
    );
    if (kind) expect(pidf.shapes[0]?.type).toBe(kinds[kind]);
    if (file.includes('Civic') || file.startsWith('RFC6848')) expect(pidf.locations[0]?.kind).toBe('civic');
    expect(JSON.stringify(pidf)).not.toContain('null');
    // Whatever was read can be written and is the same again.
    for (const shape of pidf.shapes) {
      expect(readPidfLo(writePidfLo({ ...content, shape }))).toMatchObject({ ok: true });
    }
  });
});
