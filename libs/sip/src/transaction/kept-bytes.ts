/** Size of the blocks that hold answers kept for repetition. */
const blockBytes = 1_048_576;
/** What is larger than this gets a Buffer of its own. */
const largest = 16_384;

/** Where some bytes lie. */
export interface Kept {
  readonly block: Buffer;
  readonly from: number;
  readonly to: number;
}

/**
 * Copies of answers, packed into large blocks: an answer stays 32 s, and as a Buffer of its own would keep alive the
 * pool it was written into, with all the requests beside it. Answers leave in the order they came, so that blocks fall
 * free one after the other.
 */
export class KeptBytes {
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  keep(bytes: Buffer): Kept {
    if (bytes.length > largest) {
      const block = Buffer.allocUnsafeSlow(bytes.length);
      bytes.copy(block);
      return { block, from: 0, to: bytes.length };
    }
    if (this.#at + bytes.length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(blockBytes);
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += bytes.copy(this.#block, from);
    return { block: this.#block, from, to: this.#at };
  }
}
