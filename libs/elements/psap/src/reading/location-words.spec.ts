import type { Shape } from '@esinet/location';
import { expect, it } from 'vitest';
import { civicWords, locationWords, shapeWords } from './location-words.js';

const here = [-3.7, 40.4] as const;

const shapes: [Shape, string][] = [
  [{ type: 'point', position: [3.7, -40.4] }, '40.40000 S, 3.70000 E'],
  [{ type: 'circle', center: here, radius: 30.4 }, '40.40000 N, 3.70000 W, within 30 m'],
  [
    { type: 'ellipse', center: here, semiMajor: 50, semiMinor: 20, orientation: 45 },
    '40.40000 N, 3.70000 W, within 50 m along 45° and 20 m across',
  ],
  [
    { type: 'arcband', center: here, innerRadius: 100, outerRadius: 550, startAngle: 330, openingAngle: 120 },
    'between 100 m and 550 m from 40.40000 N, 3.70000 W, from 330° clockwise to 90°',
  ],
  [
    { type: 'polygon', rings: [[[0, 0], [1, 0], [0, 1], [0, 0]]] },
    'within the area of 0.00000 N, 0.00000 E – 0.00000 N, 1.00000 E – 1.00000 N, 0.00000 E',
  ],
]; // prettier-ignore

it.each(shapes)(
  '$type in words',
  { meta: { clause: 'TS 103 698 6.1.2.10', shall: '6.1.2.10-16' } },
  (shape, words) => {
    expect(shapeWords(shape)).toBe(words);
  },
);

it('says how many corners it leaves out', { meta: { clause: 'RFC 5491 5.2.7' } }, () => {
  const ring = Array.from({ length: 20 }, (_, i): [number, number] => [i, 1]);
  const words = shapeWords({ type: 'polygon', rings: [[...ring, [0, 1]]] });
  expect(words.endsWith('14.00000 E and 5 more')).toBe(true);
});

it(
  'reads an address out',
  { meta: { clause: ['TS 103 698 6.1.2.10', 'RFC 5139 3.4'], shall: '6.1.2.10-16' } },
  () => {
    const elements = Object.entries({ country: 'ES', A1: 'Madrid', A3: 'Madrid', PC: '28013', RD: 'Gran Vía', HNO: '1', FLR: '3', ROOM: 'B', NAM: 'Edificio\r\nMetrópolis', MP: '4' })
    .map(([name, value]) => ({ name, value })); // prettier-ignore
    expect(civicWords({ elements })).toBe(
      'Gran Vía 1, Edificio Metrópolis, floor 3, room B, MP 4, 28013, Madrid, Madrid, ES',
    );
    expect(
      locationWords({
        entity: '',
        shapes: [],
        civics: [],
        container: 'tuple',
        locations: [
          { kind: 'geodetic', shape: { type: 'point', position: here }, container: 'tuple' },
          { kind: 'civic', civic: { elements: [{ name: 'A3', value: 'Madrid' }] }, container: 'tuple' },
        ],
      }),
    ).toBe('40.40000 N, 3.70000 W; Madrid');
  },
);
