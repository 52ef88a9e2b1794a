/** A part of a body: text, or bytes of any kind. */
export interface OutgoingPart {
  readonly contentType: string;
  readonly contentId?: string;
  readonly disposition?: string;
  readonly body: string | Uint8Array;
}

/**
 * The body of a request as text, the only form in which sip.js sends one. One text is the body itself, everything else
 * multipart/mixed (RFC 2046 5.1). What is no UTF-8 travels in base64 (RFC 2045 6.8) and is the same bytes at the far end.
 */
export function writeBody(
  parts: readonly OutgoingPart[],
  boundary: string,
): { readonly contentType: string; readonly body: string } | undefined {
  const [first] = parts;
  if (!first) return undefined;
  const encoded = parts.map(encode);
  const [alone] = encoded;
  if (alone && parts.length === 1 && !alone.base64 && first.contentId === undefined) {
    return { contentType: oneLine(first.contentType), body: alone.text };
  }
  let body = '';
  parts.forEach((part, i) => {
    const { text, base64 } = encoded[i] ?? { text: '', base64: false };
    body += `--${boundary}\r\nContent-Type: ${oneLine(part.contentType)}\r\n`;
    if (part.contentId !== undefined) body += `Content-ID: <${oneLine(part.contentId)}>\r\n`;
    if (part.disposition !== undefined) body += `Content-Disposition: ${oneLine(part.disposition)}\r\n`;
    if (base64) body += 'Content-Transfer-Encoding: base64\r\n';
    body += `\r\n${text}\r\n`;
  });
  return { contentType: `multipart/mixed;boundary=${boundary}`, body: `${body}--${boundary}--\r\n` };
}

/** A header value that cannot begin another header. */
export function oneLine(value: string): string {
  let line = '';
  for (const character of wellFormed(value)) {
    const code = character.charCodeAt(0);
    line += code < 0x20 || code === 0x7f ? ' ' : character;
  }
  return line.trim();
}

/** Text that has a UTF-8 form: half a surrogate pair, as a cut emoji leaves it, becomes U+FFFD. */
export function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}

function encode({ body }: OutgoingPart): { readonly text: string; readonly base64: boolean } {
  if (typeof body === 'string') return { text: wellFormed(body), base64: false };
  try {
    return {
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body),
      base64: false,
    };
  } catch {
    return { text: base64Lines(body), base64: true };
  }
}

/** Octets of one base64 line. RFC 2045 6.8: at most 76 characters. */
const lineOctets = 57;

function base64Lines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += lineOctets) {
    lines.push(btoa(String.fromCharCode(...bytes.subarray(at, at + lineOctets))));
  }
  return lines.join('\r\n');
}
