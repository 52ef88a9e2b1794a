/** What a TLS peer was refused for, in a word that stands in logs and metrics. */
export type TlsRule =
  | 'no-certificate'
  | 'unknown-authority'
  | 'self-signed'
  | 'expired'
  | 'not-yet-valid'
  | 'weak-key'
  | 'weak-signature'
  | 'wrong-purpose'
  | 'wrong-name'
  | 'wildcard'
  | 'wrong-fingerprint'
  | 'not-allowed'
  | 'revoked'
  | 'bad-certificate'
  | 'old-version'
  | 'no-common-cipher'
  | 'not-tls'
  | 'timeout'
  | 'refused-by-peer'
  | 'handshake';

/** Rules about the certificate that was shown: who is there has failed to prove who it is. */
const aboutCertificates: ReadonlySet<TlsRule> = new Set([
  'no-certificate',
  'unknown-authority',
  'self-signed',
  'expired',
  'not-yet-valid',
  'weak-key',
  'weak-signature',
  'wrong-purpose',
  'wrong-name',
  'wildcard',
  'wrong-fingerprint',
  'not-allowed',
  'revoked',
  'bad-certificate',
]);

/** Whether a peer that broke this rule is perhaps not the one it was taken for. */
export function isVerification(rule: TlsRule): boolean {
  return aboutCertificates.has(rule);
}

/** Codes of OpenSSL's verification, as node:tls names them, and of its handshake. */
const byCode: Readonly<Record<string, TlsRule>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-authority',
  CERT_UNTRUSTED: 'unknown-authority',
  CERT_REVOKED: 'revoked',
  INVALID_PURPOSE: 'wrong-purpose',
  CERT_REJECTED: 'wrong-purpose',
  HOSTNAME_MISMATCH: 'wrong-name',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrong-name',
  CERT_SIGNATURE_FAILURE: 'bad-certificate',
  CERT_CHAIN_TOO_LONG: 'bad-certificate',
  INVALID_CA: 'bad-certificate',
  PATH_LENGTH_EXCEEDED: 'bad-certificate',
  UNSPECIFIED: 'bad-certificate',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no-certificate',
  ERR_SSL_CERTIFICATE_VERIFY_FAILED: 'bad-certificate',
  ERR_SSL_EE_KEY_TOO_SMALL: 'weak-key',
  ERR_SSL_CA_KEY_TOO_SMALL: 'weak-key',
  ERR_SSL_CA_MD_TOO_WEAK: 'weak-signature',
  ERR_SSL_WRONG_SIGNATURE_TYPE: 'weak-signature',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'old-version',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'old-version',
  ERR_SSL_NO_SHARED_CIPHER: 'no-common-cipher',
  ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS: 'no-common-cipher',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no-common-cipher',
  ERR_SSL_HTTP_REQUEST: 'not-tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'timeout',
};

/** What OpenSSL says in words only: its level of strength has no codes in node:tls. */
const byWords: readonly (readonly [string, TlsRule])[] = [
  ['certificate key too weak', 'weak-key'],
  ['key too small', 'weak-key'],
  ['md too weak', 'weak-signature'],
  ['digest algorithm too weak', 'weak-signature'],
];

/** The rule behind an error of node:tls; undefined where the connection broke for reasons of its own. */
export function tlsRuleOf(error: unknown): TlsRule | undefined {
  if (typeof error === 'string') return byCode[error] ?? 'bad-certificate';
  if (!(error instanceof Error)) return undefined;
  if ('rule' in error) return error.rule as TlsRule;
  const text = error.message.toLowerCase();
  for (const [words, rule] of byWords) if (text.includes(words)) return rule;
  const code = 'code' in error ? String(error.code) : '';
  const known = byCode[code];
  if (known) return known;
  if (/^ERR_SSL_(?:SSL|TLS)V[0-9]+_ALERT_/.test(code)) return 'refused-by-peer';
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return 'handshake';
  return undefined;
}
