import { plainNumerals } from './house-number.js';

/** Characters of a value; RFC 4776 2 has room for 255 octets. A longer one is like no other. */
export const MAX_CIVIC_VALUE = 255;
/** Stands for every value that is too long; no value folds to it. */
export const TOO_LONG = '\u0000';

export interface CivicFolding {
  /** Compare `Alcala` equal to `Alcalá`: Latin, Greek and Cyrillic letters without their marks. */
  readonly ignoreDiacritics: boolean;
  /** What an element may say instead: key of `equivalentKey`, value folded. */
  readonly equivalents: ReadonlyMap<string, string>;
}

/** RFC 5139 3.6 (white space), RFC 5222 12.3 (text): nothing beyond what the two documents say. */
export const PLAIN_FOLDING: CivicFolding = { ignoreDiacritics: false, equivalents: new Map() };

/** What nobody sees: directions, joiners, soft hyphens, controls, the byte order mark. */
const INVISIBLE = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\p{Cf}]/gu;
const PLAIN_ASCII = /^[!-~]+$/;
/** Marks upon letters; vowel signs of other scripts are letters of their own and stay. */
const MARKS = /[\u0300-\u036f]/g;

/**
 * The form in which two values of one element are compared: without case (full folding, so that `Straße` is
 * `STRASSE`), white space folded, Unicode NFC, nothing invisible. Letters that only look alike stay different.
 */
export function foldText(text: string, ignoreDiacritics = false): string {
  if (PLAIN_ASCII.test(text) && text.length <= MAX_CIVIC_VALUE) return text.toLowerCase();
  // Twice as many, for what decomposes; more is not worth the time.
  if (text.length > 2 * MAX_CIVIC_VALUE) return TOO_LONG;
  let s = text.normalize('NFC').replace(INVISIBLE, '').replace(/\s+/gu, ' ').trim();
  if (s.length > MAX_CIVIC_VALUE) return TOO_LONG;
  s = s.toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  return (ignoreDiacritics ? s.normalize('NFD').replace(MARKS, '') : s).normalize('NFC');
}

/** A value as it is compared for an element of that name. '' says nothing. */
export function foldCivic(name: string, value: string, folding: CivicFolding): string {
  const folded = foldText(name === 'HNS' ? plainNumerals(value) : value, folding.ignoreDiacritics);
  return folding.equivalents.get(equivalentKey(name, folded)) ?? folded;
}

export function equivalentKey(name: string, folded: string): string {
  return `${name} ${folded}`;
}

/** An alternative that stands for two values: nobody could say which is meant. */
export interface EquivalentProblem {
  readonly name: string;
  readonly alternative: string;
}

/**
 * By element and value what may stand for it: `{ STS: { Street: ['St', 'Str.'] }, A1: { Madrid: ['MD'] } }`. There
 * is none by default, as RFC 5139 registers none and an abbreviation is a matter of language and place.
 */
export function foldingOf(
  options: {
    readonly ignoreDiacritics?: boolean;
    readonly equivalents?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  } = {},
): { readonly folding: CivicFolding; readonly problems: readonly EquivalentProblem[] } {
  const ignoreDiacritics = options.ignoreDiacritics ?? false;
  const equivalents = new Map<string, string>();
  const problems: EquivalentProblem[] = [];
  for (const [name, values] of Object.entries(options.equivalents ?? {})) {
    for (const [value, alternatives] of Object.entries(values)) {
      const folded = foldText(value, ignoreDiacritics);
      for (const alternative of alternatives) {
        const key = equivalentKey(name, foldText(alternative, ignoreDiacritics));
        const known = equivalents.get(key);
        if (known !== undefined && known !== folded) problems.push({ name, alternative });
        else equivalents.set(key, folded);
      }
    }
  }
  return { folding: { ignoreDiacritics, equivalents }, problems };
}
