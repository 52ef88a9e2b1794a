import { safeName, valueOctets } from '../codec/header-text.js';

/**
 * A multipart body and the Content-Type that tells its boundary (RFC 2046 5.1.1). Without a boundary given, one that no
 * part contains is chosen. Header values are made safe as `editMessage` does.
 */
export function writeMultipart(
  parts: readonly {
    readonly headers: readonly (readonly [string, string])[];
    readonly body: Buffer | string;
  }[],
  o?: { readonly boundary?: string; readonly subtype?: string },
): { contentType: string; body: Buffer } {
  const bodies = parts.map(({ body }) => (typeof body === 'string' ? Buffer.from(body, 'utf8') : body));
  const boundary = o?.boundary === undefined ? freeBoundary(bodies) : safeBoundary(o.boundary);
  const pieces: Buffer[] = [];
  parts.forEach(({ headers }, i) => {
    let head = `${i === 0 ? '' : '\r\n'}--${boundary}\r\n`;
    for (const [name, value] of headers) head += `${safeName(name)}: ${valueOctets(value)}\r\n`;
    pieces.push(Buffer.from(`${head}\r\n`, 'latin1'), bodies[i]!);
  });
  pieces.push(Buffer.from(`${parts.length === 0 ? '' : '\r\n'}--${boundary}--\r\n`, 'latin1'));
  return {
    // Deployed clients and PSAPs read no boundary in quotes, and take a hyphen for the end of it.
    contentType: `multipart/${o?.subtype ?? 'mixed'};boundary=${boundary}`,
    body: Buffer.concat(pieces),
  };
}

function freeBoundary(bodies: readonly Buffer[]): string {
  for (let n = 1; ; n++) {
    const boundary = `part${n}boundary`;
    if (!bodies.some((body) => body.includes(boundary))) return boundary;
  }
}

/** What is both a boundary and a token, so that it stands without quotes. */
function safeBoundary(boundary: string): string {
  const safe = safeName(boundary).slice(0, 70);
  return safe.length > 0 ? safe : 'boundary';
}
