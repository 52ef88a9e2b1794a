/** Slots, a power of two: sources whose names fall on the same count as one. */
const slots = 4_096;
/** Milliseconds that are counted together. */
const windowMs = 1_000;
/** Share of all requests from which on a source is loud, and the least number of them. */
const share = 0.1;
const least = 20;

/**
 * Which sources send far more than others: those that have a tenth of all requests of a second. Counted only while there
 * is not enough for all, in a table of fixed size, without keeping a name.
 */
export class LoudSources {
  #now = new Uint32Array(slots);
  #before = new Uint32Array(slots);
  #all = 0;
  #allBefore = 0;
  #began = 0;

  /** Counts one request of this source. Whether it is loud. */
  count(source: string, now: number): boolean {
    if (now - this.#began >= windowMs) this.#turn(now);
    const slot = slotOf(source);
    const count = ++this.#now[slot]!;
    this.#all++;
    return isMany(count, this.#all) || isMany(this.#before[slot]!, this.#allBefore);
  }

  #turn(now: number): void {
    const isRecent = now - this.#began < 2 * windowMs;
    const old = this.#before;
    this.#before = this.#now;
    this.#allBefore = this.#all;
    if (!isRecent) {
      this.#before.fill(0);
      this.#allBefore = 0;
    }
    old.fill(0);
    this.#now = old;
    this.#all = 0;
    this.#began = now;
  }
}

function isMany(count: number, all: number): boolean {
  return count >= least && count > all * share;
}

/** FNV-1a. Who finds two names for one slot gains nothing by it: they only count as one. */
function slotOf(source: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < source.length; i++) hash = Math.imul(hash ^ source.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (slots - 1);
}
