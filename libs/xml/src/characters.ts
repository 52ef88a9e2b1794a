/*
 * What a UTF-16 code unit may be in a document (XML 1.0, fifth edition, 2.2, 2.3; Namespaces in XML 1.0, 3): one
 * look-up a unit. The halves of a pair are told apart by the reader.
 */

/** First of an NCName. */
export const NAME_START = 1;
/** Further in an NCName. */
export const NAME = 2;
/** S. */
export const SPACE = 4;
/** Ends a run of plain text: markup, `>` that may close a CDATA section, and what is no character at all. */
export const TEXT_STOP = 8;
/** Ends a run of a plain attribute value: quotes, markup, white space to be normalised, what is no character. */
export const VALUE_STOP = 16;
/** Not a character by itself: a control, half of a pair, U+FFFE, U+FFFF. */
export const NOT_ALONE = 32;

/** Ranges of NameStartChar but the colon, and the planes above the first. */
const NAME_STARTS = [
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
] as const;

/** What NameChar adds. */
const NAME_REST = [
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0xb7, 0xb7],
  [0x300, 0x36f],
  [0x203f, 0x2040],
] as const;

function table(): Uint8Array {
  const flags = new Uint8Array(0x10000);
  const add = (from: number, to: number, flag: number): void => {
    for (let unit = from; unit <= to; unit++) flags[unit] = (flags[unit] ?? 0) | flag;
  };
  for (const [from, to] of NAME_STARTS) add(from, to, NAME_START | NAME);
  for (const [from, to] of NAME_REST) add(from, to, NAME);
  for (const unit of [0x20, 0x09, 0x0a, 0x0d]) add(unit, unit, SPACE);
  for (const [from, to] of [
    [0, 0x08],
    [0x0b, 0x0c],
    [0x0e, 0x1f],
    [0xd800, 0xdfff],
    [0xfffe, 0xffff],
  ] as const) {
    add(from, to, NOT_ALONE | TEXT_STOP | VALUE_STOP);
  }
  for (const character of '<&>') add(character.charCodeAt(0), character.charCodeAt(0), TEXT_STOP);
  for (const character of '<&"\'\t\n\r') add(character.charCodeAt(0), character.charCodeAt(0), VALUE_STOP);
  return flags;
}

export const CHARACTERS: Uint8Array = table();

/** Whether a code point is a Char (XML 1.0, 2.2). */
export function isCharacter(point: number): boolean {
  if (point > 0xffff) return point <= 0x10ffff;
  return ((CHARACTERS[point] ?? NOT_ALONE) & NOT_ALONE) === 0;
}

/** Whether two units are the halves of a pair, which is a character of the planes above the first. */
export function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

/** Whether a pair may stand in a name: #x10000 to #xEFFFF. */
export function isNamePair(high: number, low: number): boolean {
  return isPair(high, low) && high <= 0xdb7f;
}
