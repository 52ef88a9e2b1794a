/** Characters that no XML 1.0 document can carry, lone surrogates among them. XML 1.0 2.2 */
const notXml = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** A text as XML can carry it: each character that it cannot becomes U+FFFD, and that is said. */
export function carried(text: string): { readonly text: string; readonly repaired: boolean } {
  const fitted = text.replace(notXml, '\ufffd');
  return { text: fitted, repaired: fitted !== text };
}

/** TS 103 280 ShortString: at most 255 characters; what is longer is cut off. */
export function shortString(text: string): string {
  return cut(carried(text).text, 255);
}

/** TS 103 280 LongString: at most 65,535 characters. */
export function longString(text: string): string {
  return cut(carried(text).text, 65_535);
}

/** xs:language, or undefined where it is none. RFC 5646 */
export function languageTag(text: string): string | undefined {
  return /^[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*$/.test(text) ? text : undefined;
}

/** The last part of a file name, without paths and control characters; undefined where nothing is left. */
export function fileName(text: string): string | undefined {
  const name = Array.from(text.replace(/^.*[/\\]/s, ''))
    .filter((char) => !isControl(char))
    .join('')
    .trim();
  return name === '' || name === '.' || name === '..' ? undefined : cut(carried(name).text, 255);
}

function isControl(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  // Marks that turn the reading direction round make a name look like another.
  return (
    code < 0x20 || (code >= 0x7f && code < 0xa0) || /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(char)
  );
}

/** XML Schema counts code points; a pair of surrogates is never cut in two. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : Array.from(text).slice(0, length).join('');
}
