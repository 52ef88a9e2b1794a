/** A stream of numbers in [0, 1) that the same seed repeats (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Octets that mean something to a SIP, MIME or URI parser, and some that mean nothing anywhere. */
const MORSELS = [
  '\r\n', '\r', '\n', '\0', '\t', ' ', '\r\n ', '\r\n\r\n', '"', '\\', '\\"', '<', '>', '<<', '>>', ',', ',,', ';', ';;',
  ':', '::', ':::', '[', ']', '[::1]', '@', '%', '%00', '%0d%0a', '%zz', '?', '&', '=', '/', '*', '-', '--', '\u00ff',
  'SIP/2.0', 'sip:', 'urn:service:sos', 'tel:112', 'Via: ', 'v:', 'l: 0', 'Content-Length: 4294967296', 'Content-Length: -1',
  'Content-Length: 5', '\r\nTo: ', '\r\nCall-ID: x', '\r\nContent-Type: multipart/mixed;boundary=b', '--b', '--b--', 'tag=',
  'branch=z9hG4bK', '99999999999999999999', '0', 'boundary=""', 'ÿþ', '救急', 'a'.repeat(300), ','.repeat(80),
]; // prettier-ignore

/**
 * A message like the seed but for one to six changes. At most 200 kB. `morsels` are what is inserted; without them what
 * means something in SIP.
 */
export function mutate(seed: Buffer, random: () => number, morsels: readonly string[] = MORSELS): Buffer {
  let bytes = Buffer.from(seed);
  for (let changes = 1 + Math.floor(random() * 6); changes > 0; changes--) {
    bytes = CHANGES[Math.floor(random() * CHANGES.length)]!(bytes, random, morsels);
    if (bytes.length > 200_000) bytes = bytes.subarray(0, 200_000);
  }
  return bytes;
}

type Change = (bytes: Buffer, random: () => number, morsels: readonly string[]) => Buffer<ArrayBuffer>;

const CHANGES: readonly Change[] = [
  flip,
  replace,
  insert,
  insert,
  insert,
  remove,
  repeat,
  cut,
  moveLine,
  repeatLine,
];

function position(bytes: Buffer, random: () => number): number {
  return Math.floor(random() * (bytes.length + 1));
}

function splice(bytes: Buffer, from: number, to: number, piece: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)]);
}

function flip(bytes: Buffer, random: () => number): Buffer<ArrayBuffer> {
  const changed = Buffer.from(bytes);
  const at = position(bytes, random);
  if (at < changed.length) changed[at]! ^= 1 << Math.floor(random() * 8);
  return changed;
}

function replace(bytes: Buffer, random: () => number): Buffer<ArrayBuffer> {
  const at = position(bytes, random);
  return splice(bytes, at, at + 1, Buffer.from([Math.floor(random() * 256)]));
}

function insert(bytes: Buffer, random: () => number, morsels: readonly string[]): Buffer<ArrayBuffer> {
  const at = position(bytes, random);
  return splice(bytes, at, at, Buffer.from(morsels[Math.floor(random() * morsels.length)]!, 'utf8'));
}

function remove(bytes: Buffer, random: () => number): Buffer<ArrayBuffer> {
  const at = position(bytes, random);
  return splice(bytes, at, at + Math.floor(random() * 40), Buffer.alloc(0));
}

function repeat(bytes: Buffer, random: () => number): Buffer<ArrayBuffer> {
  const at = position(bytes, random);
  const piece = bytes.subarray(at, at + 1 + Math.floor(random() * 60));
  return splice(
    bytes,
    at,
    at,
    Buffer.concat(Array.from({ length: 1 + Math.floor(random() * 30) }, () => piece)),
  );
}

function cut(bytes: Buffer, random: () => number): Buffer<ArrayBuffer> {
  return Buffer.from(bytes.subarray(0, random() < 0.3 ? position(bytes, random) : bytes.length));
}

function lineAt(bytes: Buffer, random: () => number): { from: number; to: number } {
  const at = position(bytes, random);
  const from = at === 0 ? 0 : bytes.lastIndexOf('\n', at - 1) + 1;
  const end = bytes.indexOf('\n', at);
  return { from, to: end < 0 ? bytes.length : end + 1 };
}

function moveLine(bytes: Buffer, random: () => number): Buffer<ArrayBuffer> {
  const { from, to } = lineAt(bytes, random);
  const line = Buffer.from(bytes.subarray(from, to));
  const rest = splice(bytes, from, to, Buffer.alloc(0));
  const target = lineAt(rest, random).from;
  return splice(rest, target, target, line);
}

function repeatLine(bytes: Buffer, random: () => number): Buffer<ArrayBuffer> {
  const { from, to } = lineAt(bytes, random);
  const line = bytes.subarray(from, to);
  const times = random() < 0.1 ? 250 : 1 + Math.floor(random() * 3);
  return splice(bytes, to, to, Buffer.concat(Array.from({ length: times }, () => line)));
}
