import type { PathStep } from './policy-problem.js';

/** The line, from 1, on which the value at a path stands in a text that is JSON. The nearest one above where it is missing. */
export function lineOfPath(text: string, path: readonly PathStep[]): number {
  const walk = new JsonWalk(text);
  let line = walk.line();
  for (const step of path) {
    if (!(typeof step === 'number' ? walk.intoElement(step) : walk.intoMember(step))) break;
    line = walk.line();
  }
  return line;
}

function lineAt(text: string, end: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Goes down a text that `JSON.parse` took, so nothing is checked again. */
class JsonWalk {
  #at = 0;

  constructor(private readonly text: string) {
    this.#blanks();
  }

  line(): number {
    return lineAt(this.text, this.#at);
  }

  /** Of a member named twice the last, as `JSON.parse` does. */
  intoMember(name: string): boolean {
    if (this.text[this.#at] !== '{') return false;
    let found = -1;
    this.#next();
    while (this.#at < this.text.length && this.text[this.#at] !== '}') {
      const start = this.#at;
      this.#skipText();
      const key = this.text.slice(start, this.#at);
      this.#blanks();
      this.#next(); // :
      if (key === JSON.stringify(name)) found = this.#at;
      this.#skipValue();
      if (this.text[this.#at] === ',') this.#next();
    }
    if (found < 0) return false;
    this.#at = found;
    return true;
  }

  intoElement(place: number): boolean {
    if (this.text[this.#at] !== '[') return false;
    this.#next();
    for (let n = 0; this.#at < this.text.length && this.text[this.#at] !== ']'; n += 1) {
      if (n === place) return true;
      this.#skipValue();
      if (this.text[this.#at] === ',') this.#next();
    }
    return false;
  }

  #next(): void {
    this.#at += 1;
    this.#blanks();
  }

  #blanks(): void {
    while (' \t\r\n'.includes(this.text[this.#at] ?? 'x')) this.#at += 1;
  }

  #skipText(): void {
    this.#at += 1;
    while (this.#at < this.text.length && this.text[this.#at] !== '"')
      this.#at += this.text[this.#at] === '\\' ? 2 : 1;
    this.#at += 1;
  }

  /** Past a value and the blanks behind it. */
  #skipValue(): void {
    let depth = 0;
    do {
      const char = this.text[this.#at] ?? '';
      if (char === '"') this.#skipText();
      else {
        if (char === '{' || char === '[') depth += 1;
        else if (char === '}' || char === ']') depth -= 1;
        this.#at += 1;
        if (depth === 0 && !'}]'.includes(char))
          while (this.#at < this.text.length && !',}] \t\r\n'.includes(this.text[this.#at] ?? ','))
            this.#at += 1;
      }
      if (depth > 0) this.#blanks();
    } while (depth > 0 && this.#at < this.text.length);
    this.#blanks();
  }
}
