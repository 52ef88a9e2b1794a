/** A list of 32-bit integers that grows, four octets each. */
export class Ints {
  #array = new Int32Array(1_024);
  length = 0;

  push(...values: readonly number[]): void {
    if (this.length + values.length > this.#array.length) {
      const larger = new Int32Array(Math.max(this.#array.length * 2, this.length + values.length));
      larger.set(this.#array);
      this.#array = larger;
    }
    for (const value of values) {
      this.#array[this.length] = value;
      this.length += 1;
    }
  }

  at(i: number): number {
    return this.#array[i]!;
  }

  set(i: number, value: number): void {
    this.#array[i] = value;
  }

  /** A copy of its exact length. */
  array(): Int32Array {
    return this.#array.slice(0, this.length);
  }
}
