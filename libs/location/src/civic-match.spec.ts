import { describe, expect, it } from 'vitest';
import type { CivicAddress } from './civic-address.js';
import { foldingOf } from './civic-fold.js';
import { type CivicSources, loadCivicData } from './civic-load.js';
import { matchCivic } from './civic-match.js';
import { placesOf, someplaceOf } from './civic-places.js';
import { type CivicTables, sizeOfTables } from './civic-tables.js';
import { distance } from './geodesy.js';
import type { Position } from './shape.js';

const NOW = Date.UTC(2026, 0, 1);
const OFFSET = 10;

type Fields = Readonly<Record<string, unknown>>;

/** A road with even numbers on its left and odd ones on its right. */
function street(name: string, line: Position[], left: Fields, right: Fields, common: Fields = {}): unknown {
  const side = (fields: Fields, s: string): Fields =>
    Object.fromEntries(Object.entries(fields).map(([k, v]) => [`${k}_${s}`, v]));
  const area = { Country: 'ES', State: 'Madrid', County: 'Madrid', IncMuni: 'Madrid' };
  return {
    type: 'Feature',
    properties: {
      St_Name: name,
      ...side({ ...area, FromAddr: 2, ToAddr: 20, Parity: 'E', ...left }, 'L'),
      ...side({ ...area, FromAddr: 1, ToAddr: 19, Parity: 'O', ...right }, 'R'),
      ...common,
    },
    geometry: { type: 'LineString', coordinates: line },
  };
}

function point(fields: Fields, position: Position): unknown {
  const area = { Country: 'ES', State: 'Madrid', County: 'Madrid', Inc_Muni: 'Madrid' };
  return {
    type: 'Feature',
    properties: { ...area, ...fields },
    geometry: { type: 'Point', coordinates: position },
  };
}

function load(streets: unknown[], points: unknown[] = [], areas = '', options = {}): CivicTables {
  const file = (features: unknown[]): CivicSources['streets'] =>
    features.length > 0 ? [{ name: 'f', content: { type: 'FeatureCollection', features } }] : [];
  const loaded = loadCivicData(
    {
      areas: areas === '' ? [] : [{ name: 'a', content: areas }],
      streets: file(streets),
      points: file(points),
    },
    foldingOf(options).folding,
  );
  if (loaded.problems.length > 0) throw new Error(JSON.stringify(loaded.problems));
  return loaded.tables;
}

function civic(text: string): CivicAddress {
  return {
    elements: text.split(',').map((part) => {
      const [name = '', value = ''] = part.split('=');
      return { name, value };
    }),
  };
}

/** `valid | invalid | unchecked`, each a list of names. */
function verdicts(t: CivicTables, text: string, now = NOW): string {
  const { verdicts: found } = matchCivic(t, civic(text), now);
  const lists: Record<string, string[]> = { valid: [], invalid: [], unchecked: [] };
  for (const { name } of civic(text).elements) lists[found.get(name) ?? 'unchecked']!.push(name);
  return [lists['valid'], lists['invalid'], lists['unchecked']].map((l) => l!.join(' ')).join(' | ');
}

// A kilometre and more to the east, in Madrid.
const LINE: Position[] = [
  [-3.71, 40.41],
  [-3.7, 40.41],
];
const UP: Position[] = [
  [-3.7, 40.41],
  [-3.7, 40.42],
];

