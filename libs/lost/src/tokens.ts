/** Characters of a service URN, of a source and of a boundary key. */
export const MAX_TOKEN = 256;

/** RFC 3986 section 4.3, as far as a name needs it: a scheme, a colon, something visible, no white space. */
export function isAbsoluteUri(text: string): boolean {
  return text.length <= MAX_TOKEN && /^[A-Za-z][A-Za-z0-9+.-]{0,63}:[^\s<>"{}|\\^`]+$/.test(text);
}
