const INITIAL = 1_024;

/** Numbers the pairs of whole numbers put into it, 0 up: the corners of a map, or the two ends of its lines. */
export class PairTable {
  #firsts = new Float64Array(INITIAL);
  #seconds = new Float64Array(INITIAL);
  #slots = new Int32Array(INITIAL * 2).fill(-1);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  first(id: number): number {
    return this.#firsts[id]!;
  }

  second(id: number): number {
    return this.#seconds[id]!;
  }

  /** The number of a pair, a new one for a new pair. */
  add(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(first, second) & mask;
    for (;;) {
      const id = this.#slots[slot]!;
      if (id < 0) break;
      if (this.#firsts[id] === first && this.#seconds[id] === second) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.#count;
    if (id === this.#firsts.length) {
      this.#firsts = doubled(this.#firsts);
      this.#seconds = doubled(this.#seconds);
    }
    this.#firsts[id] = first;
    this.#seconds[id] = second;
    this.#slots[slot] = id;
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#count; id += 1) {
      let slot = hash(this.#firsts[id]!, this.#seconds[id]!) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.#slots = slots;
  }
}

/** Whole numbers in a row that grows. */
export class IntList {
  #values = new Int32Array(INITIAL);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(i: number): number {
    return this.#values[i]!;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Int32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }
}

function doubled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}

function hash(first: number, second: number): number {
  let h = Math.imul(first | 0, 0x9e3779b1) ^ Math.imul(second | 0, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}
