/** One line of NDJSON, or one record of CSV, which may span lines within quotes (RFC 4180 2). */
export interface TextRecord {
  /** Of its first line, from 1. */
  readonly line: number;
  /** Undefined: it is longer than allowed, and passed over. */
  readonly text: string | undefined;
}

/** Cuts a text that comes in pieces into records, holding no more than one of them. */
export class RecordSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #rest = '';
  #line = 1;
  #first = 1;
  #quoted = false;
  #tooLong = false;

  constructor(private readonly o: { readonly quotes: boolean; readonly maxRecord: number }) {}

  /** The records that end within the piece. @throws TypeError where it is not UTF-8 */
  push(piece: Uint8Array): TextRecord[] {
    return this.#split(this.#decoder.decode(piece, { stream: true }));
  }

  /** What is left. @throws TypeError where it is not UTF-8 */
  end(): TextRecord[] {
    const records = this.#split(this.#decoder.decode());
    if (this.#rest !== '' || this.#tooLong) records.push(this.#record());
    return records;
  }

  #split(text: string): TextRecord[] {
    const records: TextRecord[] = [];
    let start = 0;
    for (;;) {
      const end = text.indexOf('\n', start);
      const part = end < 0 ? text.slice(start) : text.slice(start, end);
      if (this.o.quotes && hasOddQuotes(part)) this.#quoted = !this.#quoted;
      this.#keep(part);
      if (end < 0) return records;
      this.#line += 1;
      start = end + 1;
      if (this.#quoted && !this.#tooLong) this.#keep('\n');
      else {
        this.#quoted = false;
        records.push(this.#record());
      }
    }
  }

  #keep(part: string): void {
    if (this.#tooLong) return;
    if (this.#rest.length + part.length > this.o.maxRecord) {
      this.#tooLong = true;
      this.#rest = '';
    } else this.#rest += part;
  }

  #record(): TextRecord {
    const text = this.#rest.endsWith('\r') ? this.#rest.slice(0, -1) : this.#rest;
    const record = { line: this.#first, text: this.#tooLong ? undefined : text };
    this.#rest = '';
    this.#tooLong = false;
    this.#first = this.#line;
    return record;
  }
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

/** The fields of one record (RFC 4180 2). Undefined: quotes where none may be. */
export function csvFields(record: string): string[] | undefined {
  if (!record.includes('"')) return record.split(',');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (record[at] === '"') {
      let field = '';
      let from = at + 1;
      for (;;) {
        const quote = record.indexOf('"', from);
        if (quote < 0) return undefined;
        field += record.slice(from, quote);
        at = quote + 1;
        if (record[at] !== '"') break;
        field += '"';
        from = at + 1;
      }
      fields.push(field);
    } else {
      const comma = record.indexOf(',', at);
      const field = comma < 0 ? record.slice(at) : record.slice(at, comma);
      if (field.includes('"')) return undefined;
      fields.push(field);
      at += field.length;
    }
    if (at >= record.length) return fields;
    if (record[at] !== ',') return undefined;
    at += 1;
    if (at === record.length) {
      fields.push('');
      return fields;
    }
  }
}