const basic = load(
  [
    street(
      'Alcalá',
      LINE,
      { PostCode: '28014' },
      { PostCode: '28013' },
      { St_PreTyp: 'Calle', St_PreSep: 'de' },
    ),
    street('Mayor', UP, {}, { FromAddr: 0, ToAddr: 0, Parity: 'Z' }, { St_PreTyp: 'Calle' }),
    street('Mayor', UP, { FromAddr: 2, ToAddr: 8 }, {}, { St_PreTyp: 'Plaza' }),
    street('Toledo', UP, { IncMuni: 'Getafe' }, { IncMuni: 'Getafe' }),
  ],
  [
    point({ St_Name: 'Alcalá', St_PreTyp: 'Calle', St_PreSep: 'de', Add_Number: 12, Building: 'A', Floor: '1', Unit: '1A' }, [-3.7041, 40.4102]), // prettier-ignore
    point({ St_Name: 'Alcalá', St_PreTyp: 'Calle', St_PreSep: 'de', Add_Number: 12, AddNum_Suf: 'bis' }, [-3.7042, 40.4102]), // prettier-ignore
    point({ LandmkName: 'Puerta del Sol', St_Name: '' }, [-3.7038, 40.4168]),
    point({ PN: '22-109', MP: '3' }, [-3.72, 40.42]),
  ],
);
const HERE = 'country=ES,A1=Madrid,A2=Madrid,A3=Madrid';

