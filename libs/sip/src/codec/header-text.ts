import { CR, LF, TAB, isTokenChar } from './lexical.js';

/**
 * What is written for a header value: CR, LF and NUL are dropped, so that no value can start another header or end
 * the header section. A folded value given reads the same without its line ends. One character for each octet.
 */
export function valueOctets(value: string): string {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return octets(without(value, (c) => c === CR || c === LF || c === 0));
  }
  return value;
}

/** As `valueOctets`, for what already is one character for each octet: a value copied from another message. */
export function copiedOctets(value: string): string {
  return without(value, (c) => (c < 0x20 && c !== TAB) || c === 0x7f);
}

/** Only token characters; '' where there are none: such a header is not written. */
export function safeName(name: string): string {
  return without(name, (c) => !isTokenChar(c));
}

/** Without blanks and control characters, which would end the element of the start line. */
export function safeUri(uri: string): string {
  return without(uri, (c) => c <= 0x20 || c === 0x7f);
}

function without(text: string, unwanted: (code: number) => boolean): string {
  for (let i = 0; i < text.length; i++)
    if (unwanted(text.charCodeAt(i)))
      return [...text].filter((character) => !unwanted(character.charCodeAt(0))).join('');
  return text;
}

/** Text to a string whose characters are the octets of its UTF-8 form, to be written as latin1. */
export function octets(text: string): string {
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) > 127) return Buffer.from(text, 'utf8').toString('latin1');
  return text;
}
