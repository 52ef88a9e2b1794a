/**
 * Strings by number and back, in arrays that a worker hands over without copying: a million of them cost their
 * letters and twelve octets each.
 */
export interface StringTable {
  readonly bytes: Uint8Array;
  /** Where each string starts in `bytes`, and the end of the last. */
  readonly starts: Uint32Array;
  /** Open addressing: the number of a string and one more, or 0. Its length is a power of two. */
  readonly slots: Uint32Array;
}

const encoder = new TextEncoder();

export function buildStringTable(strings: Iterable<string>, count: number): StringTable {
  const starts = new Uint32Array(count + 1);
  let bytes = new Uint8Array(Math.max(64, count * 12));
  let n = 0;
  let end = 0;
  for (const s of strings) {
    if (bytes.length - end < s.length * 3) {
      const larger = new Uint8Array(Math.max(bytes.length * 2, end + s.length * 3));
      larger.set(bytes);
      bytes = larger;
    }
    end += encoder.encodeInto(s, bytes.subarray(end)).written;
    n += 1;
    starts[n] = end;
  }
  let size = 16;
  while (size < count * 2) size *= 2;
  const slots = new Uint32Array(size);
  for (let i = 0; i < count; i++) {
    let at = hash(bytes, starts[i]!, starts[i + 1]!) & (size - 1);
    while (slots[at] !== 0) at = (at + 1) & (size - 1);
    slots[at] = i + 1;
  }
  return { bytes: bytes.slice(0, end), starts, slots };
}

const decoder = new TextDecoder();

/** The string of a number. */
export function stringOf(t: StringTable, id: number): string {
  return decoder.decode(t.bytes.subarray(t.starts[id], t.starts[id + 1]));
}

/** The number of a string, or -1. */
export function stringId(t: StringTable, s: string): number {
  const sought = encoder.encode(s);
  const mask = t.slots.length - 1;
  let at = hash(sought, 0, sought.length) & mask;
  for (;;) {
    const id = t.slots[at]! - 1;
    if (id < 0) return -1;
    if (equal(t, id, sought)) return id;
    at = (at + 1) & mask;
  }
}

function equal({ bytes, starts }: StringTable, id: number, sought: Uint8Array): boolean {
  const start = starts[id]!;
  if (starts[id + 1]! - start !== sought.length) return false;
  for (let i = 0; i < sought.length; i++) if (bytes[start + i] !== sought[i]) return false;
  return true;
}

/** FNV-1a and a last stirring, so that the low bits depend on all. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c9dc5;
  for (let i = from; i < to; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
