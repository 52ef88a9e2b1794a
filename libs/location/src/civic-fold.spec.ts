import { describe, expect, it } from 'vitest';
import { PLAIN_FOLDING, TOO_LONG, foldCivic, foldText, foldingOf } from './civic-fold.js';
import { plainNumerals, readHouseNumber } from './house-number.js';

describe('comparison of values', () => {
  it.each([
    ['  North\n  Wollongong ', 'north wollongong'],
    ['ALCALÁ', 'alcala\u0301'],
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['Gran\u00a0Vía', 'gran vía'],
    ['\u202eGran\u200f Vía\u200b', 'Gran Vía'],
    ['Al\u00adcalá', 'Alcalá'],
    ['Gran\u0000 Vía', 'GRAN VÍA'],
  ])('takes %j for %j', { meta: { clause: ['RFC 5139 3.6', 'RFC 5222 12.3'] } }, (a, b) => {
    expect(foldText(a)).toBe(foldText(b));
  });

  it.each([
    ['Alcalá', 'Alcala'],
    ['España', 'Espana'],
    // Cyrillic, and a capital I for an l.
    ['Аlcalá', 'Alcalá'],
    ['Main Street', 'MainStreet'],
  ])('tells %j from %j', { meta: { clause: 'RFC 5222 12.3' } }, (a, b) => {
    expect(foldText(a)).not.toBe(foldText(b));
  });

  it('ignores diacritics where it is told to, of letters only', () => {
    expect(foldText('Alcalá de Ñora', true)).toBe('alcala de nora');
    expect(foldText('Ελλάδα', true)).toBe('ελλαδα');
    // Vowel signs of Devanagari are no diacritics.
    expect(foldText('दिल्ली', true)).toBe('दिल्ली'.normalize('NFC'));
  });

  it('takes a value that is too long for no other', () => {
    expect(foldText('a'.repeat(256))).toBe(TOO_LONG);
    expect(foldText(`Alcalá${'\u200b'.repeat(65_536)}x`)).toBe(TOO_LONG);
    expect(foldText('a'.repeat(255))).toHaveLength(255);
  });

  it('knows no abbreviation unless it is told', { meta: { clause: 'RFC 5139 3.1' } }, () => {
    expect(foldCivic('STS', 'St.', PLAIN_FOLDING)).toBe('st.');
    const { folding, problems } = foldingOf({
      equivalents: { STS: { Street: ['St', 'st.'], Station: ['ST'] }, A1: { Madrid: ['MD'] } },
    });
    expect(foldCivic('STS', ' ST. ', folding)).toBe('street');
    expect(foldCivic('RD', 'St', folding)).toBe('st');
    expect(foldCivic('A1', 'md', folding)).toBe('madrid');
    expect(problems).toEqual([{ name: 'STS', alternative: 'ST' }]);
  });
});

describe('a house number', () => {
  it.each([
    ['42', '', 42, ''],
    [' 42A', '', 42, 'A'],
    ['Z123', 'Z', 123, ''],
    ['42½', '', 42, '1/2'],
    ['42 1/2', '', 42, '1/2'],
    ['12-3 bis', '', 12, '3 bis'],
    ['４２', '', 42, ''],
    ['Nº 7', 'N', 7, ''],
  ])('%j', { meta: { clause: ['RFC 5139 3.2.1', 'RFC 6848 5.4'] } }, (text, prefix, number, suffix) => {
    expect(readHouseNumber(text)).toMatchObject({ number, suffix });
    expect(readHouseNumber(text)?.prefix.slice(0, 1)).toBe(prefix);
  });

  it.each(['s/n', '', '1234567890', 'x'.repeat(65_536), '\u0000'])('is none: %j', (text) => {
    expect(readHouseNumber(text)).toBeUndefined();
  });

  it('says its fraction one way', () => {
    expect(foldCivic('HNS', '½', PLAIN_FOLDING)).toBe(foldCivic('HNS', '1/2', PLAIN_FOLDING));
    expect(plainNumerals('3¾').trim()).toBe('3 3/4');
  });
});
