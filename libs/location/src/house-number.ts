/** A house number as it is looked up: `Z12-3 bis` is prefix `Z`, number 12, suffix `-3 bis`. */
export interface HouseNumber {
  readonly prefix: string;
  readonly number: number;
  readonly suffix: string;
}

const LARGEST = 999_999_999;

/**
 * RFC 4776 3.4 has the number in HNO and what goes with it in HNS (`1/2`, `A`); RFC 6848 5.4 what goes before in HNP.
 * Senders put them together. Undefined: no number, such as `s/n`.
 */
export function readHouseNumber(text: string): HouseNumber | undefined {
  const found = /^(\D{0,16}?)(\d{1,9})(?!\d)(.{0,32})$/su.exec(plainNumerals(text).trim());
  if (!found) return undefined;
  const number = Number(found[2]);
  if (number > LARGEST) return undefined;
  return { prefix: bare(found[1]), number, suffix: bare(found[3]) };
}

/** `½` is `1/2`, and apart from the number before it; wide digits are digits. */
export function plainNumerals(text: string): string {
  return text
    .replace(/\p{No}/gu, (n) => ` ${n}`)
    .normalize('NFKC')
    .replaceAll('⁄', '/');
}

function bare(text = ''): string {
  return text.replace(/^[\s.\-º°]+|[\s.\-º°]+$/gu, '');
}
