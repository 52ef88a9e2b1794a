import {
  type CivicAddress,
  type CivicTables,
  foldingOf,
  loadCivicData,
  type Position,
  readBoundaries,
} from '@esinet/location';
import {
  type FindServiceRequest,
  type FindServiceResponse,
  type LostAnswer,
  readLostRequest,
  writeLostAnswer,
} from '@esinet/lost';
import { programPath } from '@esinet/testing';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answer } from './answer.js';
import { type EcrfLayers, type LayersOptions, buildLayers } from './layers.js';

const NOW = Date.UTC(2026, 0, 1, 12);
const SOS = 'urn:service:sos';
const FIRE = 'urn:service:sos.fire';

type Fields = Readonly<Record<string, unknown>>;

function square(west: number, south: number, size = 1): number[][][] {
  const [east, north] = [west + size, south + size];
  return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]; // prettier-ignore
}

function boundaries(
  list: readonly (readonly [id: string, urn: string, rings: number[][][]])[],
): LayersOptions['boundaries'] {
  const read = readBoundaries({
    type: 'FeatureCollection',
    features: list.map(([id, urn, coordinates]) => ({
      type: 'Feature',
      properties: { NGUID: id, ServiceURI: `sip:${id}@psap.esinet.internal`, ServiceURN: urn },
      geometry: { type: 'Polygon', coordinates },
    })),
  });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.map((boundary) => ({ boundary, lastUpdated: NOW - 1 }));
}

function street(name: string, muni: string, line: Position[], more: Fields = {}, from = 1, to = 99): unknown {
  const sides = ['L', 'R'].flatMap((s, i) => [
    [`Country_${s}`, 'ES'],
    [`State_${s}`, 'Madrid'],
    [`IncMuni_${s}`, muni],
    [`FromAddr_${s}`, from + i],
    [`ToAddr_${s}`, to + i],
  ]);
  return {
    type: 'Feature',
    properties: { St_Name: name, ...Object.fromEntries(sides), ...more },
    geometry: { type: 'LineString', coordinates: line },
  };
}

function tables(streets: unknown[], areas = '', points: unknown[] = []): CivicTables {
  const collection = (features: unknown[]) => [
    { name: 'f', content: { type: 'FeatureCollection', features } },
  ];
  const loaded = loadCivicData(
    {
      areas: areas === '' ? [] : [{ name: 'areas.csv', content: areas }],
      streets: collection(streets),
      points: collection(points),
    },
    foldingOf().folding,
  );
  if (loaded.problems.length > 0) throw new Error(JSON.stringify(loaded.problems));
  return loaded.tables;
}

function layersOf(o: Partial<LayersOptions>): EcrfLayers {
  return buildLayers({
    source: 'ecrf.esinet.lab',
    boundaries: grid,
    expiresMs: 86_400_000,
    maxVerticesByValue: 100,
    builtAt: NOW,
    ...o,
  });
}

/** West and east of longitude -3, for sos; a fire service in the west only. */
const grid = boundaries([
  ['west', SOS, square(-4, 40)],
  ['east', SOS, square(-3, 40)],
  ['fire-west', FIRE, square(-4, 40)],
]);

const civic = (text: string): CivicAddress => ({
  elements: text.split(',').map((part) => {
    const [name = '', value = ''] = part.split('=');
    return { name, value };
  }),
});

function ask(
  o: EcrfLayers,
  address: CivicAddress,
  more: Partial<FindServiceRequest> = {},
  now = NOW,
): LostAnswer {
  return answer(
    {
      type: 'findService',
      locations: [{ id: 'c', profile: 'civic', civic: address }],
      service: SOS,
      recursive: false,
      validateLocation: true,
      serviceBoundary: 'value',
      path: [],
      ...more,
    },
    o,
    now,
  );
}

function found(o: EcrfLayers, text: string, more: Partial<FindServiceRequest> = {}): FindServiceResponse {
  const given = ask(o, civic(text), more);
  if (given.type !== 'findServiceResponse') throw new Error(JSON.stringify(given));
  return given;
}

const idOf = (given: LostAnswer): string | undefined =>
  given.type === 'findServiceResponse' ? given.mappings[0]?.sourceId : undefined;

const regionOf = (given: FindServiceResponse): string | undefined =>
  given.mappings[0]?.civicBoundary?.[0]?.elements.map((e) => `${e.name}=${e.value}`).join();

/** Eastward, from well in the west to well in the east of the border at -3. */
const ACROSS: Position[] = [
  [-3.1, 40.5],
  [-2.9, 40.5],
];
const IN_WEST: Position[] = [
  [-3.8, 40.5],
  [-3.79, 40.5],
];

