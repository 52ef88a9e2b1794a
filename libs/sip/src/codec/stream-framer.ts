import { type HeaderIndex, indexHeaders } from './header-index.js';
import { interpret } from './datagram.js';
import { CR, LF } from './lexical.js';
import { type SipLimits, sipLimits } from './limits.js';
import type { Parsed } from './parsed.js';

const PONG = Buffer.from('\r\n', 'latin1');
const EMPTY = Buffer.alloc(0);

/** Octets first set aside for a message that came in pieces. */
const FIRST_ALLOCATION = 4096;

/**
 * Cuts a byte stream into messages (RFC 3261 18.3: Content-Length is mandatory; 7.5 and RFC 5626 3.5.1: line ends
 * between messages). Where each piece was scanned up to is remembered, so feeding one octet at a time costs no more
 * than linear time, and no more than `maxHeaderSection + maxMessage` is ever held.
 *
 * A message that is refused for what it says does not end the stream: others share the connection. One that leaves in
 * doubt where it ends does. Once `broken`, where the next message starts is not known: answer what `push` returned and close the connection.
 */
export class StreamFramer {
  readonly #limits: SipLimits;
  #held: Buffer = EMPTY;
  #heldLength = 0;
  #scanned = 0;
  #lineEnds = 0;
  #index: HeaderIndex | undefined;
  #broken = false;

  constructor(limits?: Partial<SipLimits>) {
    this.#limits = sipLimits(limits);
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** The messages that this chunk completes. Nothing after `broken`. */
  push(chunk: Buffer): Parsed[] {
    const parsed: Parsed[] = [];
    if (this.#broken) return parsed;
    let input = chunk;
    if (this.#heldLength > 0) {
      this.#hold(chunk);
      input = this.#held.subarray(0, this.#heldLength);
    }
    let at = 0;
    while (!this.#broken) {
      const next = this.#next(input, at, parsed);
      if (next < 0) break;
      at = next;
    }
    if (this.#broken) this.#forget();
    else this.#keep(input, at);
    return parsed;
  }

  /** Reads one message or line end at `at`; where it ends, or -1 where more octets are needed. */
  #next(input: Buffer, at: number, parsed: Parsed[]): number {
    if (at >= input.length) return -1;
    if (this.#index === undefined && this.#scanned === 0) {
      if (input[at] === CR || input[at] === LF) {
        this.#lineEnd(input[at]!, parsed);
        return at + 1;
      }
      this.#lineEnds = 0;
    }
    if (this.#index === undefined && !this.#indexAt(input, at, parsed)) return -1;
    const index = this.#index!;
    const end = index.bodyStart + index.contentLength;
    if (end > input.length - at) return -1;
    const message = interpret(input.subarray(at, at + end), index, this.#limits, undefined);
    parsed.push(message);
    if (message.kind === 'invalid' && message.message === undefined) this.#broken = true;
    this.#index = undefined;
    this.#scanned = 0;
    return at + end;
  }

  #lineEnd(octet: number, parsed: Parsed[]): void {
    const expected = this.#lineEnds % 2 === 0 ? CR : LF;
    this.#lineEnds = octet === expected ? this.#lineEnds + 1 : 0;
    if (this.#lineEnds === 4) {
      parsed.push({ kind: 'keepalive', reply: PONG });
      this.#lineEnds = 0;
    }
  }

  /** Looks for the end of the header section from where it was last looked at, and indexes it once found. */
  #indexAt(input: Buffer, at: number, parsed: Parsed[]): boolean {
    const end = headerSectionEnd(input, at, this.#scanned);
    if (end === BARE_LF) {
      this.#refuse(input.subarray(at), parsed, 400, 'Bare LF');
      return false;
    }
    if (end < 0) {
      this.#scanned = input.length - at;
      if (this.#scanned > this.#limits.maxHeaderSection)
        this.#refuse(input.subarray(at), parsed, 513, 'Header Section Too Large');
      return false;
    }
    const header = input.subarray(at, end);
    const index = indexHeaders(header, 0, this.#limits);
    if (!index.framed) this.#refuse(header, parsed, 400, '');
    else if (index.contentLength < 0) this.#refuse(header, parsed, 400, 'Content-Length Required');
    else if (index.bodyStart + index.contentLength > this.#limits.maxMessage)
      this.#refuse(header, parsed, 513, 'Message Too Large');
    else {
      this.#index = index;
      return true;
    }
    return false;
  }

  #refuse(header: Buffer, parsed: Parsed[], status: number, reason: string): void {
    this.#broken = true;
    const index = indexHeaders(header, 0, this.#limits);
    const problem = reason === '' ? index.problem : { status, reason };
    parsed.push(interpret(header, { ...index, problem }, this.#limits, undefined));
  }

  #hold(chunk: Buffer): void {
    const needed = this.#heldLength + chunk.length;
    if (needed > this.#held.length) {
      const wanted = this.#index === undefined ? 0 : this.#index.bodyStart + this.#index.contentLength;
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, wanted, this.#held.length * 2, FIRST_ALLOCATION));
      this.#held.copy(grown, 0, 0, this.#heldLength);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldLength);
    this.#heldLength = needed;
  }

  /** Keeps what follows `at` for the next chunk, in memory of its own: messages given out are views on `input`. */
  #keep(input: Buffer, at: number): void {
    const rest = input.length - at;
    if (rest === 0) this.#forget();
    else if (at > 0 || this.#heldLength === 0) {
      this.#forget();
      this.#hold(input.subarray(at));
    }
  }

  #forget(): void {
    this.#held = EMPTY;
    this.#heldLength = 0;
  }
}

const MORE = -1;
const BARE_LF = -2;

/** End of the header section that starts at `from`, its empty line included; the first `scanned` octets are known to hold none. */
function headerSectionEnd(input: Buffer, from: number, scanned: number): number {
  let at = from + scanned;
  for (;;) {
    at = input.indexOf(LF, at);
    if (at < 0) return MORE;
    if (at === from || input[at - 1] !== CR) return BARE_LF;
    if (at - from >= 3 && input[at - 2] === LF && input[at - 3] === CR) return at + 1;
    at++;
  }
}
