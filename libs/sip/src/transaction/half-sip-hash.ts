/** The 128 bits of key a process or a cluster hashes with; 64 of them serve HalfSipHash. */
export interface HashKey {
  readonly k0: number;
  readonly k1: number;
}

export function hashKey(secret: Buffer): HashKey {
  const bytes = Buffer.alloc(8);
  secret.copy(bytes, 0, 0, 8);
  return { k0: bytes.readUInt32LE(0), k1: bytes.readUInt32LE(4) };
}

/**
 * HalfSipHash-2-4 with 64 bits out, after the description by Aumasson and Bernstein: a keyed hash that runs on 32-bit
 * words, so that no branch of ours can be guessed and no two can be made to collide without the key.
 */
export function halfSipHash(bytes: Buffer, length: number, key: HashKey): [high: number, low: number] {
  let v0 = key.k0 | 0;
  let v1 = (key.k1 ^ 0xee) | 0;
  let v2 = (0x6c796765 ^ key.k0) | 0;
  let v3 = (0x74656462 ^ key.k1) | 0;
  const whole = length & ~3;
  let m = 0;
  for (let at = 0; at <= whole; at += 4) {
    if (at < whole) {
      m = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    } else {
      m = length << 24;
      for (let i = length - 1; i >= whole; i--) m |= bytes[i]! << (8 * (i - whole));
    }
    v3 ^= m;
    for (let round = 0; round < 2; round++) {
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5) | (v1 >>> 27);
      v1 ^= v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8) | (v3 >>> 24);
      v3 ^= v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7) | (v3 >>> 25);
      v3 ^= v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13) | (v1 >>> 19);
      v1 ^= v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= m;
  }
  v2 ^= 0xee;
  let low = 0;
  for (let part = 0; part < 2; part++) {
    for (let round = 0; round < 4; round++) {
      v0 = (v0 + v1) | 0;
      v1 = (v1 << 5) | (v1 >>> 27);
      v1 ^= v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = (v3 << 8) | (v3 >>> 24);
      v3 ^= v2;
      v0 = (v0 + v3) | 0;
      v3 = (v3 << 7) | (v3 >>> 25);
      v3 ^= v0;
      v2 = (v2 + v1) | 0;
      v1 = (v1 << 13) | (v1 >>> 19);
      v1 ^= v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    if (part === 0) {
      low = (v1 ^ v3) >>> 0;
      v1 ^= 0xdd;
    }
  }
  return [(v1 ^ v3) >>> 0, low];
}

const digits = Buffer.alloc(8);

/** The 64 bits as 16 lower-case hexadecimal digits. */
export function hex64(high: number, low: number): string {
  digits.writeUInt32BE(high, 0);
  digits.writeUInt32BE(low, 4);
  return digits.toString('hex');
}
