import { expect, it } from 'vitest';
import { fuzzCodec } from './codec-fuzz.js';

it('2,000 mutated messages find no fault', { meta: { clause: ['RFC 3261 7', 'RFC 4475 3.1'] } }, () => {
  const { faults } = fuzzCodec(2_000, 4475);
  expect(faults.map(({ fault, bytes }) => `${fault}\n${bytes.toString('latin1')}`)).toEqual([]);
});
