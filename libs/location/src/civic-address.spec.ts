import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readXml } from '@esinet/xml';
import { describe, expect, it } from 'vitest';
import {
  type CivicAddress,
  MAX_CIVIC_ELEMENTS,
  civicElement,
  readCivic,
  writeCivic,
} from './civic-address.js';
import { CIVIC_EXT_NS, CIVIC_NS, CIVIC_ORDER, civicKey } from './civic-names.js';
import { readPidfLo } from './read-pidf-lo.js';
import { writePidfLo } from './write-pidf-lo.js';

const schemas = resolve(import.meta.dirname, '../../../../shared/specs/schemas/pidf-lo');

function read(xml: string): CivicAddress {
  const document = readXml(xml);
  if (!document.ok) throw new Error(document.error.message);
  const civic = readCivic(document.value);
  if (!civic.ok) throw new Error(civic.error.message);
  return civic.value;
}

const address = (inside: string, attributes = ''): string =>
  `<civicAddress xmlns="${CIVIC_NS}" xmlns:cae="${CIVIC_EXT_NS}" ${attributes}>${inside}</civicAddress>`;

const every: CivicAddress = {
  lang: 'sr-Latn',
  elements: [
    ...[...CIVIC_ORDER]
      .reverse()
      .map((name) => ({ name, value: name === 'country' ? 'es' : `${name} & <1>` })),
    { name: 'STP', value: 'Calle' },
    { name: 'HNP', value: 'Z', uri: CIVIC_EXT_NS },
    { name: 'MP', value: '248', uri: CIVIC_EXT_NS },
    { name: 'PN', value: '22-109', uri: CIVIC_EXT_NS },
    { name: 'STPS', value: 'de' },
    { name: 'SITE', value: 'Campus', uri: 'urn:nena:xml:ns:pidf:nenaCivicAddr2' },
    { name: 'bridge', value: '7', uri: 'http://canals.example/civic' },
  ],
};

describe('a civic address', () => {
  it('keeps every element of RFC 5139 and comes out in its order', { meta: { clause: 'RFC 5139 4' } }, () => {
    const back = read(writeCivic(every));
    const base = back.elements.filter((e) => e.uri === undefined).map((e) => e.name);
    expect(base).toEqual(CIVIC_ORDER);
    expect(back.lang).toBe('sr-Latn');
    expect(civicElement(back, 'RD')?.value).toBe('RD & <1>');
  });

  it('has its country in capitals', { meta: { clause: 'RFC 5139 3.3' } }, () => {
    expect(writeCivic({ elements: [{ name: 'country', value: 'es' }] })).toContain('<country>ES</country>');
  });

  it(
    'has the elements of RFC 6848 in their namespace, also where the sender forgot it',
    { meta: { clause: ['RFC 6848 2', 'RFC 6848 5'] } },
    () => {
      const back = read(writeCivic(every));
      const extensions = back.elements.filter((e) => e.uri !== undefined);
      expect(extensions.map((e) => civicKey(e.name, e.uri))).toEqual([
        'STP',
        'HNP',
        'MP',
        'PN',
        'STPS',
        '{urn:nena:xml:ns:pidf:nenaCivicAddr2}SITE',
        '{http://canals.example/civic}bridge',
      ]);
      expect(read(address('<STP>Boulevard</STP>')).elements[0]).toEqual({ name: 'STP', value: 'Boulevard' });
    },
  );

  it('keeps the language of an element', { meta: { clause: 'RFC 5139 3.5' } }, () => {
    const civic = read(address('<country>BE</country><A3 xml:lang="nl">Brussel</A3>', 'xml:lang="fr"'));
    expect(civic).toEqual({
      lang: 'fr',
      elements: [
        { name: 'country', value: 'BE' },
        { name: 'A3', value: 'Brussel', lang: 'nl' },
      ],
    });
    expect(read(writeCivic(civic))).toEqual(civic);
    expect(writeCivic({ lang: 'a"b', elements: [{ name: 'A1', value: 'x', lang: '<' }] })).not.toContain(
      'lang',
    );
  });

  it('passes an extension with elements inside unharmed', { meta: { clause: 'RFC 6848 3.2' } }, () => {
    const inside = '<x:pos xmlns:x="urn:x:y"><x:floor n="2">two</x:floor><x:wing>east</x:wing></x:pos>';
    const civic = read(address(`<country>ES</country>${inside}`));
    const written = writeCivic(civic);
    expect(written).toContain('<floor n="2">two</floor><wing>east</wing>');
    expect(read(written)).toEqual(civic);
  });

  it('travels in a PIDF-LO unharmed', { meta: { clause: ['RFC 4119 2.2.1', 'RFC 6848 6'] } }, () => {
    const civic = read(writeCivic(every));
    const pidf = readPidfLo(
      writePidfLo({
        entity: 'pres:a@b',
        civic,
        timestamp: '2026-01-01T00:00:00Z',
        retentionExpiry: '2026-01-02T00:00:00Z',
      }),
    );
    expect(pidf.ok && pidf.value.civics).toEqual([civic]);
  });

  it('bears 64 kB values, marks that turn the writing, and what XML cannot hold', () => {
    const long = 'á'.repeat(32_000);
    const civic: CivicAddress = {
      elements: [
        { name: 'A3', value: long },
        { name: 'RD', value: '\u202eevil\u200f \u0000\ud800x' },
      ],
    };
    const back = read(writeCivic(civic));
    expect(back.elements[0]?.value).toBe(long);
    expect(back.elements[1]?.value).toBe('\u202eevil\u200f x');
  });

  it('of a thousand elements is refused', () => {
    const many = '<LMK>x</LMK>'.repeat(1_000);
    const document = readXml(address(many));
    if (!document.ok) throw new Error(document.error.message);
    expect(readCivic(document.value)).toMatchObject({ ok: false, error: { code: 'range' } });
    const fit = readXml(address('<LMK>x</LMK>'.repeat(MAX_CIVIC_ELEMENTS)));
    expect(fit.ok && readCivic(fit.value).ok).toBe(true);
  });

  const reason = !existsSync(schemas)
    ? 'no schemas beside the repo'
    : spawnSync('xmllint', ['--version']).error
      ? 'no xmllint'
      : '';
  it.skipIf(reason)(
    `is valid by the schema${reason && ` (skipped: ${reason})`}`,
    { meta: { clause: ['RFC 5139 4', 'RFC 6848 5.5', 'RFC 4119 2.2.5'] } },
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'civic-'));
      const file = join(folder, 'pidf.xml');
      writeFileSync(
        file,
        writePidfLo({
          entity: 'pres:a@b',
          civic: every,
          timestamp: '2026-01-01T00:00:00Z',
          retentionExpiry: '2026-01-02T00:00:00Z',
        }),
      );
      const validate = (): string =>
        execFileSync('xmllint', ['--noout', '--nonet', '--schema', join(schemas, 'gcs-pidflo.xsd'), file], {
          encoding: 'utf8',
          stdio: 'pipe',
        });
      expect(validate).not.toThrow();
      rmSync(folder, { recursive: true });
    },
  );
});
