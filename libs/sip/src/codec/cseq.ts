import { decimal, isBlank, isTokenChar, skipBlanks } from './lexical.js';

/** RFC 3261 20.16: number of 32 bits. */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** RFC 3261 20.16: 1*DIGIT LWS Method. 8.1.1.5 sends below 2**31; what 32 bits hold is read (RFC 4475 3.1.2.4). */
export function parseCSeq(value: string): CSeq | undefined {
  let digits = 0;
  while (digits < value.length && !isBlank(value.charCodeAt(digits))) digits++;
  const number = decimal(value.slice(0, digits), 0xffff_ffff);
  const method = value.slice(skipBlanks(value, digits));
  if (number === undefined || method.length === 0) return undefined;
  for (let i = 0; i < method.length; i++) if (!isTokenChar(method.charCodeAt(i))) return undefined;
  return { number, method };
}
