import type { X509Certificate } from 'node:crypto';
import { certificatePath, revokedName } from './certificate-path.js';
import { isLegacy, strengthProblem } from './certificate-strength.js';
import type { TlsPeer } from './flow.js';
import { alternativeNames, sipIdentities } from './tls-names.js';
import { type TlsPeerRule, isPinned, peerNamedBy } from './tls-peer-rule.js';
import { type TlsRule, tlsRuleOf } from './tls-rule.js';

/** What a peer showed in its handshake, and what OpenSSL made of it. */
export interface Shown {
  readonly certificate: X509Certificate | undefined;
  readonly authorized: boolean;
  /** Of OpenSSL's verification, where it failed. */
  readonly code?: string;
}

/** What certificates are judged by. */
export interface TlsTrust {
  /** Those we believe. */
  readonly authorities: readonly X509Certificate[];
  /** Fingerprints of those of them that sign for us. */
  readonly own: ReadonlySet<string>;
  readonly peers: readonly TlsPeerRule[];
  readonly revoked?: ReadonlySet<string>;
  /** RSA-1024 of anybody. */
  readonly legacyKeys?: boolean;
}

export interface TlsJudgement {
  /** What it is to be refused for where a certificate is required; undefined where it is good. */
  readonly problem?: TlsRule;
  /** What the certificate says; undefined where none was shown. `authorized` only without a problem. */
  readonly peer?: TlsPeer;
  /** The name of the peer for the operator: as configured, else as its certificate says. */
  readonly name?: string;
  /** The configured peer that the certificate was found to belong to. */
  readonly known?: TlsPeerRule;
  /** It has a key that is taken for its sake only. */
  readonly legacy?: boolean;
  /** It carries the name of a configured peer and is not its certificate: it counts as a stranger's. */
  readonly unbound?: 'unknown-authority' | 'wrong-fingerprint';
}

/**
 * Judges the certificate of a peer: strength of the certificate and of what stands between it and the authority, whether
 * it was taken back, what OpenSSL found, and whose it is. RFC 5922 7.1, 7.4
 */
export function judge(shown: Shown, trust: TlsTrust): TlsJudgement {
  const { certificate } = shown;
  if (!certificate) return { problem: 'no-certificate' };
  const path = certificatePath(certificate, trust.authorities);
  const named = peerNamedBy(certificate, trust.peers);
  const unbound = named && unboundOf(named, path.authority, certificate, trust);
  const known = unbound === undefined ? named : undefined;
  const problem = problemOf(shown, path, trust, known);
  const names = alternativeNames(certificate.subjectAltName);
  const authorized = shown.authorized && problem === undefined;
  const name = named?.name ?? spokenFor(names);
  return {
    ...(problem !== undefined && { problem }),
    peer: {
      authorized,
      subject: certificate.subject,
      sanUris: names.uris,
      sanDns: names.dns,
      fingerprint256: certificate.fingerprint256,
      ...(authorized && path.authority && { authority: path.authority.fingerprint256 }),
    },
    ...(name !== undefined && { name }),
    ...(authorized && known && { known }),
    ...(authorized && path.certificates.some(isLegacy) && { legacy: true }),
    ...(authorized && unbound !== undefined && { unbound }),
  };
}

function problemOf(
  { certificate, authorized, code }: Shown,
  path: ReturnType<typeof certificatePath>,
  trust: TlsTrust,
  known: TlsPeerRule | undefined,
): TlsRule | undefined {
  const legacy = (trust.legacyKeys ?? false) || known?.legacy === 'rsa-1024';
  for (const each of path.certificates) {
    const weakness = strengthProblem(each, legacy);
    if (weakness !== undefined) return weakness;
  }
  if (isRevoked(path, trust.revoked)) return 'revoked';
  if (!authorized) return code === undefined ? 'bad-certificate' : tlsRuleOf(code);
  // Where weak keys are let in for one peer, only a way that was looked at in full is believed.
  const lenient = trust.peers.some((peer) => peer.legacy !== undefined);
  return lenient && !path.authority && certificate ? 'unknown-authority' : undefined;
}

function isRevoked(
  { certificates, authority }: ReturnType<typeof certificatePath>,
  revoked: ReadonlySet<string> | undefined,
): boolean {
  if (!revoked || revoked.size === 0) return false;
  const issuers = [...certificates.slice(1), authority];
  return certificates.some((certificate, i) => {
    const issuer = issuers[i];
    return issuer !== undefined && revoked.has(revokedName(issuer, certificate.serialNumber));
  });
}

function unboundOf(
  peer: TlsPeerRule,
  authority: X509Certificate | undefined,
  { fingerprint256 }: X509Certificate,
  { own }: TlsTrust,
): TlsJudgement['unbound'] {
  const signer = authority?.fingerprint256 ?? '';
  const signed = peer.authority === undefined ? own.has(signer) : peer.authority === signer;
  if (!signed) return 'unknown-authority';
  return isPinned(peer, fingerprint256) ? undefined : 'wrong-fingerprint';
}

/** The first domain a certificate speaks for: what a stranger wrote there is kept short. */
function spokenFor(names: ReturnType<typeof alternativeNames>): string | undefined {
  return sipIdentities(names)[0]?.slice(0, 64);
}