const world = tables(
  [
    street('Larga', 'Villa', ACROSS),
    street('Corta', 'Villa', IN_WEST),
    street('Corta', 'Otra', [[-2.5, 40.5], [-2.49, 40.5]]), // prettier-ignore
    street('Mar', 'Costa', [[-4.001, 40.5], [-4.002, 40.5]]), // prettier-ignore
  ],
  'country,A1,A3,PC,boundary\nES,,,,east\nES,Madrid,,,west\nES,Madrid,Otra,,east\nES,Cuenca,,,west\n',
  [
    {
      type: 'Feature',
      properties: {
        Country: 'ES',
        State: 'Madrid',
        Inc_Muni: 'Villa',
        St_Name: 'Larga',
        Add_Number: 3,
        LandmkName: 'Torre',
      },
      geometry: { type: 'Point', coordinates: [-2.5, 40.5] },
    },
  ],
);
const all = layersOf({ civicData: { tables: world } });
const VILLA = 'country=ES,A1=Madrid,A3=Villa';

describe('findService by civic address', () => {
  it.each([
    // The point is in the east, where its street says west.
    ['an address point first', `${VILLA},RD=Larga,HNO=3`, 'east'],
    ['then the number along its street', `${VILLA},RD=Larga,HNO=5`, 'west'],
    ['then the number along its street', `${VILLA},RD=Larga,HNO=95`, 'east'],
    ['a landmark', `${VILLA},LMK=torre`, 'east'],
    ['then the row that says most', 'country=ES,A1=Madrid,A3=Otra', 'east'],
    ['then the row that says most', 'country=ES,A1=Madrid,A3=Nada', 'west'],
    ['then the row that says most', 'country=ES', 'east'],
  ])('%s: %s', { meta: { clause: ['RFC 5222 8.2.2', 'RFC 5222 12.3'] } }, (_, text, id) => {
    expect(idOf(found(all, text))).toBe(id);
  });

  it('comes to the rules of the configuration after the data', () => {
    const rule = (match: string, boundary: string) => ({ match: civic(match), boundary });
    const o = layersOf({
      civicData: { tables: world },
      civic: [rule('country=ES', 'west'), rule('country=PT', 'west')],
    });
    expect(idOf(found(o, 'country=ES'))).toBe('east');
    const portugal = found(o, 'country=PT,A1=Lisboa');
    expect(idOf(portugal)).toBe('west');
    expect(portugal.locationValidation).toEqual({ valid: ['country'], invalid: [], unchecked: ['A1'] });
    expect(regionOf(portugal)).toBe('country=PT');
  });

  it(
    'asks the boundaries of the service, and a wider service where there are none',
    { meta: { clause: 'RFC 5222 5.4' } },
    () => {
      const west = found(all, `${VILLA},RD=Larga,HNO=5`, { service: FIRE });
      expect(west.mappings[0]).toMatchObject({ sourceId: 'fire-west', service: FIRE });
      const east = found(all, `${VILLA},RD=Larga,HNO=95`, { service: FIRE });
      expect(east.mappings[0]).toMatchObject({ sourceId: 'east', service: SOS });
      expect(east.warnings).toMatchObject([{ code: 'serviceSubstitution' }]);
      // Larger than where the other service may be offered.
      expect(east.mappings[0]).not.toHaveProperty('civicBoundary');
    },
  );

  it(
    'takes the nearest boundary for a street in a gap, where it is told to',
    { meta: { clause: 'RFC 5222 13.2' } },
    () => {
      const sea = 'country=ES,A1=Madrid,A3=Costa,RD=Mar,HNO=50';
      const streetsOnly = tables([street('Mar', 'Costa', [[-4.001, 40.5], [-4.002, 40.5]])]); // prettier-ignore
      expect(ask(layersOf({ civicData: { tables: streetsOnly } }), civic(sea))).toMatchObject({
        errors: [{ code: 'notFound' }],
      });
      const near = layersOf({ civicData: { tables: streetsOnly }, nearestWithinMetres: 1_000 });
      expect(found(near, sea)).toMatchObject({
        mappings: [{ sourceId: 'west' }],
        warnings: [{ code: 'defaultMappingReturned' }],
      });
    },
  );

  it('knows services that only a table has', { meta: { clause: ['RFC 5222 10', 'RFC 5222 11'] } }, () => {
    const o = layersOf({
      civicData: {
        tables: tables(
          [],
          'country,A1,ServiceURI,ServiceURN,ServiceNum,DsplayName\nES,Madrid,sip:gas@a.example,urn:service:sos.gas,900,Gas Madrid\n',
        ),
      },
    });
    const gas = found(o, 'country=ES,A1=Madrid', { service: 'urn:service:sos.gas' });
    expect(gas.mappings[0]).toMatchObject({
      sourceId: 'areas.csv#1',
      service: 'urn:service:sos.gas',
      uris: ['sip:gas@a.example'],
      serviceNumber: '900',
      displayName: [{ text: 'Gas Madrid' }],
    });
    expect(answer({ type: 'listServices', service: SOS, path: [] }, o, NOW)).toMatchObject({
      services: ['urn:service:sos.fire', 'urn:service:sos.gas'],
    });
    expect(
      answer(
        {
          type: 'listServicesByLocation',
          locations: [{ id: 'c', profile: 'civic', civic: civic('country=ES,A1=Madrid') }],
          service: SOS,
          recursive: false,
          path: [],
        },
        o,
        NOW,
      ),
    ).toMatchObject({ services: ['urn:service:sos.gas'] });
  });

  it('finds nothing in a country nobody knows', { meta: { clause: 'RFC 5222 13.1' } }, () => {
    expect(ask(all, civic('country=FR,A1=75'))).toMatchObject({ errors: [{ code: 'notFound' }] });
    expect(ask(all, civic('country=Spain'))).toMatchObject({ errors: [{ code: 'locationInvalid' }] });
  });

  it('does not take what data lack for something near by', () => {
    const streetsOnly = layersOf({ civicData: { tables: tables([street('Corta', 'Villa', IN_WEST)]) } });
    // A town the data do not have: another server may.
    expect(ask(streetsOnly, civic('country=ES,A1=Madrid,A3=Lejos'))).toMatchObject({
      errors: [{ code: 'notFound' }],
    });
    expect(ask(streetsOnly, civic('country=ES,A1=Madrid'))).toMatchObject({ errors: [{ code: 'notFound' }] });
    // A street nobody knows in a town that one boundary holds.
    const guess = found(streetsOnly, `${VILLA},RD=Nueva,HNO=1`);
    expect(guess).toMatchObject({ mappings: [{ sourceId: 'west', expires: 'NO-CACHE' }] });
    expect(guess.locationValidation).toEqual({
      valid: ['country', 'A1', 'A3'],
      invalid: ['RD'],
      unchecked: ['HNO'],
    });
    expect(regionOf(guess)).toBeUndefined();
  });
});

