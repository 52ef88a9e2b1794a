/** Levels of lists and objects in one another. */
const MAX_DEPTH = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;

export interface JsonFault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Where a text that `JSON.parse` refuses goes wrong: its messages name no place, or quote half the text. */
export function jsonFault(text: string): JsonFault {
  const scan = new FaultScan(text);
  const message = scan.fault();
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < scan.at; at = text.indexOf('\n', at + 1)) line += 1;
  return { line, message };
}

class FaultScan {
  at = 0;

  constructor(private readonly text: string) {}

  fault(): string {
    const fault = this.#value(0);
    if (fault !== undefined) return fault;
    this.#blanks();
    return this.at < this.text.length ? `expected the end, found ${this.#here()}` : 'cannot be read';
  }

  #value(depth: number): string | undefined {
    this.#blanks();
    if (depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`;
    const char = this.text[this.at];
    if (char === '{') return this.#items('}', depth, () => this.#name());
    if (char === '[') return this.#items(']', depth, () => undefined);
    if (this.#take(TEXT) || this.#take(NUMBER) || this.#take(WORD)) return undefined;
    return char === '"' ? 'a text that does not end on its line' : `expected a value, found ${this.#here()}`;
  }

  #items(end: string, depth: number, before: () => string | undefined): string | undefined {
    this.at += 1;
    this.#blanks();
    if (this.text[this.at] === end) {
      this.at += 1;
      return undefined;
    }
    for (;;) {
      const fault = before() ?? this.#value(depth + 1);
      if (fault !== undefined) return fault;
      this.#blanks();
      const char = this.text[this.at];
      if (char !== ',' && char !== end) return `expected , or ${end}, found ${this.#here()}`;
      this.at += 1;
      if (char === end) return undefined;
    }
  }

  #name(): string | undefined {
    this.#blanks();
    if (!this.#take(TEXT)) return `expected a name in double quotes, found ${this.#here()}`;
    this.#blanks();
    if (this.text[this.at] !== ':') return `expected :, found ${this.#here()}`;
    this.at += 1;
    return undefined;
  }

  #take(token: RegExp): boolean {
    token.lastIndex = this.at;
    const found = token.exec(this.text);
    if (!found) return false;
    this.at += found[0].length;
    return true;
  }

  #blanks(): void {
    while (' \t\r\n'.includes(this.text[this.at] ?? 'x')) this.at += 1;
  }

  #here(): string {
    return this.at >= this.text.length ? 'the end of the file' : JSON.stringify(this.text[this.at]);
  }
}
