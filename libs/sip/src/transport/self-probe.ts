import { randomBytes } from 'node:crypto';

/** Octets of a probe: a secret, so that nobody else can send one, and its number. */
const secretBytes = 12;
export const probeBytes = secretBytes + 4;
/** Probes under way that are told apart. */
const remembered = 64;
/** Without any back for so long, that long is what a datagram waits. Milliseconds. */
const longestMs = 1_000;

/**
 * How long what arrives waits in the receive buffer of a socket, where no program can look: found out by datagrams that
 * the socket sends to itself. One that finds the buffer full is lost, as all others are; it tells nothing.
 */
export class SelfProbe {
  readonly #secret = randomBytes(secretBytes);
  readonly #sentAt = new Float64Array(remembered);
  #next = 0;
  #backAt: number;
  #waitMs = 0;
  #lastAt = -Infinity;

  constructor(now: number) {
    this.#backAt = now;
  }

  /** Milliseconds. */
  waitMs(now: number): number {
    const silent = Math.min(now, this.#lastAt) - this.#backAt;
    return silent >= longestMs ? longestMs : this.#waitMs;
  }

  make(now: number): Buffer {
    // After a rest it begins anew: nothing was sent that could have come back.
    if (now - this.#lastAt > longestMs) {
      this.#backAt = now;
      this.#waitMs = 0;
    }
    this.#lastAt = now;
    this.#sentAt[this.#next % remembered] = now;
    const bytes = Buffer.allocUnsafe(probeBytes);
    this.#secret.copy(bytes);
    bytes.writeUInt32BE(this.#next, secretBytes);
    this.#next = (this.#next + 1) >>> 0;
    return bytes;
  }

  /** Whether it was one of ours; then it is done with. */
  takes(bytes: Buffer, now: number): boolean {
    if (bytes.length !== probeBytes || !bytes.subarray(0, secretBytes).equals(this.#secret)) return false;
    const number = bytes.readUInt32BE(secretBytes);
    this.#backAt = now;
    if (this.#next - number <= remembered) this.#waitMs = now - this.#sentAt[number % remembered]!;
    return true;
  }
}
