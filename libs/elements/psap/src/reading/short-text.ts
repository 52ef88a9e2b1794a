/** Characters kept of a header value that people only look at. */
const maxShort = 256;

/** A copy of its own, on one line and not too long, for what is shown beside a message. */
export function clipped(text: string): string {
  let line = '';
  for (const char of text) {
    if (line.length >= maxShort) break;
    const code = char.codePointAt(0) ?? 0;
    line += code < 0x20 || code === 0x7f ? ' ' : char;
  }
  return Buffer.from(line.trim()).toString();
}
