import { indexHeaders, STRIDE } from './header-index.js';
import { type HeaderId, UNKNOWN_HEADER, headerId } from './header-names.js';
import { firstMemberEnd } from './header-list.js';
import { octets, safeName, safeUri, valueOctets } from './header-text.js';
import { COMMA, CR, LF, SP, TAB } from './lexical.js';
import { unlimited } from './limits.js';
import { SipMessage } from './sip-message.js';

/** One change of the header section. Edits apply in order, each to what the ones before it left. */
export type HeaderEdit =
  /** one line with this value in place of the first of that name, the others gone; at the end where there was none */
  | { readonly op: 'set'; readonly name: string; readonly value: string }
  /** as `set` with a line for each value; none removes the header */
  | { readonly op: 'set-lines'; readonly name: string; readonly values: readonly string[] }
  | { readonly op: 'remove'; readonly name: string }
  /** a new line before the first of that name, or right after the start line */
  | { readonly op: 'prepend'; readonly name: string; readonly value: string }
  /** a new line after the last of that name, or at the end of the header section */
  | { readonly op: 'append'; readonly name: string; readonly value: string }
  /** takes the first value of a list header away, and its line where it was the only one */
  | { readonly op: 'pop'; readonly name: string }
  /** puts another value in place of the first of a list header; nothing where there is none */
  | { readonly op: 'replace-first'; readonly name: string; readonly value: string };

/** A line not as it was sent: `text`, then what of the original `[from, to)`, its CRLF included. */
interface NewLine {
  readonly id: HeaderId;
  readonly name: string;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The message with these changes and no others: what is not touched is copied octet by octet, the body in one piece.
 * RFC 3261 16.6. Values are made safe by dropping CR, LF and NUL, names by dropping all but token characters, so that
 * no value from outside can add a header; an edit whose name has no token character does nothing.
 */
export function editMessage(
  message: SipMessage,
  o: { readonly requestUri?: string; readonly edits: readonly HeaderEdit[] },
): Buffer {
  const plan = new EditPlan(message);
  const { edits } = o;
  for (let i = 0; i < edits.length; i++) {
    if (plan.apply(edits[i]!)) continue;
    // The edit looks inside a line that an edit before it wrote: write, read and go on.
    const soFar = plan.write(o.requestUri);
    const index = indexHeaders(soFar, 0, unlimited);
    return editMessage(new SipMessage(soFar, index, message.startLine), { edits: edits.slice(i) });
  }
  return plan.write(o.requestUri);
}

class EditPlan {
  readonly #message: SipMessage;
  readonly #lines: readonly number[];
  /** Lines in the order to write: an offset in `#lines`, or -1 - position in `#added`. */
  readonly #order: number[] = [];
  readonly #added: NewLine[] = [];

  constructor(message: SipMessage) {
    this.#message = message;
    this.#lines = message.index.lines;
    for (let line = 0; line < this.#lines.length; line += STRIDE) this.#order.push(line);
  }

  /** False where the edit needs the value of a line that was written by an edit before it. */
  apply(edit: HeaderEdit): boolean {
    const id = headerId(edit.name);
    const name = id === UNKNOWN_HEADER ? safeName(edit.name) : edit.name;
    if (name.length === 0) return true;
    const first = this.#find(id, name, 0);
    switch (edit.op) {
      case 'set':
        this.#replaceAll(first, id, name, [edit.value]);
        return true;
      case 'set-lines':
        this.#replaceAll(first, id, name, edit.values);
        return true;
      case 'remove':
        this.#replaceAll(first, id, name, []);
        return true;
      case 'prepend':
        this.#insert(first < 0 ? 0 : first, id, name, edit.value);
        return true;
      case 'append':
        this.#insert(first < 0 ? this.#order.length : this.#last(id, name, first) + 1, id, name, edit.value);
        return true;
      case 'pop':
        return first < 0 || this.#replaceFirst(first, id, name, undefined);
      case 'replace-first':
        return first < 0 || this.#replaceFirst(first, id, name, edit.value);
    }
  }

  #find(id: HeaderId, name: string, from: number): number {
    const order = this.#order;
    for (let i = from; i < order.length; i++) {
      const line = order[i]!;
      if (line < 0) {
        const added = this.#added[-1 - line]!;
        if (added.id === id && (id !== UNKNOWN_HEADER || added.name.toLowerCase() === name.toLowerCase()))
          return i;
      } else if (
        this.#lines[line] === id &&
        (id !== UNKNOWN_HEADER || this.#message.findLine(name, line) === line)
      )
        return i;
    }
    return -1;
  }

  #last(id: HeaderId, name: string, first: number): number {
    let last = first;
    for (let next = first; next >= 0; next = this.#find(id, name, next + 1)) last = next;
    return last;
  }

  #add(line: NewLine): number {
    return -this.#added.push(line);
  }