describe('validation of each element', () => {
  it.each([
    [`${HERE},RD=Alcalá,HNO=4`, 'country A1 A2 A3 RD HNO |  | '],
    ['country=es,A1=MADRID,RD=alcalá,HNO=4', 'country A1 RD HNO |  | '],
    [`${HERE},STP=Calle,STPS=de,RD=Alcalá,HNO=4`, 'country A1 A2 A3 STP STPS RD HNO |  | '],
    // Out of every range.
    [`${HERE},RD=Alcalá,HNO=21`, 'country A1 A2 A3 RD | HNO | '],
    // In range, of the parity the side does not have: the odd side of Calle Mayor has no numbers.
    [`${HERE},STP=Calle,RD=Mayor,HNO=5`, 'country A1 A2 A3 STP RD | HNO | '],
    [`${HERE},STP=Calle,RD=Mayor,HNO=6`, 'country A1 A2 A3 STP RD HNO |  | '],
    [`${HERE},STP=Paseo,RD=Mayor,HNO=6`, 'country A1 A2 A3 RD HNO | STP | '],
    [`${HERE},STS=Street,RD=Mayor`, 'country A1 A2 A3 RD |  | STS'],
    [`${HERE},RD=Nowhere,HNO=4`, 'country A1 A2 A3 | RD | HNO'],
    ['country=ES,A1=Madrid,A3=Lugo,RD=Alcalá,HNO=4', 'country A1 RD HNO | A3 | '],
    ['country=ES,A1=Galicia,RD=Alcalá', 'country RD | A1 | '],
    ['country=FR,A1=Madrid,RD=Alcalá,HNO=4', ' |  | country A1 RD HNO'],
    // The even side is in one postal code, the odd one in the other.
    [`${HERE},RD=Alcalá,HNO=4,PC=28014`, 'country A1 A2 A3 RD HNO PC |  | '],
    [`${HERE},RD=Alcalá,HNO=3,PC=28014`, 'country A1 A2 A3 RD HNO | PC | '],
    [`${HERE},RD=Alcalá,PC=99999`, 'country A1 A2 A3 RD | PC | '],
    [`${HERE},STP=Plaza,RD=Mayor,PC=28014`, 'country A1 A2 A3 STP RD |  | PC'],
    // Finer than ranges are.
    [
      `${HERE},RD=Alcalá,HNO=4,FLR=3,UNIT=2,ROOM=1,SEAT=1,NAM=x`,
      'country A1 A2 A3 RD HNO |  | FLR UNIT ROOM SEAT NAM',
    ],
    // As fine as address points are.
    [`${HERE},RD=Alcalá,HNO=12,BLD=A,FLR=1,UNIT=1A,SEAT=4`, 'country A1 A2 A3 RD HNO BLD FLR UNIT |  | SEAT'],
    [`${HERE},RD=Alcalá,HNO=12,BLD=A,FLR=9`, 'country A1 A2 A3 RD HNO BLD | FLR | '],
    [`${HERE},RD=Alcalá,HNO=12,HNS=bis`, 'country A1 A2 A3 RD HNO HNS |  | '],
    [`${HERE},RD=Alcalá,HNO=12bis`, 'country A1 A2 A3 RD HNO |  | '],
    [`${HERE},RD=Alcalá,HNO=12,HNS=C`, 'country A1 A2 A3 RD HNO | HNS | '],
    [`${HERE},RD=Alcalá,HNO=4,HNS=1/2`, 'country A1 A2 A3 RD HNO |  | HNS'],
    [`${HERE},RD=Alcalá,HNO=s/n`, 'country A1 A2 A3 RD |  | HNO'],
    [`${HERE},LMK=Puerta del Sol`, 'country A1 A2 A3 LMK |  | '],
    [`${HERE},PN=22-109`, 'country A1 A2 A3 PN |  | '],
    [`${HERE},ADDCODE=1,POBOX=2,XYZ=3`, 'country A1 A2 A3 |  | ADDCODE POBOX XYZ'],
    // The road in A6, as before RFC 5139.
    [`${HERE},A6=Alcalá,HNO=4`, 'country A1 A2 A3 A6 HNO |  | '],
    // All in one.
    [`${HERE},RD=Calle de Alcalá,HNO=4`, 'country A1 A2 A3 RD HNO |  | '],
    ['RD=Toledo,HNO=4', 'RD HNO |  | '],
  ])('%s', { meta: { clause: ['RFC 5222 8.4.2', 'RFC 5139 3.1'] } }, (text, expected) => {
    expect(verdicts(basic, text)).toBe(expected);
  });

  it('follows the country it is in', { meta: { clause: 'RFC 5222 8.4.2' } }, () => {
    const found = matchCivic(basic, civic(`${HERE},RD=Toledo`), NOW);
    // There is a Toledo street, in another town.
    expect(found.verdicts.get('RD')).toBe('invalid');
    expect(found.roads).toEqual([]);
  });

  it(
    'lets a number belong to the most specific part of a road',
    { meta: { clause: 'RFC 5139 3.2.1' } },
    () => {
      const alice = load([
        street('Alice', LINE, {}, {}, { RDSEC: '1' }),
        street('Alice', LINE, {}, {}, { RDSEC: '2' }),
        street('Alice', UP, { FromAddr: 100, ToAddr: 120 }, {}, { RDBR: 'Carol Lane' }),
        street('Alice', UP, { FromAddr: 40, ToAddr: 60 }, {}),
      ]);
      expect(verdicts(alice, `${HERE},RD=Alice,RDSEC=2,HNO=4`)).toBe('country A1 A2 A3 RD RDSEC HNO |  | ');
      expect(verdicts(alice, `${HERE},RD=Alice,RDBR=Carol Lane,HNO=110`)).toContain('HNO |  | ');
      expect(verdicts(alice, `${HERE},RD=Alice,HNO=110`)).toBe('country A1 A2 A3 RD | HNO | ');
      expect(verdicts(alice, `${HERE},RD=Alice,RDSEC=3`)).toBe('country A1 A2 A3 RD | RDSEC | ');
    },
  );

  it('takes equivalents and diacritics as it is told', { meta: { clause: 'RFC 5139 3.4' } }, () => {
    const t = load([street('Alcalá', LINE, {}, {}, { St_PreTyp: 'Calle' })], [], '', {
      ignoreDiacritics: true,
      equivalents: { A1: { Madrid: ['MD'] }, STP: { Calle: ['C/'] } },
    });
    expect(verdicts(t, 'country=ES,A1=md,STP=c/,RD=ALCALA,HNO=2')).toBe('country A1 STP RD HNO |  | ');
  });

  it('keeps to the time a record is in force', () => {
    const t = load([street('Nueva', LINE, {}, {}, { Effective: '2026-06-01', Expire: '2027-06-01' })]);
    expect(verdicts(t, `${HERE},RD=Nueva,HNO=2`)).toContain('| HNO |');
    expect(verdicts(t, `${HERE},RD=Nueva,HNO=2`, Date.UTC(2026, 7, 1))).toContain('HNO |  | ');
    expect(verdicts(t, `${HERE},RD=Nueva,HNO=2`, Date.UTC(2028, 7, 1))).toContain('| HNO |');
  });

  it('takes a table of areas for complete, and its postal codes too', () => {
    const t = load([], [], 'country,A1,A3,PC\nES,Madrid,,\nES,Madrid,Getafe,\nES,,,28014\n');
    expect(verdicts(t, 'country=ES,A1=Madrid,A3=Getafe,RD=Alcalá')).toBe('country A1 A3 |  | RD');
    expect(verdicts(t, 'country=ES,A1=Madrid,A3=Lugo')).toBe('country A1 | A3 | ');
    expect(verdicts(t, 'country=ES,PC=28014')).toBe('country PC |  | ');
    expect(verdicts(t, 'country=ES,PC=1')).toBe('country | PC | ');
    expect(verdicts(t, 'country=PT,A1=Madrid')).toBe(' |  | country A1');
  });
});

