import { type CSeq, parseCSeq } from './cseq.js';
import { type HeaderIndex, STRIDE } from './header-index.js';
import {
  CALL_ID,
  CONTENT_TYPE,
  CSEQ,
  FROM,
  type HeaderId,
  MAX_FORWARDS,
  TO,
  UNKNOWN_HEADER,
  VIA,
  headerId,
} from './header-names.js';
import { firstMemberEnd, splitInto } from './header-list.js';
import { CR, COLON, LF, LOWER, SP, TAB, decimal, isBlank, isTokenChar } from './lexical.js';
import { type MediaType, parseMediaType } from './media-type.js';
import { type NameAddr, parseNameAddr } from './name-addr.js';
import { methodAt } from './method.js';
import type { StartLine } from './start-line.js';
import { type Via, parseVia } from './via.js';

/**
 * A SIP message as an immutable view on its octets (RFC 3261 7). Headers are found by an index of lines and turned
 * into strings when asked for. Every string given out is a copy and does not keep `bytes` alive; a part of a value, such
 * as a tag, keeps at most the text of its header line. `bytes` and `body` are views: who keeps one keeps the whole
 * datagram or read buffer, and copies it first.
 *
 * Made by `parseDatagram`, `parseFrame` and `StreamFramer`.
 */
export class SipMessage {
  readonly bytes: Buffer;
  readonly isRequest: boolean;
  /** response: 100..699; request: 0 */
  readonly status: number;
  readonly bodyStart: number;
  /** For the codec's own use. */
  readonly index: HeaderIndex;
  /** For the codec's own use. */
  readonly startLine: StartLine;

  #method: string | undefined;
  #requestUri: string | undefined;
  #topVia: Via | null | undefined;
  #vias: readonly Via[] | undefined;
  #cseq: CSeq | null | undefined;
  #callId: string | null | undefined;
  #from: NameAddr | null | undefined;
  #to: NameAddr | null | undefined;

  constructor(bytes: Buffer, index: HeaderIndex, startLine: StartLine) {
    this.bytes = bytes;
    this.index = index;
    this.startLine = startLine;
    this.isRequest = startLine.isRequest;
    this.status = startLine.status;
    this.bodyStart = index.bodyStart < 0 ? bytes.length : Math.min(index.bodyStart, bytes.length);
  }

  /** Request: the method as sent. Response: the method of CSeq, '' where that is broken. */
  get method(): string {
    return (this.#method ??= this.isRequest
      ? methodAt(this.bytes, this.index.startLineStart, this.startLine.methodEnd)
      : (this.cseq?.method ?? ''));
  }

  /** As sent; '' for a response. */
  get requestUri(): string {
    return (this.#requestUri ??= this.isRequest
      ? this.#text(this.startLine.uriStart, this.startLine.uriEnd)
      : '');
  }

  /** As sent, `SIP/2.0`. */
  get version(): string {
    return this.#text(this.startLine.versionStart, this.startLine.versionEnd);
  }

  /** SIP/2.0 in any case. */
  get isVersion2(): boolean {
    const { bytes } = this;
    const { versionStart: at, versionEnd } = this.startLine;
    if (versionEnd - at !== 7) return false;
    if (bytes[at] === 0x53 && bytes[at + 1] === 0x49 && bytes[at + 2] === 0x50 && bytes[at + 3] === 0x2f)
      return bytes[at + 4] === 0x32 && bytes[at + 5] === 0x2e && bytes[at + 6] === 0x30;
    return this.version.toUpperCase() === 'SIP/2.0';
  }

  /** Response: the reason phrase; '' for a request. */
  get reason(): string {
    return this.isRequest ? '' : this.#text(this.startLine.reasonStart, this.index.startLineEnd);
  }

  /** Value of the first line of that name, compact or long, any case; unfolded and trimmed. */
  header(name: string): string | undefined {
    const id = headerId(name);
    const line = this.#find(id, name, 0);
    return line < 0 ? undefined : this.#value(line);
  }

