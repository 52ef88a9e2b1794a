import { describe, expect, it } from 'vitest';
import { readCoordinates, readNumber, readPos, readPosList, writePos } from './gml-coordinates.js';

const clause = 'RFC 5491 5';

describe('the order of the axes', () => {
  it('is latitude first in pos and longitude first in a position', { meta: { clause } }, () => {
    expect(readPos('41.3874 2.1686')).toEqual({ ok: true, value: [2.1686, 41.3874] });
    expect(writePos([2.1686, 41.3874])).toBe('41.3874 2.1686');
  });

  it('survives there and back, to a tenth of a millimetre', { meta: { clause } }, () => {
    for (const p of [
      [-180, -90],
      [180, 90],
      [-3.7038, 40.4168],
      [0.1 + 0.2, -0.000000001],
      [1e-12, 1],
    ] as const) {
      const back = readPos(writePos(p));
      if (!back.ok) throw new Error(back.error.message);
      expect(back.value[0]).toBeCloseTo(p[0], 8);
      expect(back.value[1]).toBeCloseTo(p[1], 8);
    }
  });
});

describe('pos', () => {
  it.each([
    ['an altitude, left out', '41.5 2.25 30.2'],
    ['a comma', '41.5,2.25'],
    ['a comma and a space', '41.5, 2.25'],
    ['line breaks and tabs', '\n\t41.5\r\n   2.25\t\n'],
    ['no-break spaces', '\u00a041.5\u00a0\u00a02.25'],
    ['signs, exponents and zeros', '+4.15e1 002.2500'],
  ])('is read with %s', { meta: { clause } }, (_, text) => {
    expect(readPos(text)).toEqual({ ok: true, value: [2.25, 41.5] });
  });

  it.each([
    ['nothing', '', 'shape'],
    ['one number', '41.5', 'shape'],
    ['four numbers, as decimal commas give', '41,5 2,25', 'shape'],
    ['NaN', 'NaN 2', 'shape'],
    ['INF', '41.5 INF', 'shape'],
    ['Infinity', 'Infinity 2', 'shape'],
    ['an overflow', '41.5 1e999', 'shape'],
    ['hexadecimal', '0x10 2', 'shape'],
    ['words', 'north west', 'shape'],
    ['a number of a thousand digits', `${'1'.repeat(1000)} 2`, 'shape'],
    ['a sign alone', '- 2', 'shape'],
    ['a latitude beyond the pole', '90.0001 2', 'range'],
    ['axes exchanged', '-100 41', 'range'],
    ['a longitude beyond the antimeridian', '41 180.5', 'range'],
  ])('is refused with %s', { meta: { clause } }, (_, text, code) => {
    expect(readPos(text)).toMatchObject({ ok: false, error: { code } });
  });

  it('never says the coordinate in a message', () => {
    expect(JSON.stringify(readPos('91.2345 2.3456'))).not.toContain('2345');
  });
});

describe('posList', () => {
  it('takes the dimension that fits the count', { meta: { clause } }, () => {
    const two = { ok: true, value: [[2, 1], [4, 3]] }; // prettier-ignore
    expect(readPosList('1 2 3 4', 2)).toEqual(two);
    expect(readPosList('1 2 9 3 4 9', 3)).toEqual(two);
    expect(readPosList('1 2 3 4', 3)).toEqual(two);
    expect(readPosList('1 2 9', 2)).toEqual({ ok: true, value: [[2, 1]] });
    expect(readPosList('1 2 3 4 5', 2)).toMatchObject({ ok: false, error: { code: 'shape' } });
    expect(readPosList(' ', 2)).toMatchObject({ ok: false, error: { code: 'shape' } });
  });
});

describe('coordinates', () => {
  it('are read as in the examples of RFC 4119', { meta: { clause: 'RFC 4119 2.2.1' } }, () => {
    const read = readCoordinates('37:46:30N 122:25:10W');
    if (!read.ok) throw new Error(read.error.message);
    expect(read.value[0]?.[1]).toBeCloseTo(37.775, 6);
    expect(read.value[0]?.[0]).toBeCloseTo(-122.419444, 6);
    expect(readCoordinates('122:25:10W 37:46:30N')).toEqual(read);
    expect(readCoordinates('41.5,2.25 41.6,2.35')).toEqual({ ok: true, value: [[2.25, 41.5], [2.35, 41.6]] }); // prettier-ignore
  });

  it.each(['37:46:30N 38:46:30N', '37:60:00N 1E', '-37N 1E', '1:2:3:4N 1E', '37', 'N E', ':: ::'])(
    'are refused: %s',
    { meta: { clause: 'RFC 4119 2.2.1' } },
    (text) => {
      expect(readCoordinates(text)).toMatchObject({ ok: false, error: { code: 'shape' } });
    },
  );
});

it('a number is an xs:double and finite', { meta: { clause } }, () => {
  expect(readNumber(' 03.07500 ')).toBe(3.075);
  expect([
    readNumber(''),
    readNumber('1 2'),
    readNumber('1e'),
    readNumber('--1'),
    readNumber('1.2.3'),
  ]).toEqual(Array(5).fill(undefined));
});
