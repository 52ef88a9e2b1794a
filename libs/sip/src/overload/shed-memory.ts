/** Entries, a power of two; a new one takes the place of an old one whose hash falls on the same. 1 MiB in all. */
const entries = 65_536;

/**
 * Which requests were refused a moment ago: what is repeated gets the same answer, even when there is room again, since
 * its sender has been told no. Two words of the keyed hash and the time in a table of fixed size.
 */
export class ShedMemory {
  readonly #low = new Uint32Array(entries);
  readonly #high = new Uint32Array(entries);
  readonly #until = new Float64Array(entries);

  /** `keepMs`: as long as a request may be repeated, 64*T1. RFC 3261 17.1.2.2 */
  constructor(private readonly keepMs: number) {}

  add(high: number, low: number, now: number): void {
    const slot = low & (entries - 1);
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#until[slot] = now + this.keepMs;
  }

  has(high: number, low: number, now: number): boolean {
    const slot = low & (entries - 1);
    return this.#low[slot] === low && this.#high[slot] === high && this.#until[slot]! > now;
  }
}