describe('validateLocation', () => {
  it('tells of each element', { meta: { clause: ['RFC 5222 8.3.5', 'RFC 5222 8.4.2'] } }, () => {
    expect(found(all, `${VILLA},RD=Larga,HNO=500,FLR=2`).locationValidation).toEqual({
      valid: ['country', 'A1', 'A3', 'RD'],
      invalid: ['HNO'],
      unchecked: ['FLR'],
    });
    expect(found(all, `${VILLA},RD=Larga`, { validateLocation: false })).not.toHaveProperty(
      'locationValidation',
    );
  });

  it('is ignored of a geodetic location', { meta: { clause: 'RFC 5222 8.3.5' } }, () => {
    const geodetic = {
      id: 'g',
      profile: 'geodetic-2d',
      shape: { type: 'point', position: [-3.5, 40.5] },
    } as const;
    const given = ask(all, civic(VILLA), {
      locations: [geodetic, { id: 'c', profile: 'civic', civic: civic(VILLA) }],
    });
    expect(given).toMatchObject({ locationUsed: 'g', warnings: [] });
    expect(given).not.toHaveProperty('locationValidation');
  });

  it(
    'uses the first of a geodetic and a civic location',
    { meta: { clause: ['RFC 5222 12.1', 'RFC 5222 8.3.1', 'RFC 5222 7'] } },
    () => {
      const geodetic = {
        id: 'g',
        profile: 'geodetic-2d',
        shape: { type: 'point', position: [-2.5, 40.5] },
      } as const;
      const given = ask(all, civic(VILLA), {
        locations: [{ id: 'c', profile: 'civic', civic: civic(`${VILLA},RD=Corta`) }, geodetic],
      });
      expect(given).toMatchObject({ locationUsed: 'c', mappings: [{ sourceId: 'west' }] });
      expect(given).not.toHaveProperty('mappings.0.serviceBoundary');
    },
  );

  it('is unavailable where there is nothing to check against', { meta: { clause: 'RFC 5222 13.2' } }, () => {
    const o = layersOf({
      civicData: { tables: world },
      defaultMapping: { uri: 'sip:d@x.example', displayName: 'D' },
    });
    expect(found(o, 'country=FR,A1=75').warnings.map((w) => w.code)).toEqual([
      'defaultMappingReturned',
      'locationValidationUnavailable',
    ]);
    expect(found(o, 'country=FR,A1=75', { validateLocation: false }).warnings.map((w) => w.code)).toEqual([
      'defaultMappingReturned',
    ]);
  });
});

