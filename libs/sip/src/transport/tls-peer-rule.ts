import type { X509Certificate } from 'node:crypto';
import type { Destination } from './destination.js';
import { alternativeNames, sipIdentities } from './tls-names.js';

/** What is known beforehand of one peer: how its certificate is told, and what is let pass for its sake. */
export interface TlsPeerRule {
  readonly name: string;
  /** The SIP URI in its subjectAltName, `sip:provider.lab`. RFC 5922 7.1 */
  readonly sanUri: string;
  /** SHA-256 fingerprint of the authority that has to have signed it; without it one of our own. */
  readonly authority?: string;
  /** SHA-256 fingerprints of its own certificates; any that is signed as it should if not given. */
  readonly fingerprints?: readonly string[];
  /** Takes RSA keys of 1024 bits, which can be broken, in its certificates. TS 103 698 6.1.1 asks for no more. */
  readonly legacy?: 'rsa-1024';
}

/** The peer whose name a certificate carries, whether or not it is its certificate. */
export function peerNamedBy(
  certificate: Pick<X509Certificate, 'subjectAltName'>,
  peers: readonly TlsPeerRule[],
): TlsPeerRule | undefined {
  if (peers.length === 0) return undefined;
  const { uris } = alternativeNames(certificate.subjectAltName);
  const names = new Set(uris.map((uri) => uri.toLowerCase()));
  return peers.find(({ sanUri }) => names.has(sanUri.toLowerCase()));
}

/** The peer that a destination leads to. */
export function peerAt(destination: Destination, peers: readonly TlsPeerRule[]): TlsPeerRule | undefined {
  const name = destination.serverName?.toLowerCase();
  if (name === undefined) return undefined;
  return peers.find(
    ({ sanUri, authority }) =>
      authority === destination.authority && sipIdentities({ uris: [sanUri], dns: [] }).includes(name),
  );
}

/** Whether `fingerprint256` is one that the peer was said to have. */
export function isPinned(peer: TlsPeerRule, fingerprint256: string | undefined): boolean {
  return peer.fingerprints === undefined || peer.fingerprints.includes(fingerprint256 ?? '');
}
