import type { X509Certificate } from 'node:crypto';
import { alternativeNames, sipIdentities } from '../transport/tls-names.js';

/** A certificate that signs calls, and what is known of it. */
export interface SigningCertificate {
  readonly leaf: X509Certificate;
  /** Domains it speaks for. RFC 5922 7.1 */
  readonly domains: ReadonlySet<string>;
  /** Wall milliseconds between which the whole chain is valid. */
  readonly from: number;
  readonly to: number;
}

/** Certificates of one chain that are looked at. */
const longestChain = 6;

/**
 * The signing certificate among those that were fetched, if it goes back to one of `trust`; else why not. ES256 needs
 * a key on P-256. RFC 8225 6, RFC 8226
 */
export function signingCertificate(
  fetched: readonly X509Certificate[],
  trust: readonly X509Certificate[],
): SigningCertificate | 'not-trusted' | 'key' | 'none' {
  const [leaf, ...others] = fetched.slice(0, longestChain);
  if (!leaf) return 'none';
  const { asymmetricKeyType, asymmetricKeyDetails } = leaf.publicKey;
  if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'prime256v1') return 'key';
  const chain = chainOf(leaf, others, trust);
  if (!chain) return 'not-trusted';
  return {
    leaf,
    domains: new Set(sipIdentities(alternativeNames(leaf.subjectAltName))),
    from: Math.max(...chain.map(({ validFrom }) => Date.parse(validFrom))),
    to: Math.min(...chain.map(({ validTo }) => Date.parse(validTo))),
  };
}

function chainOf(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  trust: readonly X509Certificate[],
): X509Certificate[] | undefined {
  const chain = [leaf];
  let last = leaf;
  for (let i = 0; i < longestChain; i++) {
    const anchor = trust.find((each) => each.fingerprint256 === last.fingerprint256 || signed(last, each));
    if (anchor) return [...chain, anchor];
    const next = others.find((each) => !chain.includes(each) && signed(last, each));
    if (!next) return undefined;
    chain.push(next);
    last = next;
  }
  return undefined;
}

/** An authority, by its own word, whose key made the signature. */
function signed(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}