  /** Value of each line of that name, in order. */
  headerLines(name: string): readonly string[] {
    const id = headerId(name);
    const found: string[] = [];
    for (let line = this.#find(id, name, 0); line >= 0; line = this.#find(id, name, line + STRIDE))
      found.push(this.#value(line));
    return found;
  }

  /** Members of a list header over all its lines, in order (RFC 3261 7.3.1). */
  values(name: string): readonly string[] {
    const id = headerId(name);
    const found: string[] = [];
    for (let line = this.#find(id, name, 0); line >= 0; line = this.#find(id, name, line + STRIDE))
      splitInto(found, this.#value(line));
    return found;
  }

  has(name: string): boolean {
    return this.#find(headerId(name), name, 0) >= 0;
  }

  /** Every header line, names as sent. The slow way: for tests and ladders. */
  get headers(): readonly { readonly name: string; readonly value: string }[] {
    const { lines } = this.index;
    const all: { name: string; value: string }[] = [];
    for (let line = 0; line < lines.length; line += STRIDE) {
      const start = lines[line + 1]!;
      all.push({
        name: this.bytes.toString('latin1', start, this.#nameEnd(start)),
        value: this.#value(line),
      });
    }
    return all;
  }

  /** A view on `bytes`, already cut to Content-Length. */
  get body(): Buffer {
    return this.bytes.subarray(this.bodyStart);
  }

  /** Topmost first. [] where any of them is broken. */
  get vias(): readonly Via[] {
    if (this.#vias === undefined) {
      const parsed: Via[] = [];
      const first = this.topVia;
      const texts = this.values('Via');
      for (const text of texts) {
        const via = parsed.length === 0 && first?.text === text ? first : parseVia(text);
        if (via === undefined) {
          parsed.length = 0;
          break;
        }
        parsed.push(via);
      }
      this.#vias = parsed;
    }
    return this.#vias;
  }

  get topVia(): Via | undefined {
    if (this.#topVia === undefined) {
      const line = this.#find(VIA, 'via', 0);
      if (line < 0) this.#topVia = null;
      else {
        const start = this.index.lines[line + 2]!;
        const end = firstMemberEnd(this.bytes, start, this.index.lines[line + 3]!);
        this.#topVia = parseVia(this.#unfolded(start, end)) ?? null;
      }
    }
    return this.#topVia ?? undefined;
  }

  get cseq(): CSeq | undefined {
    if (this.#cseq === undefined) {
      const value = this.#first(CSEQ);
      this.#cseq = (value === undefined ? undefined : parseCSeq(value)) ?? null;
    }
    return this.#cseq ?? undefined;
  }

  get callId(): string | undefined {
    if (this.#callId === undefined) this.#callId = this.#first(CALL_ID) || null;
    return this.#callId ?? undefined;
  }

  get from(): NameAddr | undefined {
    if (this.#from === undefined) this.#from = parsedNameAddr(this.#first(FROM));
    return this.#from ?? undefined;
  }

  get to(): NameAddr | undefined {
    if (this.#to === undefined) this.#to = parsedNameAddr(this.#first(TO));
    return this.#to ?? undefined;
  }

  /** RFC 3261 20.22: 0..255. */
  get maxForwards(): number | undefined {
    const value = this.#first(MAX_FORWARDS);
    return value === undefined ? undefined : decimal(value, 255);
  }

  get contentType(): MediaType | undefined {
    const value = this.#first(CONTENT_TYPE);
    return value === undefined ? undefined : parseMediaType(value);
  }

  /** For the codec's own use: offset in `index.lines` of the next line of that name from `from` on, or -1. */
  findLine(name: string, from: number): number {
    return this.#find(headerId(name), name, from);
  }

  /** For the codec's own use: values of the lines of that header, unfolded, one character for each octet. */
  rawLines(id: HeaderId): readonly string[] {
    const { lines } = this.index;
    const found: string[] = [];
    for (let line = 0; line < lines.length; line += STRIDE) {
      if (lines[line] !== id) continue;
      found.push(this.#unfolded(lines[line + 2]!, lines[line + 3]!, false));
    }
    return found;
  }

  #first(id: HeaderId): string | undefined {
    const line = this.#find(id, '', 0);
    return line < 0 ? undefined : this.#value(line);
  }

  #find(id: HeaderId, name: string, from: number): number {
    const { lines } = this.index;
    if (id !== UNKNOWN_HEADER) {
      for (let line = from; line < lines.length; line += STRIDE) if (lines[line] === id) return line;
      return -1;
    }
    for (let line = from; line < lines.length; line += STRIDE)
      if (lines[line] === UNKNOWN_HEADER && this.#isNamed(lines[line + 1]!, name)) return line;
    return -1;
  }

  #isNamed(start: number, name: string): boolean {
    const { bytes } = this;
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i);
      if (code > 127 || LOWER[bytes[start + i]!] !== LOWER[code]) return false;
    }
    const next = bytes[start + name.length];
    return next === COLON || next === SP || next === TAB;
  }

  #nameEnd(start: number): number {
    let at = start;
    while (isTokenChar(this.bytes[at]!)) at++;
    return at;
  }

  #value(line: number): string {
    const { lines } = this.index;
    return this.#unfolded(lines[line + 2]!, lines[line + 3]!);
  }

  /** RFC 3261 7.3.1: a fold and the blanks around it read as one space. */
  #unfolded(start: number, end: number, decode = true): string {
    const { bytes } = this;
    let from = start;
    let to = end;
    while (from < to && isLinear(bytes[from]!)) from++;
    while (to > from && isLinear(bytes[to - 1]!)) to--;
    const text = decode ? this.#text(from, to) : this.bytes.toString('latin1', from, to);
    return this.index.folded && text.includes('\r') ? unfold(text) : text;
  }

  #text(start: number, end: number): string {
    return this.index.nonAscii
      ? this.bytes.toString('utf8', start, end)
      : this.bytes.toString('latin1', start, end);
  }
}

function isLinear(c: number): boolean {
  return c === SP || c === TAB || c === CR || c === LF;
}

function unfold(text: string): string {
  let result = '';
  let start = 0;
  for (let cr = text.indexOf('\r\n'); cr >= 0; cr = text.indexOf('\r\n', start)) {
    let before = cr;
    while (before > start && isBlank(text.charCodeAt(before - 1))) before--;
    let after = cr;
    while (after < text.length && isLinear(text.charCodeAt(after))) after++;
    result += `${text.slice(start, before)} `;
    start = after;
  }
  return result + text.slice(start);
}

function parsedNameAddr(value: string | undefined): NameAddr | null {
  return value === undefined ? null : (parseNameAddr(value) ?? null);
}
