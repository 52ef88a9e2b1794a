/** Octets and character classes of RFC 3261 25.1. */
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const PERCENT = 0x25;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMI = 0x3b;
export const LT = 0x3c;
export const EQUAL = 0x3d;
export const GT = 0x3e;
export const QUESTION = 0x3f;
export const AT = 0x40;
export const LBRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const RBRACKET = 0x5d;

const ALPHANUM = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A 256-entry table with 1 for each given character. */
export function charTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1;
  return table;
}

/** token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~") */
export const TOKEN = charTable(`${ALPHANUM}-.!%*_+\`'~`);
/** user = unreserved / user-unreserved, escapes apart */
export const USER = charTable(`${ALPHANUM}-_.!~*'()&=+$,;?/`);
export const PASSWORD = charTable(`${ALPHANUM}-_.!~*'()&=+$,`);
/** paramchar = param-unreserved / unreserved */
export const URI_PARAMETER = charTable(`${ALPHANUM}-_.!~*'()[]/:&+$`);
/** hnv-unreserved / unreserved, with the separators of the headers component */
export const URI_HEADERS = charTable(`${ALPHANUM}-_.!~*'()[]/?:+$&=`);
/** Underscore is no hostname character in the grammar, yet service names carry it: tolerated. */
export const HOST = charTable(`${ALPHANUM}-._`);
export const SCHEME = charTable(`${ALPHANUM}+-.`);

/** Octet to octet, letters to lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, c) => (c >= 0x41 && c <= 0x5a ? c + 0x20 : c));

export function isTokenChar(code: number): boolean {
  return code < 256 && TOKEN[code] === 1;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isHex(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

export function isBlank(code: number): boolean {
  return code === SP || code === TAB;
}

export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Without the SP and HTAB around it. `String.trim` would take a no-break space away, which is text. */
export function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** Where a run of token characters that starts at `from` ends. */
export function tokenEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isTokenChar(text.charCodeAt(at))) at++;
  return at;
}

/** Every character is of the class, or a percent escape where `escapes`. */
export function consistsOf(text: string, table: Uint8Array, escapes: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 256 && table[code] === 1) continue;
    if (!escapes || code !== PERCENT) return false;
    if (i + 2 >= text.length || !isHex(text.charCodeAt(i + 1)) || !isHex(text.charCodeAt(i + 2)))
      return false;
    i += 2;
  }
  return true;
}

/** The number 1*DIGIT spells, if `text` is that and at most `max`; leading zeros are fine. */
export function decimal(text: string, max: number): number | undefined {
  if (text.length === 0) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return undefined;
    value = value * 10 + (code - 0x30);
    if (value > max) return undefined;
  }
  return value;
}

/** Index just past the closing quote of the quoted-string that opens at `from`, or -1. */
export function quotedEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === DQUOTE) return i + 1;
  }
  return -1;
}

/** What a quoted-string says: without its quotes and the backslashes of its quoted pairs. */
export function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (!inner.includes('\\')) return inner;
  let result = '';
  for (let i = 0; i < inner.length; i++) {
    if (inner.charCodeAt(i) === BACKSLASH) i++;
    if (i < inner.length) result += inner[i];
  }
  return result;
}
