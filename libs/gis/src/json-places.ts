/** Where in a text, both from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export interface JsonFault extends TextPlace {
  readonly message: string;
}

/** Deeper than any geometry: what is deeper is not read. */
export const MAX_JSON_DEPTH = 200;

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const word = /[A-Za-z]+/y;
const blank = /[ \t\n\r]*/y;

export function placeIn(text: string, offset: number): TextPlace {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

/** The first place where a text is not JSON (RFC 8259), and why. Undefined where it is. */
export function jsonFault(text: string): JsonFault | undefined {
  const fault = (offset: number, message: string): JsonFault => ({ ...placeIn(text, offset), message });
  const open: ('{' | '[')[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  /** What may come: a value, a name (first of an object: or its end), a comma or the end. */
  let expect: 'value' | 'first-value' | 'name' | 'first-name' | 'after' = 'value';
  for (;;) {
    at = end(blank, text, at);
    const c = text[at];
    if (c === undefined) {
      if (expect === 'after' && open.length === 0) return undefined;
      const missing = open.at(-1) === '{' ? '}' : open.at(-1) === '[' ? ']' : 'a value';
      return fault(
        at,
        text.trim() === '' ? 'the file is empty' : `the file ends here; ${missing} is missing`,
      );
    }
    if (expect === 'after') {
      if (open.length === 0) return fault(at, `nothing may follow the end, but ${shown(text, at)} does`);
      const inObject = open.at(-1) === '{';
      if (c === ',') expect = inObject ? 'name' : 'value';
      else if (c === (inObject ? '}' : ']')) open.pop();
      else return fault(at, `a comma or ${inObject ? '}' : ']'} belongs here, not ${shown(text, at)}`);
      at += 1;
    } else if ((c === '}' && expect === 'first-name') || (c === ']' && expect === 'first-value')) {
      open.pop();
      expect = 'after';
      at += 1;
    } else if (expect === 'name' || expect === 'first-name') {
      if (c !== '"') return fault(at, `a name in double quotes belongs here, not ${shown(text, at)}`);
      const after = stringEnd(text, at);
      if (typeof after === 'string') return fault(at, after);
      at = end(blank, text, after);
      if (text[at] !== ':') return fault(at, `a colon belongs here, not ${shown(text, at)}`);
      at += 1;
      expect = 'value';
    } else if (c === '{' || c === '[') {
      open.push(c);
      if (open.length > MAX_JSON_DEPTH) return fault(at, `nested deeper than ${MAX_JSON_DEPTH} levels`);
      expect = c === '{' ? 'first-name' : 'first-value';
      at += 1;
    } else {
      const after = valueEnd(text, at, c);
      if (typeof after === 'string') return fault(at, after);
      at = after;
      expect = 'after';
    }
  }
}

function end(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

function valueEnd(text: string, at: number, c: string): number | string {
  if (c === '"') return stringEnd(text, at);
  const afterNumber = end(number, text, at);
  if (afterNumber > at) return afterNumber;
  const found = text.slice(at, end(word, text, at));
  if (found === 'true' || found === 'false' || found === 'null') return at + found.length;
  if (found === 'NaN' || found === 'Infinity') return `${found} is no JSON value; a position is two numbers`;
  return `a value belongs here, not ${shown(text, at)}`;
}

function stringEnd(text: string, start: number): number | string {
  for (let at = start + 1; at < text.length; at += 1) {
    const c = text.charCodeAt(at);
    if (c === 0x22) return at + 1;
    if (c < 0x20) return 'a text is not closed on its line';
    if (c === 0x5c) at += 1;
  }
  return 'a text is not closed';
}

function shown(text: string, at: number): string {
  const c = text[at];
  return c === undefined ? 'the end' : JSON.stringify(text.slice(at, at + 12).split('\n')[0] ?? c);
}

export interface JsonOutline {
  /** The lines on which the features of a collection begin. */
  readonly featureLines: readonly number[];
  /** Where it is nested deeper than MAX_JSON_DEPTH. */
  readonly tooDeep?: TextPlace;
}

/** How a text that is JSON is laid out, without reading its values. */
export function jsonOutline(text: string): JsonOutline {
  const featureLines: number[] = [];
  let depth = 0;
  let line = 1;
  let inFeatures = false;
  let before = '';
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x0a:
        line += 1;
        break;
      case 0x22: {
        const start = at + 1;
        at = text.indexOf('"', start);
        while (at > 0 && escaped(text, at)) at = text.indexOf('"', at + 1);
        if (at < 0) return { featureLines };
        if (depth === 1) before = text.slice(start, Math.min(at, start + 10));
        break;
      }
      case 0x7b:
      case 0x5b:
        if (depth === 2 && inFeatures && text[at] === '{') featureLines.push(line);
        if (depth === 1 && before === 'features' && text[at] === '[') inFeatures = true;
        depth += 1;
        if (depth > MAX_JSON_DEPTH) return { featureLines, tooDeep: placeIn(text, at) };
        break;
      case 0x7d:
      case 0x5d:
        depth -= 1;
        if (depth === 1) inFeatures = false;
        break;
    }
  }
  return { featureLines };
}

/** An odd number of backslashes stands before it. */
function escaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
  return backslashes % 2 === 1;
}
