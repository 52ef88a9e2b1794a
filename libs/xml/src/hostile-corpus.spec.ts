import { describe, expect, it } from 'vitest';
import { bombs, doctypes, encodings, illFormed, wellFormed } from './hostile-corpus.js';
import { readXml } from './read.js';
import { readXmlBySaxes } from './saxes-reader.js';

describe.each([
  ['well-formed', 'XML 1.0 2.1', wellFormed],
  ['DOCTYPE', 'RFC 3470 7', doctypes],
  ['encoding', 'XML 1.0 4.3.3', encodings],
  ['ill-formed', 'Namespaces in XML 1.0 7', illFormed],
  ['bounded', 'RFC 3470 7', bombs],
] as const)('hostile corpus, %s', (_, clause, cases) => {
  it.each(cases)('%s', { meta: { clause } }, (_name, document, verdict) => {
    const read = readXml(document);
    expect(read.ok ? 'ok' : read.error.code).toBe(verdict);
  });

  it.each(cases)('%s, as saxes has it', { meta: { clause } }, (_name, document) => {
    const [read, reference] = [readXml(document), readXmlBySaxes(document)];
    if (read.ok || reference.ok) expect(read).toEqual(reference);
    else expect(read.error.code).toBe(reference.error.code);
  });

  it('has the same verdicts for bytes as for strings', () => {
    for (const [name, document, verdict] of cases) {
      // A lone surrogate cannot be encoded, a NUL is told from its bytes.
      if (typeof document !== 'string' || /[\0\ud800]/.test(document)) continue;
      const read = readXml(Buffer.from(document));
      expect([name, read.ok ? 'ok' : read.error.code]).toEqual([name, verdict]);
    }
  });
});

it('a message never quotes the document, which may hold a location', () => {
  for (const [, document] of [...illFormed, ...doctypes, ...encodings]) {
    const read = readXml(document);
    if (!read.ok) expect(read.error.message).not.toMatch(/passwd|hello|nbsp/);
  }
});

it('an error has its place', () => {
  const read = readXml('<a>\n  <b></c>\n</a>');
  expect(read).toMatchObject({ ok: false, error: { code: 'ill-formed', line: 2 } });
});

it('no random damage to a document throws or hangs', () => {
  const original = Buffer.from(
    '<?xml version="1.0"?><p:a xmlns:p="urn:x" b="1"><c>41.38 2.17</c><![CDATA[x]]>&amp;</p:a>',
  );
  let seed = 1;
  const random = (n: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % n;
  };
  for (let i = 0; i < 3_000; i += 1) {
    const damaged = Buffer.from(original);
    for (let k = random(4); k >= 0; k -= 1) damaged[random(damaged.length)] = random(256);
    const read = readXml(damaged.subarray(0, damaged.length - (random(3) === 0 ? random(20) : 0)));
    expect(typeof read.ok).toBe('boolean');
  }
});
