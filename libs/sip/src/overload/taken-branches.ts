/** Bits of one generation, a power of two: 128 KiB. At 1,000 starts a second one branch in 300 is taken for another. */
const bits = 1 << 20;

/**
 * Which branches were taken on lately, without keeping one: a filter that may take a strange one for known, and never a
 * known one for strange. Two generations, each as long as a request may be repeated.
 */
export class TakenBranches {
  #now = new Uint32Array(bits / 32);
  #before = new Uint32Array(bits / 32);
  #began = 0;

  /** `keepMs`: 64*T1. RFC 3261 17.1.2.2 */
  constructor(private readonly keepMs: number) {}

  add(high: number, low: number, now: number): void {
    this.#turn(now);
    set(this.#now, high);
    set(this.#now, low);
  }

  has(high: number, low: number, now: number): boolean {
    this.#turn(now);
    return (isSet(this.#now, high) && isSet(this.#now, low)) || (isSet(this.#before, high) && isSet(this.#before, low));
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

function set(words: Uint32Array, word: number): void {
  words[(word & (bits - 1)) >>> 5]! |= 1 << (word & 31);
}

function isSet(words: Uint32Array, word: number): boolean {
  return (words[(word & (bits - 1)) >>> 5]! & (1 << (word & 31))) !== 0;
}
