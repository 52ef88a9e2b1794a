import { expect, it } from 'vitest';
import { actionOn } from './error-codes.js';
import { fileName, languageTag, shortString } from './fitting.js';
import { profile111, profile151 } from './handover-fixture.js';
import { isReference, profileProblems } from './peer-profile.js';

it('says which mixes no specification knows', () => {
  expect(profileProblems(profile151)).toEqual([]);
  expect(profileProblems(profile111)).toEqual([]);
  expect(profileProblems({ ...profile111, reference: 'LDID', collections: true })).toHaveLength(2);
  expect(profileProblems({ ...profile151, etsiVersion: 'V1.9.1' })).toEqual([
    expect.stringContaining('V1.14.1'),
  ]);
  expect(profileProblems({ ...profile151, etsiVersion: '1.23.1' })).toHaveLength(1);
  expect(profileProblems({ ...profile151, sender: { countryCode: 'x', uniqueIdentifier: '' } })).toHaveLength(
    2,
  );
});

it('knows references by their form', () => {
  expect(isReference({ kind: 'LDID', value: 'ES-PJ-42' })).toBe(true);
  expect(isReference({ kind: 'LDID', value: 'es-PJ-42' })).toBe(false);
  expect(isReference({ kind: 'LIID', value: 'with space' })).toBe(false);
  expect(isReference({ kind: 'LIID', value: 'a'.repeat(26) })).toBe(true);
  expect(isReference({ kind: 'LIID', value: 'g'.repeat(26) })).toBe(false);
});

it('acts on each error of Annex D, and on none that nobody knows', () => {
  expect([3003, 3000, 3010, 3022, 3021, 3020, 9999].map(actionOn)).toEqual([
    'retry',
    'pause',
    'exists',
    'split',
    'permanent',
    'permanent',
    'permanent',
  ]);
});

it('fits texts to the types', () => {
  expect(fileName('../../etc/passwd')).toBe('passwd');
  expect(fileName('C:\\temp\\a\u202egpj.exe')).toBe('agpj.exe');
  expect(fileName('..')).toBeUndefined();
  expect(fileName('\u0000')).toBeUndefined();
  expect(Array.from(shortString('🔥'.repeat(300)))).toHaveLength(255);
  expect(languageTag('de-AT')).toBe('de-AT');
  expect(languageTag('de AT')).toBeUndefined();
});
