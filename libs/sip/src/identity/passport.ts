import { type Result, err, ok } from '@esinet/kernel';
import { parametersOf } from './parameters.js';

/** A PASSporT as it came in one Identity value. RFC 8224 4, RFC 8225 */
export interface Passport {
  /** JWS algorithm, of the header or, in compact form, of the `alg` parameter. */
  readonly alg: string;
  /** Extension: `shaken`, `rph`. */
  readonly ppt?: string;
  /** Where the certificate is: `x5u`, or the `info` parameter. */
  readonly x5u: string;
  /** Missing in the compact form: what is signed follows from the request. */
  readonly full?: { readonly header: string; readonly payload: string; readonly claims: Claims };
  readonly signature: Buffer;
}

/** RFC 8225 5, RFC 8443 3, RFC 9027 4 */
export interface Claims {
  /** Seconds since 1970. */
  readonly iat: number;
  readonly orig: { readonly tn?: string; readonly uri?: string };
  readonly dest: { readonly tn: readonly string[]; readonly uri: readonly string[] };
  readonly rph?: readonly string[];
  readonly sph?: string;
}

/** Characters of one Identity value that are read. */
const longestValue = 8_192;

/** Octets of an ES256 signature. RFC 7518 3.4 */
const signatureLength = 64;

/** Reads one Identity value. Nothing in it is believed yet. */
export function parsePassport(value: string): Result<Passport, 'malformed'> {
  if (value.length > longestValue) return err('malformed');
  const semicolon = value.indexOf(';');
  const token = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  const parameters = parametersOf(semicolon < 0 ? '' : value.slice(semicolon));
  const [header = '', payload = '', digest = '', ...more] = token.split('.');
  const signature = base64url(digest);
  if (more.length > 0 || !signature) return err('malformed');
  const info = parameters.get('info')?.replace(/^<(.*)>$/, '$1');
  if (header === '' && payload === '') {
    if (info === undefined || signature.length !== signatureLength) return err('malformed');
    const ppt = parameters.get('ppt');
    const alg = parameters.get('alg') ?? 'ES256';
    return ok({ alg, x5u: info, signature, ...(ppt !== undefined && { ppt }) });
  }
  const head = objectOf(header);
  const claims = claimsOf(objectOf(payload));
  if (!head || !claims || typeof head['alg'] !== 'string') return err('malformed');
  const x5u = typeof head['x5u'] === 'string' ? head['x5u'] : info;
  // RFC 8225 4.1: what is signed for another purpose is no passport.
  if (x5u === undefined || head['typ'] !== 'passport') return err('malformed');
  const ppt = typeof head['ppt'] === 'string' ? head['ppt'] : undefined;
  return ok({
    alg: head['alg'],
    x5u,
    signature,
    full: { header, payload, claims },
    ...(ppt !== undefined && { ppt }),
  });
}

function claimsOf(payload: Readonly<Record<string, unknown>> | undefined): Claims | undefined {
  if (!payload) return undefined;
  const iat = Number(payload['iat']);
  const orig = record(payload['orig']);
  const dest = record(payload['dest']);
  if (!Number.isFinite(iat) || !orig || !dest) return undefined;
  const tn = orig['tn'];
  const uri = orig['uri'];
  const auth = record(payload['rph'])?.['auth'];
  const { sph } = payload;
  return {
    iat,
    orig: { ...(typeof tn === 'string' && { tn }), ...(typeof uri === 'string' && { uri }) },
    dest: { tn: texts(dest['tn']), uri: texts(dest['uri']) },
    ...(auth !== undefined && { rph: texts(auth) }),
    ...(sph !== undefined && { sph: typeof sph === 'string' ? sph : '' }),
  };
}

function texts(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each) => typeof each === 'string');
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = base64url(text);
  if (!bytes) return undefined;
  try {
    return record(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

/** RFC 7515 2, also with the padding and the two characters of plain base64 that RFC 8224 4 shows. */
function base64url(text: string): Buffer | undefined {
  const bare = text.replace(/={0,2}$/, '');
  return bare !== '' && /^[A-Za-z0-9_+/-]*$/.test(bare) ? Buffer.from(bare, 'base64url') : undefined;
}
