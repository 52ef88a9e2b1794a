import { expect, it } from 'vitest';
import { fuzzXml } from './xml-fuzz.js';

it(
  'our reader of XML and saxes say the same of mutated documents',
  { meta: { clause: ['XML 1.0 2.1', 'Namespaces in XML 1.0 7'] }, timeout: 60_000 },
  () => {
    const report = fuzzXml(6_000, 20_260_101);
    expect(report.faults.map(({ fault, bytes }) => `${fault}: ${bytes.toString('base64')}`)).toEqual([]);
    expect(report.wellFormed).toBeGreaterThan(500);
  },
);
