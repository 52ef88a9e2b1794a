/** Bits of one generation, a power of two: 128 KiB. With 32,000 in it one strange name in 300 is taken for known. */
const bits = 1 << 20;

/**
 * Which names were seen lately, each as two words of a hash and without keeping one: a filter that may take a strange one
 * for known, and never a known one for strange. Two generations.
 */
export class RecentWords {
  #now = new Uint32Array(bits / 32);
  #before = new Uint32Array(bits / 32);
  #began = 0;

  /** `keepMs`: for so long at least a name is known; `seed` is secret. */
  constructor(
    private readonly keepMs: number,
    private readonly seed = 0,
  ) {}

  addText(text: string, now: number): void {
    this.add(wordOf(text, this.seed), wordOf(text, ~this.seed), now);
  }

  hasText(text: string, now: number): boolean {
    return this.has(wordOf(text, this.seed), wordOf(text, ~this.seed), now);
  }

  add(high: number, low: number, now: number): void {
    this.#turn(now);
    set(this.#now, high);
    set(this.#now, low);
  }

  has(high: number, low: number, now: number): boolean {
    this.#turn(now);
    return (
      (isSet(this.#now, high) && isSet(this.#now, low)) ||
      (isSet(this.#before, high) && isSet(this.#before, low))
    );
  }

  #turn(now: number): void {
    const age = now - this.#began;
    if (age < this.keepMs) return;
    const old = this.#before;
    this.#before = this.#now;
    if (age >= 2 * this.keepMs) this.#before.fill(0);
    old.fill(0);
    this.#now = old;
    this.#began = now;
  }
}

function wordOf(text: string, seed: number): number {
  let word = seed | 0;
  for (let i = 0; i < text.length; i++)
    word = Math.imul(word ^ text.charCodeAt(i), 0x5bd1e995) ^ (word >>> 13);
  return (word ^ (word >>> 15)) >>> 0;
}

function set(words: Uint32Array, word: number): void {
  words[(word & (bits - 1)) >>> 5]! |= 1 << (word & 31);
}

function isSet(words: Uint32Array, word: number): boolean {
  return (words[(word & (bits - 1)) >>> 5]! & (1 << (word & 31))) !== 0;
}
