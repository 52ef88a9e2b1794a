const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HT = 0x09;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const COMMA = 0x2c;
const lowerCase = 0x20;

const methods = ['MESSAGE ', 'INVITE '].map((text) => Buffer.from(text, 'latin1'));
const version = Buffer.from(' SIP/2.0\r\n', 'latin1');
const branch = Buffer.from(';branch=', 'latin1');
const tag = Buffer.from(';tag', 'latin1');
const longestUri = 256;
/** Call-Info lines that are looked into; a caller has three. */
const mostCallInfos = 8;

/**
 * What can be told of a datagram that may begin a chat or a call without reading it as a message: its Request-URI, the
 * branch of its topmost Via, its sender and its Call Identifier. One pass over the header section, and no text is made
 * before it is asked for. It sees only what is spelled plainly; whatever is not has to be read. The object is used again
 * for each datagram.
 */
export class StartGlance {
  #bytes: Buffer = Buffer.alloc(0);
  #uriFrom = 0;
  #uriTo = 0;
  #fromFrom = 0;
  #fromTo = 0;
  readonly #infos = new Uint32Array(2 * mostCallInfos);
  #infoCount = 0;
  #high = 0;
  #low = 0;

  /** `seed` is secret: nobody else can find two branches with the same words. */
  constructor(private readonly seed: number) {}

  /**
   * Whether it is a MESSAGE or an INVITE outside of a dialog and with no route of its own: no tag in To, no Route. False
   * where that is not plain to see.
   */
  read(bytes: Buffer): boolean {
    this.#bytes = bytes;
    this.#infoCount = 0;
    this.#fromTo = 0;
    const method = methods[0]![0] === bytes[0] ? methods[0]! : methods[1]!;
    if (!isAt(bytes, 0, method)) return false;
    const end = bytes.length;
    let at = method.length;
    this.#uriFrom = at;
    while (at < end && bytes[at]! > SP) at++;
    this.#uriTo = at;
    if (at - this.#uriFrom > longestUri || !isAt(bytes, at, version)) return false;
    at += version.length;
    let isKnown = false;
    while (at < end) {
      const first = bytes[at]!;
      // RFC 3261 7.5
      if (first === CR) return isKnown && bytes[at + 1] === LF;
      if (first <= SP) return false;
      // Faster than a loop of ours.
      const to = bytes.indexOf(LF, at);
      if (to < 0 || bytes[to - 1] !== CR) return false;
      // A folded line: RFC 3261 7.3.1
      const next = bytes[to + 1];
      if (next === SP || next === HT) return false;
      switch (first | lowerCase) {
        case 0x76: // v
          if (isKnown || !isNamed(bytes, at, 'via')) break;
          if (!this.#via(at, to - 1)) return false;
          isKnown = true;
          break;
        case 0x66: // f
          if (!isNamed(bytes, at, 'from')) break;
          this.#fromFrom = at;
          this.#fromTo = to - 1;
          break;
        case 0x74: // t
          if (isNamed(bytes, at, 'to') && find(bytes, at, to, tag) >= 0) return false;
          break;
        case 0x72: // r
          if (isNamed(bytes, at, 'route')) return false;
          break;
        case 0x63: // c
          if (!isNamed(bytes, at, 'call-info')) break;
          if (this.#infoCount === mostCallInfos) return false;
          this.#infos[2 * this.#infoCount] = at;
          this.#infos[2 * this.#infoCount + 1] = to - 1;
          this.#infoCount++;
      }
      at = to + 1;
    }
    return false;
  }

  /** The branch, in two words. */
  get high(): number {
    return this.#high;
  }

  get low(): number {
    return this.#low;
  }

  get requestUri(): string {
    return this.#bytes.toString('latin1', this.#uriFrom, this.#uriTo);
  }

  /** The URI of From, without its parameters where it stands without brackets. */
  get from(): string {
    const text = this.#bytes.toString('latin1', this.#fromFrom, this.#fromTo);
    const open = text.indexOf('<');
    if (open >= 0) return text.slice(open + 1, Math.max(open + 1, text.indexOf('>', open)));
    const semicolon = text.indexOf(';');
    return text.slice(text.indexOf(':') + 1, semicolon < 0 ? undefined : semicolon).trim();
  }

  /** TS 103 698 6.1.2.7; the first one, undefined where there is none. */
  get callIdentifier(): string | undefined {
    for (let i = 0; i < this.#infoCount; i++) {
      const text = this.#bytes.toString('latin1', this.#infos[2 * i], this.#infos[2 * i + 1]);
      const found = /<\s*(urn:[^>]*:callid:[^>]*?)\s*>/i.exec(text);
      if (found) return found[1];
    }
    return undefined;
  }

  #via(from: number, to: number): boolean {
    const bytes = this.#bytes;
    const found = find(bytes, from, to, branch);
    if (found < 0) return false;
    let high = this.seed | 0;
    let low = ~this.seed | 0;
    let at = found + branch.length;
    const start = at;
    for (; at < to; at++) {
      const octet = bytes[at]!;
      if (octet <= SP || octet === SEMICOLON || octet === COMMA) break;
      high = Math.imul(high ^ octet, 0x01000193);
      low = Math.imul(low ^ octet, 0x5bd1e995);
      low ^= low >>> 15;
    }
    this.#high = (high ^ (high >>> 15)) >>> 0;
    this.#low = low >>> 0;
    return at > start;
  }
}

function isAt(bytes: Buffer, at: number, text: Buffer): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** Whether the line there begins with this name, or with its first letter alone (RFC 3261 7.3.3). */
function isNamed(bytes: Buffer, at: number, name: string): boolean {
  const second = bytes[at + 1];
  // `c` is Content-Type and `r` is Refer-To: only of these three the letter is the short form.
  if (second === COLON || second === SP || second === HT) return name !== 'route' && name !== 'call-info';
  for (let i = 1; i < name.length; i++) {
    const octet = bytes[at + i]!;
    if ((name.charCodeAt(i) === 0x2d ? octet : octet | lowerCase) !== name.charCodeAt(i)) return false;
  }
  const after = bytes[at + name.length];
  return after === COLON || after === SP || after === HT;
}

/** Where the text, in lower case, stands within the line in any case. */
function find(bytes: Buffer, from: number, to: number, text: Buffer): number {
  const last = to - text.length;
  for (let at = from; at <= last; at++) {
    if (bytes[at] !== text[0]) continue;
    let i = 1;
    while (i < text.length && (bytes[at + i]! | lowerCase) === (text[i]! | lowerCase)) i++;
    if (i === text.length) return at;
  }
  return -1;
}
