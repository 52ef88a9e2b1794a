import { expect, it } from 'vitest';
import { halfSipHash, hashKey, hex64 } from './half-sip-hash.js';

const key = hashKey(Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]));
const counting = Buffer.from(Array.from({ length: 64 }, (_, i) => i));

function digest(length: number): string {
  const [high, low] = halfSipHash(counting, length, key);
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(low, 0);
  bytes.writeUInt32LE(high, 4);
  return bytes.toString('hex');
}

it('gives the published values', () => {
  expect(digest(0)).toBe('218d1f59b9b83cc8');
  expect(digest(1)).toBe('be552412f8387315');
});

it('differs with each length and each key', () => {
  const seen = new Set(Array.from({ length: 64 }, (_, length) => digest(length)));
  expect(seen.size).toBe(64);
  expect(halfSipHash(counting, 8, hashKey(Buffer.alloc(8)))).not.toEqual(halfSipHash(counting, 8, key));
});

it('writes sixteen digits', () => {
  expect([hex64(0, 0x1f), hex64(0xffff_ffff, 0)]).toEqual(['000000000000001f', 'ffffffff00000000']);
});