describe('the civic boundary', () => {
  it.each([
    // One boundary holds the whole street.
    [`${VILLA},RD=Corta,HNO=5`, 'country=ES,A1=Madrid,A3=Villa,RD=Corta'],
    [`${VILLA},RD=Corta,HNO=500,FLR=3`, 'country=ES,A1=Madrid,A3=Villa,RD=Corta'],
    // The border crosses it.
    [`${VILLA},RD=Larga,HNO=7,FLR=3`, 'country=ES,A1=Madrid,A3=Villa,RD=Larga,HNO=7'],
    // The address point says otherwise than the range.
    [`${VILLA},RD=Larga,HNO=3`, undefined],
    // There is another street of that name in the region.
    ['country=ES,A1=Madrid,RD=Corta,HNO=5', undefined],
    ['country=ES,A1=Cuenca,A3=x', 'country=ES,A1=Cuenca'],
    // Otra is in Madrid and goes elsewhere.
    ['country=ES,A1=Madrid', undefined],
    ['country=ES', undefined],
    ['country=ES,A1=Toledo', undefined],
  ])('of %s', { meta: { clause: ['RFC 5222 12.3', 'RFC 5222 5.5'] } }, (text, region) => {
    expect(regionOf(found(all, text))).toBe(region);
  });

  it('names what tells other rows apart', { meta: { clause: 'RFC 5222 12.3' } }, () => {
    const o = layersOf({
      civicData: {
        tables: tables(
          [],
          'country,A1,A3,boundary\nES,,,east\nES,Madrid,,west\nES,Madrid,Otra,east\nES,Cuenca,,west\n',
        ),
      },
    });
    expect(regionOf(found(o, 'country=ES,A1=Toledo,A3=x,HNO=4'))).toBe('country=ES,A1=Toledo');
    expect(regionOf(found(o, 'country=es,A1=MADRID,A3=x,HNO=4'))).toBe('country=es,A1=MADRID,A3=x');
    expect(regionOf(found(o, 'country=ES,A1=Cuenca,A3=x'))).toBe('country=ES,A1=Cuenca');
    expect(regionOf(found(o, 'country=ES,A1=Madrid,A3=Otra'))).toBe('country=ES,A1=Madrid,A3=Otra');
  });

  it('is never wrong', { meta: { clause: 'RFC 5222 12.3' } }, () => {
    let seed = 11;
    const random = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
    let regions = 0;
    let compared = 0;
    for (let w = 0; w < 40; w++) {
      const munis = ['P', 'Q', 'R'];
      const names = ['u', 'v'];
      const streets = Array.from({ length: 8 }, () => {
        const at: Position = [-4 + random(1900) / 1e3, 40 + random(900) / 1e3];
        const more =
          random(3) === 0 ? { St_PosTyp: pick(['St', 'Av']) } : random(4) === 0 ? { RDBR: 'br' } : {};
        return street(
          pick(names),
          pick(munis),
          [at, [at[0] + random(80) / 1e3 + 1e-3, at[1] + 0.01]],
          more,
          1,
          1 + 2 * random(30),
        );
      });
      const rows = [
        'ES,,,',
        'ES,Madrid,,',
        'ES,Madrid,P,',
        'ES,Madrid,Q,',
        'ES,Cuenca,,',
        'ES,,,28',
        'ES,Madrid,,29',
      ]
        .filter(() => random(2) === 0)
        .map((row) => `${row},${pick(['west', 'east'])}`);
      const rules = ['country=ES', 'country=ES,A1=Cuenca', 'A3=R']
        .filter(() => random(3) === 0)
        .map((match) => ({ match: civic(match), boundary: pick(['west', 'east']) }));
      const o = layersOf({
        civic: rules,
        civicData: { tables: tables(streets, `country,A1,A3,PC,boundary\n${rows.join('\n')}\n`) },
      });
      const parts: Readonly<Record<string, readonly string[]>> = {
        A1: ['Madrid', 'Cuenca', 'x'],
        A3: [...munis, 'x'],
        PC: ['28', '29'],
        RD: [...names, 'x'],
        STS: ['St', 'Av', 'x'],
        RDBR: ['br', 'x'],
        HNO: ['1', '2', '9', '20', '45', 's/n'],
      };
      const extended = (from: CivicAddress, leftOut: number): CivicAddress => ({
        elements: [
          ...from.elements,
          ...Object.entries(parts).flatMap(([name, values]) =>
            random(10) < leftOut || from.elements.some((e) => e.name === name)
              ? []
              : [{ name, value: pick(values) }],
          ),
        ],
      });
      for (let q = 0; q < 40; q++) {
        const given = ask(o, extended(civic('country=ES'), 3));
        if (given.type !== 'findServiceResponse') continue;
        const region = given.mappings[0]?.civicBoundary?.[0];
        if (!region) continue;
        regions += 1;
        for (let x = 0; x < 20; x++) {
          const other = ask(o, extended(region, 5));
          if (other.type !== 'findServiceResponse') {
            expect.fail(`${JSON.stringify(region)} has an address without an answer`);
          }
          // An address that contradicts itself may be read either way (RFC 5222 8.4.2).
          const contradicts = region.elements.some((e) => other.locationValidation?.invalid.includes(e.name));
          const wasInvalid = region.elements.some(
            (e) => given.type === 'findServiceResponse' && given.locationValidation?.invalid.includes(e.name),
          );
          if (contradicts && !wasInvalid) continue;
          compared += 1;
          expect(idOf(other), JSON.stringify([region, given, other])).toBe(idOf(given));
        }
      }
    }
    expect(regions).toBeGreaterThan(150);
    expect(compared).toBeGreaterThan(2_000);
  });
});