  #newLine(id: HeaderId, name: string, value: string): number {
    return this.#add({ id, name, text: `${name}: ${valueOctets(value)}\r\n`, from: 0, to: 0 });
  }

  #insert(at: number, id: HeaderId, name: string, value: string): void {
    this.#order.splice(at, 0, this.#newLine(id, name, value));
  }

  #replaceAll(first: number, id: HeaderId, name: string, values: readonly string[]): void {
    const at = first < 0 ? this.#order.length : first;
    for (let next = first; next >= 0; next = this.#find(id, name, next)) this.#order.splice(next, 1);
    for (let i = 0; i < values.length; i++) this.#insert(at + i, id, name, values[i]!);
  }

  #replaceFirst(at: number, id: HeaderId, name: string, value: string | undefined): boolean {
    const line = this.#order[at]!;
    if (line < 0) return false;
    const { bytes } = this.#message;
    const start = this.#lines[line + 1]!;
    const valueStart = this.#lines[line + 2]!;
    const end = this.#lines[line + 3]!;
    let member = valueStart;
    while (member < end && (isLinear(bytes[member]!) || bytes[member] === COMMA)) member++;
    if (member === end) {
      // no value in this line: it goes, and the first value is sought in the next
      this.#order.splice(at, 1);
      const next = this.#find(id, name, at);
      return next < 0 || this.#replaceFirst(next, id, name, value);
    }
    let rest = firstMemberEnd(bytes, member, end);
    const alone = rest === end;
    if (!alone)
      do rest++;
      while (rest < end && isLinear(bytes[rest]!));
    if (value === undefined && rest >= end) {
      this.#order.splice(at, 1);
      return true;
    }
    const head = bytes.toString('latin1', start, valueStart);
    const text = value === undefined ? head : `${head}${valueOctets(value)}${rest >= end ? '' : ', '}`;
    this.#order[at] = this.#add({ id, name, text, from: rest, to: this.#lineEnd(line) });
    return true;
  }

  /** Where the line ends, its CRLF included: where the next one starts. */
  #lineEnd(line: number): number {
    const next = line + STRIDE;
    return next < this.#lines.length ? this.#lines[next + 1]! : this.#headerEnd();
  }

  #headerEnd(): number {
    const { index, bytes } = this.#message;
    return index.bodyStart < 0 ? bytes.length : index.bodyStart - 2;
  }

  write(requestUri: string | undefined): Buffer {
    const { bytes, startLine, index, isRequest } = this.#message;
    const order = this.#order;
    const texts: string[] = [];
    const ranges: number[] = [];
    let from = index.startLineStart;
    let to = Math.min(index.startLineEnd + 2, bytes.length);
    let length = 0;
    const flush = (text: string): void => {
      if (from === to && texts.length > 0) {
        texts[texts.length - 1] += text;
        length += text.length;
        return;
      }
      ranges.push(from, to);
      texts.push(text);
      length += to - from + text.length;
    };
    const uri = isRequest && requestUri !== undefined ? octets(safeUri(requestUri)) : '';
    if (uri.length > 0) {
      const lineEnd = to;
      to = startLine.uriStart;
      flush(uri);
      from = startLine.uriEnd;
      to = lineEnd;
    }
    for (let i = 0; i < order.length; i++) {
      const line = order[i]!;
      if (line < 0) {
        const added = this.#added[-1 - line]!;
        flush(added.text);
        from = added.from;
        to = added.to;
      } else {
        const start = this.#lines[line + 1]!;
        if (start !== to) {
          flush('');
          from = start;
        }
        to = this.#lineEnd(line);
      }
    }
    if (to !== this.#headerEnd()) {
      flush('');
      from = this.#headerEnd();
    }
    to = bytes.length;
    flush('');

    const out = Buffer.allocUnsafe(length);
    let at = 0;
    for (let i = 0; i < texts.length; i++) {
      const start = ranges[2 * i]!;
      const end = ranges[2 * i + 1]!;
      if (end > start) {
        bytes.copy(out, at, start, end);
        at += end - start;
      }
      const text = texts[i]!;
      if (text.length > 0) {
        at += out.write(text, at, text.length, 'latin1');
      }
    }
    return out;
  }
}

function isLinear(c: number): boolean {
  return c === SP || c === TAB || c === CR || c === LF;
}
