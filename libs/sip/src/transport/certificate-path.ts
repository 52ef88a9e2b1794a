import { X509Certificate } from 'node:crypto';

/** The certificates in a PEM text. */
export function certificatesIn(pem: string): X509Certificate[] {
  const end = '-----END CERTIFICATE-----';
  return pem.split(end).flatMap((text) => {
    try {
      return text.includes('-----BEGIN') ? [new X509Certificate(text + end)] : [];
    } catch {
      return [];
    }
  });
}

/** Most certificates of one peer that are looked at. */
const maxChain = 8;

/** How a certificate goes back to an authority. */
export interface CertificatePath {
  /** The certificate itself and what stands between it and the authority. */
  readonly certificates: readonly X509Certificate[];
  /** The one of `authorities` at the end; undefined where the way does not lead to one. */
  readonly authority: X509Certificate | undefined;
}

/**
 * Follows a certificate over what the peer sent with it, in any order, to one of `authorities`. OpenSSL has checked the
 * chain; this finds out whose it is, since two that we believe may both sign one name, and what to look at for strength.
 */
export function certificatePath(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
): CertificatePath {
  const sent: X509Certificate[] = [];
  for (let next = issuerOf(certificate); next && sent.length < maxChain; next = issuerOf(next))
    sent.push(next);
  const certificates = [certificate];
  for (let current = certificate; certificates.length <= maxChain;) {
    const isIssuer = (each: X509Certificate): boolean =>
      current.checkIssued(each) && current.verify(each.publicKey);
    const authority = authorities.find(isIssuer);
    if (authority) return { certificates, authority };
    const next = sent.find((each) => !certificates.includes(each) && isIssuer(each));
    if (!next) break;
    certificates.push(next);
    current = next;
  }
  return { certificates, authority: undefined };
}

function issuerOf(certificate: X509Certificate): X509Certificate | undefined {
  // Of one that signed itself node names it again.
  const issuer = certificate.issuerCertificate as X509Certificate | undefined;
  return issuer?.fingerprint256 === certificate.fingerprint256 ? undefined : issuer;
}

/** How a certificate that was taken back is written in a set: its authority's fingerprint and its serial number. */
export function revokedName(authority: X509Certificate, serialNumber: string): string {
  return `${authority.fingerprint256}/${serialNumber.replace(/^0+(?=.)/, '').toUpperCase()}`;
}