describe('the place of a number', () => {
  const placeOf = (t: CivicTables, text: string): Position | undefined =>
    placesOf(t, matchCivic(t, civic(text), NOW), OFFSET)[0];

  it('lies along the line as the number in its range, on its side', () => {
    const [lon, lat] = placeOf(basic, `${HERE},RD=Alcalá,HNO=10`)!;
    // 2 to 20: 8/18 of the way, a little in from the ends; even numbers to the left, which is north.
    expect(lon).toBeCloseTo(-3.71 + 0.01 * (8 / 18), 3);
    expect(distance([lon, lat], [lon, 40.41])).toBeCloseTo(OFFSET, 1);
    expect(lat).toBeGreaterThan(40.41);
    expect(placeOf(basic, `${HERE},RD=Alcalá,HNO=9`)![1]).toBeLessThan(40.41);
    // Off the crossings at the ends.
    expect(distance(placeOf(basic, `${HERE},RD=Alcalá,HNO=2`)!, [-3.71, 40.41])).toBeGreaterThan(OFFSET);
  });

  it('counts from the other end where numbers fall', () => {
    const t = load([street('Baja', LINE, { FromAddr: 20, ToAddr: 2 }, {})]);
    expect(placeOf(t, `${HERE},RD=Baja,HNO=2`)![0]).toBeCloseTo(-3.7, 3);
    expect(placeOf(t, `${HERE},RD=Baja,HNO=20`)![0]).toBeCloseTo(-3.71, 3);
  });

  it('is that of the address point where there is one', () => {
    expect(placeOf(basic, `${HERE},RD=Alcalá,HNO=12,HNS=bis`)).toEqual([-3.7042, 40.4102]);
    expect(placeOf(basic, `${HERE},LMK=puerta del sol`)).toEqual([-3.7038, 40.4168]);
  });

  it('without a number of the road is somewhere near on it', () => {
    const match = matchCivic(basic, civic(`${HERE},RD=Alcalá,HNO=900`), NOW);
    expect(placesOf(basic, match, OFFSET)).toEqual([]);
    expect(someplaceOf(basic, match, OFFSET)![0]).toBeCloseTo(-3.7, 3);
  });

  it('is found again for random numbers of random roads, on the right side', () => {
    let seed = 7;
    const random = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const made = Array.from({ length: 300 }, (_, i) => {
      const line: Position[] = [[-3 + random(1000) / 1e3, 40 + random(1000) / 1e3]];
      for (let k = 0; k <= random(4); k++)
        line.push([line[k]![0] + (random(200) - 100) / 1e4 + 1e-5, line[k]![1] + (random(200) - 100) / 1e4]);
      const low = 2 + 2 * random(50);
      const high = low + 2 * random(40);
      const falls = random(2) === 1;
      return { name: `Road ${i}`, line, low, high, falls, muni: `Town ${random(20)}` };
    });
    const t = load(
      made.map(({ name, line, low, high, falls, muni }) => {
        const range = (l: number, h: number): Fields => ({
          FromAddr: falls ? h : l,
          ToAddr: falls ? l : h,
          IncMuni: muni,
        });
        return street(name, line, range(low, high), range(low + 1, high + 1));
      }),
    );
    for (const { name, line, low, high, muni } of made) {
      for (const right of [false, true]) {
        const number = low + 2 * random((high - low) / 2 + 1) + (right ? 1 : 0);
        const text = `country=ES,A1=Madrid,A3=${muni},RD=${name},HNO=${number}`;
        expect(verdicts(t, text)).toBe('country A1 A3 RD HNO |  | ');
        const place = placeOf(t, text)!;
        const near = nearestOn(line, place);
        expect(near.metres).toBeLessThan(OFFSET + 0.5);
        // At an inner bend the other leg may be nearer than the own one.
        if (near.metres > OFFSET - 0.5) expect(near.right).toBe(right);
        const beyond = `country=ES,A1=Madrid,A3=${muni},RD=${name},HNO=${high + 2 + (right ? 1 : 0)}`;
        expect(verdicts(t, beyond)).toContain('| HNO |');
      }
    }
  });
});

