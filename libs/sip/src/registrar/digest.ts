import { createHash, randomBytes } from 'node:crypto';

/** RFC 8760 2.1, the strongest first. */
export type DigestAlgorithm = 'SHA-256' | 'MD5';
export const digestAlgorithms: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'];

export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  if (name === undefined) return 'MD5';
  return digestAlgorithms.find((algorithm) => algorithm === name.toUpperCase());
}

function hash(algorithm: DigestAlgorithm, text: string | Uint8Array): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
}

/** What a digest response is made from. RFC 7616 3.4 */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** Undefined where the peer knows no qop (RFC 2069). */
  readonly qop: 'auth' | 'auth-int' | undefined;
  /** Eight hexadecimal digits. */
  readonly nc: string;
  readonly cnonce: string;
  readonly body?: Uint8Array | string;
}

export function digestResponse(o: DigestInput): string {
  const h = (text: string) => hash(o.algorithm, text);
  const ha1 = h(`${o.user}:${o.realm}:${o.password}`);
  const entity = o.qop === 'auth-int' ? `:${hash(o.algorithm, o.body ?? '')}` : '';
  const ha2 = h(`${o.method}:${o.uri}${entity}`);
  return o.qop === undefined
    ? h(`${ha1}:${o.nonce}:${ha2}`)
    : h(`${ha1}:${o.nonce}:${o.nc}:${o.cnonce}:${o.qop}:${ha2}`);
}

/** Longest header value that is looked at. */
const maxDigestText = 4_096;

/**
 * The parameters of `Digest name=value, name="value"`, names in lower case, values unquoted; undefined where the
 * scheme is another or the text is broken.
 */
export function parseDigest(text: string): ReadonlyMap<string, string> | undefined {
  if (text.length > maxDigestText || text.slice(0, 6).toLowerCase() !== 'digest') return undefined;
  const params = new Map<string, string>();
  const blank = (at: number) => text[at] === ' ' || text[at] === '\t';
  let at = 6;
  if (!blank(at)) return undefined;
  for (;;) {
    while (blank(at) || text[at] === ',') at++;
    if (at >= text.length) return params;
    const equals = text.indexOf('=', at);
    if (equals < 0) return undefined;
    const name = text.slice(at, equals).trim().toLowerCase();
    at = equals + 1;
    while (blank(at)) at++;
    let value = '';
    if (text[at] === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) {
        if (text[at] === '\\') at++;
        value += text[at] ?? '';
      }
      if (text[at] !== '"') return undefined;
      at++;
    } else {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length : comma;
      value = text.slice(at, end).trim();
      at = end;
    }
    while (blank(at)) at++;
    if (at < text.length && text[at] !== ',') return undefined;
    if (name === '' || params.has(name)) return undefined;
    params.set(name, value);
  }
}

/** A quoted-string. RFC 3261 25.1 */
export function quoted(text: string): string {
  let escaped = '';
  for (const char of text) escaped += char === '"' || char === '\\' ? `\\${char}` : char;
  return `"${escaped}"`;
}

export interface DigestAnswerOptions {
  readonly user: string;
  readonly password: string;
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  readonly body?: Uint8Array | string;
  readonly cnonce?: string;
  /** How many requests have used this nonce, this one included. */
  readonly nc?: number;
}

/**
 * The Authorization (or Proxy-Authorization) value that answers a challenge; '' where the challenge cannot be
 * answered: another scheme, an algorithm not known here, no nonce or realm. RFC 7616 3.4, RFC 8760 2.4
 */
export function answerDigest(challenge: string, o: DigestAnswerOptions): string {
  const params = parseDigest(challenge);
  const algorithm = digestAlgorithm(params?.get('algorithm'));
  const realm = params?.get('realm');
  const nonce = params?.get('nonce');
  if (!params || !algorithm || realm === undefined || nonce === undefined) return '';
  const offered = params
    .get('qop')
    ?.split(',')
    .map((name) => name.trim().toLowerCase());
  const qop = offered?.includes('auth') ? 'auth' : offered?.includes('auth-int') ? 'auth-int' : undefined;
  if (offered && qop === undefined) return '';
  const cnonce = o.cnonce ?? randomBytes(12).toString('base64url');
  const nc = (o.nc ?? 1).toString(16).padStart(8, '0');
  const response = digestResponse({ ...o, algorithm, realm, nonce, qop, nc, cnonce });
  const opaque = params.get('opaque');
  return [
    `Digest username=${quoted(o.user)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(o.uri)}`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
    ...(qop ? [`qop=${qop}`, `nc=${nc}`, `cnonce=${quoted(cnonce)}`] : []),
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
  ].join(', ');
}

/** Of several challenges the one with the strongest algorithm known here. RFC 8760 2.4 leaves the choice to us. */
export function strongestChallenge(challenges: readonly string[]): string | undefined {
  for (const algorithm of digestAlgorithms) {
    const found = challenges.find((text) => {
      const params = parseDigest(text);
      return params !== undefined && digestAlgorithm(params.get('algorithm')) === algorithm;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}
