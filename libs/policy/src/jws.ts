import { type KeyObject, createPublicKey, verify } from 'node:crypto';
import { type Result, err, messageOf, ok } from '@esinet/kernel';

/** A public key that policies are signed with. */
export type PolicyKey = KeyObject;

export interface OpenedJws {
  readonly payload: unknown;
  readonly verified: boolean;
}

/** PEM: a public key or a certificate. */
export function readPolicyKey(pem: string | Buffer): Result<PolicyKey, string> {
  try {
    return ok(createPublicKey(pem));
  } catch (error) {
    return err(`is no public key and no certificate in PEM: ${messageOf(error)}`);
  }
}

/** RFC 7518 3.1 and RFC 8037; the JWS form of an ECDSA signature is r and s beside each other. */
const algorithms: Readonly<Record<string, { readonly hash: string | null; readonly keyType: string }>> = {
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  ES256: { hash: 'sha256', keyType: 'ec' },
  ES384: { hash: 'sha384', keyType: 'ec' },
  ES512: { hash: 'sha512', keyType: 'ec' },
  EdDSA: { hash: null, keyType: 'ed25519' },
};

/**
 * The flattened JSON serialization of RFC 7515 7.2.2; undefined for what is none. Without a key the payload is read and
 * the signature left alone; with one, a signature that does not fit is an error.
 */
export function openJws(value: unknown, key: PolicyKey | undefined): Result<OpenedJws, string> | undefined {
  if (typeof value !== 'object' || value === null || !('payload' in value)) return undefined;
  const jws = value as Readonly<Record<string, unknown>>;
  const { payload, signature } = jws;
  if (typeof payload !== 'string') return undefined;
  if ('signatures' in jws)
    return err('has several signatures: only the flattened JWS JSON serialization is read');
  const read = jsonOf(payload);
  if (!read.ok) return err(`payload: ${read.error}`);
  if (!key) return ok({ payload: read.value, verified: false });
  const header = jws['protected'];
  if (typeof header !== 'string' || typeof signature !== 'string') return err('is not signed');
  const problem = signatureProblem(header, payload, signature, key);
  return problem === undefined ? ok({ payload: read.value, verified: true }) : err(problem);
}

/** RFC 7515 5.2. */
function signatureProblem(
  header: string,
  payload: string,
  signature: string,
  key: PolicyKey,
): string | undefined {
  const read = jsonOf(header);
  if (!read.ok) return `protected: ${read.error}`;
  const { alg, crit } = read.value as { readonly alg?: unknown; readonly crit?: unknown };
  if (crit !== undefined) return 'has critical header parameters that are not understood';
  const algorithm = typeof alg === 'string' && Object.hasOwn(algorithms, alg) ? algorithms[alg] : undefined;
  if (!algorithm) return `is signed by an algorithm that is not taken: ${String(alg).slice(0, 20)}`;
  if (key.asymmetricKeyType !== algorithm.keyType)
    return `is signed by ${String(alg)}, which is not of the kind of the configured key`;
  try {
    const signed = Buffer.from(`${header}.${payload}`, 'ascii');
    const octets = Buffer.from(signature, 'base64url');
    return verify(algorithm.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, octets)
      ? undefined
      : 'has a signature that does not fit the configured key';
  } catch (error) {
    return `has a signature that cannot be verified: ${messageOf(error)}`;
  }
}

function jsonOf(base64url: string): Result<object, string> {
  if (!/^[A-Za-z0-9_-]+$/.test(base64url)) return err('is no base64url');
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? ok(value) : err('is no JSON object');
  } catch (error) {
    return err(`is no JSON: ${messageOf(error)}`);
  }
}
