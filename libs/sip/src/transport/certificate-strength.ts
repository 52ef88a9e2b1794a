import type { X509Certificate } from 'node:crypto';
import type { TlsRule } from './tls-rule.js';

/** Bits of an RSA modulus, and of one where `legacy` allows what TS 103 698 6.1.1 asks for at least. */
const rsaBits = 2048;
const legacyRsaBits = 1024;

/** NIST P-256 and better, and the curves of its strength that OpenSSL names. */
const curves = new Set([
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
]);

/** DER of the object identifiers of signatures over MD2, MD5 and SHA-1 digests. */
const weakSignatures = new Set([
  '2a864886f70d010102',
  '2a864886f70d010104',
  '2a864886f70d010105',
  '2a8648ce3d0401',
  '2a8648ce380403',
  '2b0e03021d',
]);

/** What is too weak about one certificate, or undefined. With `legacy` an RSA key of 1024 bits is not. */
export function strengthProblem(
  certificate: X509Certificate,
  legacy = false,
): Extract<TlsRule, 'weak-key' | 'weak-signature' | 'bad-certificate'> | undefined {
  const algorithm = signatureAlgorithm(certificate.raw);
  if (algorithm === undefined) return 'bad-certificate';
  if (weakSignatures.has(algorithm)) return 'weak-signature';
  return isStrongKey(certificate, legacy ? legacyRsaBits : rsaBits) ? undefined : 'weak-key';
}

/** Whether a certificate is taken for the sake of `legacy` only. */
export function isLegacy(certificate: X509Certificate): boolean {
  return strengthProblem(certificate) === 'weak-key' && strengthProblem(certificate, true) === undefined;
}

function isStrongKey({ publicKey }: X509Certificate, bits: number): boolean {
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) >= bits;
    case 'ec':
      return curves.has(publicKey.asymmetricKeyDetails?.namedCurve ?? '');
    case 'ed25519':
    case 'ed448':
      return true;
    default:
      return false;
  }
}

/** The object identifier of `signatureAlgorithm`, hex of its DER content. RFC 5280 4.1.1.2 */
function signatureAlgorithm(der: Buffer): string | undefined {
  const certificate = element(der, 0);
  const tbs = certificate && element(der, certificate.start);
  const algorithm = tbs && element(der, tbs.end);
  const oid = algorithm && element(der, algorithm.start);
  return oid && der[algorithm.start] === 0x06 ? der.toString('hex', oid.start, oid.end) : undefined;
}

/** Where the content of the DER element at `at` starts and ends. */
function element(der: Buffer, at: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4 || at + 2 + octets > der.length) return undefined;
  const start = at + 2 + octets;
  const end = start + der.readUIntBE(at + 2, octets);
  return end <= der.length ? { start, end } : undefined;
}