describe('documents', () => {
  const jing = programPath('jing');
  const schema = resolve(import.meta.dirname, '../../../../../shared/specs/schemas/lost/lost-rfc5222.rng');
  const reason = !existsSync(schema) ? 'no schemas beside the repo' : jing === undefined ? 'no jing' : '';

  const request = (inside: string): string =>
    '<findService xmlns="urn:ietf:params:xml:ns:lost1" validateLocation="true" serviceBoundary="value">' +
    '<location id="c" profile="civic"><civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"' +
    ` xmlns:cae="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext" xmlns:z="urn:z:z">${inside}</civicAddress></location>` +
    '<service>urn:service:sos</service></findService>';

  function answered(inside: string): string {
    const read = readLostRequest(request(inside));
    if (!read.ok) throw new Error(read.error.message);
    return writeLostAnswer(answer(read.value, all, NOW));
  }

  const extended =
    '<country>ES</country><A1>Madrid</A1><A3>Villa</A3><RD>Corta</RD><cae:STP>Calle</cae:STP><HNO>5</HNO><z:lamp>1</z:lamp>';

  it('qualify the names of elements, extensions too', { meta: { clause: 'RFC 6848 6' } }, () => {
    const text = answered(extended);
    expect(text).toContain('<valid>ca:country ca:A1 ca:A3 ca:RD ca:HNO</valid>');
    expect(text).toContain('<unchecked>cae:STP c2:lamp</unchecked>');
    expect(text).toContain('xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"');
    expect(text).toContain('xmlns:c2="urn:z:z"');
  });

  it('of two hundred elements, or with 64 kB in one, are answered', () => {
    expect(answered(`<country>ES</country><A1>${'x'.repeat(60_000)}</A1>`)).toContain(
      '<invalid>ca:A1</invalid>',
    );
    expect(answered('<LMK>x</LMK>'.repeat(1_000))).toContain('<locationInvalid');
    expect(answered(`<country>ES</country>${'<z:e>x</z:e>'.repeat(199)}`)).toContain(
      '<unchecked>c1:e</unchecked>',
    );
  });

  it.skipIf(reason)(
    `are valid by the schema${reason && ` (skipped: ${reason})`}`,
    { meta: { clause: ['RFC 5222 15', 'RFC 5222 8.4.2', 'RFC 6848 6'] } },
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'lvf-'));
      const documents = [
        extended,
        '<country>ES</country>',
        '<country>FR</country>',
        '<country>Spain</country>',
        '<country>ES</country><A1>Madrid</A1><A3>Villa</A3><RD>Larga</RD><HNO>700</HNO><z:e>x</z:e>',
        '<LMK>x</LMK>',
      ].map(answered);
      const files = documents.map((text, i) => {
        const file = join(folder, `${i}.xml`);
        writeFileSync(file, text);
        return file;
      });
      try {
        execFileSync(jing ?? '', [schema, ...files], { stdio: 'pipe' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
