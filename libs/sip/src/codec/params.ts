import {
  DQUOTE,
  EQUAL,
  LBRACKET,
  SEMI,
  isBlank,
  quotedEnd,
  skipBlanks,
  tokenEnd,
  unquote,
} from './lexical.js';

/** Parameter names in lower case; values unquoted; undefined for a parameter without a value. */
export type Params = ReadonlyMap<string, string | undefined>;

export const noParams: Params = new Map<string, string | undefined>();

/**
 * Reads `*( SEMI generic-param )` of RFC 3261 25.1 from `from` to the end of `text`.
 * Undefined where a parameter has no name, a quote stays open or something else follows. Of a parameter given
 * twice the first counts.
 */
export function parseParams(text: string, from: number): Params | undefined {
  let at = skipBlanks(text, from);
  if (at === text.length) return noParams;
  const params = new Map<string, string | undefined>();
  while (at < text.length) {
    if (text.charCodeAt(at) !== SEMI) return undefined;
    at = skipBlanks(text, at + 1);
    const nameEnd = tokenEnd(text, at);
    if (nameEnd === at) return undefined;
    const name = text.slice(at, nameEnd).toLowerCase();
    at = skipBlanks(text, nameEnd);
    let value: string | undefined;
    if (text.charCodeAt(at) === EQUAL) {
      at = skipBlanks(text, at + 1);
      const end = valueEnd(text, at);
      if (end <= at) return undefined;
      value = text.charCodeAt(at) === DQUOTE ? unquote(text.slice(at, end)) : text.slice(at, end);
      at = skipBlanks(text, end);
    }
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

/**
 * gen-value = token / host / quoted-string. An unquoted value is taken up to the next semicolon or blank: deployed
 * values hold `/`, `@`, `:` and more, and nothing is lost by reading them.
 */
function valueEnd(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === DQUOTE) return quotedEnd(text, from);
  if (first === LBRACKET) {
    const close = text.indexOf(']', from);
    return close < 0 ? -1 : close + 1;
  }
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === SEMI || isBlank(code)) break;
    if (code === DQUOTE) return -1;
    at++;
  }
  return at;
}
