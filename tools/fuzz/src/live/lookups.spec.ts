import { expect, it } from 'vitest';
import { fuzzLookupServers } from './lookups.js';

it(
  'the ECRF and the LIS answer mutated questions with documents of their protocols or an HTTP 4xx',
  { meta: { clause: ['RFC 5222 13', 'RFC 5985 9', 'RFC 6753 3'] }, timeout: 120_000 },
  async () => {
    const report = await fuzzLookupServers({ count: 1_500, seed: 5, rude: false, answeredWithinMs: 5_000 });
    expect(report.faults).toEqual([]);
    expect(report.answers).toMatchObject({
      'ECRF errors': expect.any(Number) as number,
      'ECRF findServiceResponse': expect.any(Number) as number,
      'LIS error': expect.any(Number) as number,
      'LIS locationResponse': expect.any(Number) as number,
    });
  },
);
