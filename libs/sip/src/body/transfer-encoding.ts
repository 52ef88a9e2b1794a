const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const TAB = 0x09;
const EQUALS = 0x3d;

/** Octets after a transfer encoding was undone; where that failed, the octets as they were sent. */
export interface DecodedBody {
  readonly body: Buffer;
  /** RFC 2045 6.4: a mechanism nobody here knows. RFC 2045 6.8: not of the alphabet of its mechanism. */
  readonly problem?: 'unknown' | 'broken';
}

/** Undoes a Content-Transfer-Encoding (RFC 2045 6). Absent, `7bit`, `8bit` and `binary` change nothing. */
export function decodeTransfer(raw: Buffer, encoding: string | undefined): DecodedBody {
  switch (encoding?.trim().toLowerCase() ?? '') {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return { body: raw };
    case 'base64':
      return fromBase64(raw);
    case 'quoted-printable':
      return fromQuotedPrintable(raw);
    default:
      return { body: raw, problem: 'unknown' };
  }
}

/** RFC 2045 6.8: line ends and blanks are passed over, anything else out of the alphabet means that it is no base64. */
function fromBase64(raw: Buffer): DecodedBody {
  let padding = 0;
  let digits = 0;
  for (const octet of raw) {
    if (octet === CR || octet === LF || octet === SP || octet === TAB) continue;
    if (octet === EQUALS) padding++;
    else if (padding === 0 && isBase64(octet)) digits++;
    else return { body: raw, problem: 'broken' };
  }
  if (padding > 2 || digits % 4 === 1) return { body: raw, problem: 'broken' };
  return { body: Buffer.from(raw.toString('latin1'), 'base64') };
}

/** RFC 2045 6.7. An equals sign that stands for itself is taken so, as the clause advises; the part is marked. */
function fromQuotedPrintable(raw: Buffer): DecodedBody {
  const out = Buffer.alloc(raw.length);
  let length = 0;
  let broken = false;
  for (let at = 0; at < raw.length;) {
    const octet = raw[at] ?? 0;
    if (octet === SP || octet === TAB) {
      // Blanks at the end of a line were put there on the way.
      let end = at;
      while (raw[end] === SP || raw[end] === TAB) end++;
      if (raw[end] !== LF && raw[end] !== CR && end < raw.length) {
        length += raw.copy(out, length, at, end);
      }
      at = end;
    } else if (octet !== EQUALS) {
      out[length++] = octet;
      at++;
    } else {
      const high = hexValue(raw[at + 1]);
      const low = hexValue(raw[at + 2]);
      if (high >= 0 && low >= 0) {
        out[length++] = high * 16 + low;
        at += 3;
        continue;
      }
      let end = at + 1;
      while (raw[end] === SP || raw[end] === TAB) end++;
      if (raw[end] === CR) end++;
      if (raw[end] === LF) at = end + 1;
      else if (end >= raw.length) at = raw.length;
      else {
        broken = true;
        out[length++] = octet;
        at++;
      }
    }
  }
  return { body: out.subarray(0, length), ...(broken && { problem: 'broken' as const }) };
}

function isBase64(octet: number): boolean {
  return (
    (octet >= 0x41 && octet <= 0x5a) ||
    (octet >= 0x61 && octet <= 0x7a) ||
    (octet >= 0x30 && octet <= 0x39) ||
    octet === 0x2b ||
    octet === 0x2f
  );
}

function hexValue(octet: number | undefined): number {
  if (octet === undefined) return -1;
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  if (octet >= 0x41 && octet <= 0x46) return octet - 0x37;
  if (octet >= 0x61 && octet <= 0x66) return octet - 0x57;
  return -1;
}