/** How far a place is from a line, and on which side of the nearest leg. */
function nearestOn(line: readonly Position[], p: Position): { metres: number; right: boolean } {
  const scale = Math.cos((p[1] * Math.PI) / 180);
  let best = { metres: Infinity, right: false };
  for (let i = 1; i < line.length; i++) {
    const [ax, ay] = [(line[i - 1]![0] - p[0]) * scale, line[i - 1]![1] - p[1]];
    const [bx, by] = [(line[i]![0] - p[0]) * scale, line[i]![1] - p[1]];
    const [dx, dy] = [bx - ax, by - ay];
    const t = Math.max(0, Math.min(1, -(ax * dx + ay * dy) / (dx * dx + dy * dy || 1)));
    const metres = Math.hypot(ax + t * dx, ay + t * dy) * 111_195;
    if (metres < best.metres) best = { metres, right: dx * -ay - dy * -ax < 0 };
  }
  return best;
}

describe('hostile questions', () => {
  it.each([
    ['a value of 64 kB', `country=ES,A1=${'x'.repeat(65_536)},RD=Alcalá`, 'country RD | A1 | '],
    ['turned writing', `country=ES,A1=\u202eMadrid\u200f,RD=Alcalá`, 'country A1 RD |  | '],
    ['NUL', `country=ES,A1=\u0000Madrid,RD=Al\u0000calá`, 'country A1 RD |  | '],
    ['only NUL', `country=ES,A1=\u0000,RD=\u0000`, 'country | A1 RD | '],
    ['a lookalike', 'country=ES,A1=Мadrid,RD=Alcalá', 'country RD | A1 | '],
    ['a lone surrogate', 'country=ES,A1=\ud800,RD=Alcalá', 'country RD | A1 | '],
    ['names of an object', 'country=ES,__proto__=x,constructor=y', 'country |  | __proto__ constructor'],
  ])('%s', { meta: { clause: 'RFC 5222 8.4.2' } }, (_, text, expected) => {
    expect(verdicts(basic, text)).toBe(expected);
  });

  it('take the first of an element that is there twice', () => {
    expect(verdicts(basic, 'country=ES,A1=Madrid,A1=Lugo')).toBe('country A1 A1 |  | ');
  });

  it('find nothing where there is nothing', () => {
    const empty = load([]);
    expect(verdicts(empty, `${HERE},RD=x,HNO=1,PC=2,LMK=3`)).toMatch(/^ \| {2}\| country A1/);
    expect(verdicts(empty, 'RD=x,HNO=1,PC=2,LMK=3')).toBe(' |  | RD HNO PC LMK');
    expect(sizeOfTables(empty)).toBeLessThan(2_000);
  });
});
