import type { TlsPeerRule } from '@esinet/sip';
import { z } from 'zod';

const fingerprintSchema = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, 'expected a SHA-256 fingerprint, as esinet pki ls shows it')
  .transform((text) => text.toUpperCase());

/** How a peer is told by its certificate, and what is let pass for its sake. */
export const peerTlsShape = {
  /** The SIP URI in its certificate's subjectAltName. RFC 5922 7.1 */
  sanUri: z.string().min(5),
  /** SHA-256 fingerprint of the authority that has to have signed its certificate; this border's own if not given. */
  authority: fingerprintSchema.exactOptional(),
  /** Fingerprints of its certificates themselves; any that its authority signs if not given. The next one beside the present one. */
  fingerprints: z.array(fingerprintSchema).min(1).max(8).exactOptional(),
  /** Takes RSA keys of 1024 bits of this peer, logged each time: TS 103 698 6.1.1 asks for no more, but they can be broken. */
  legacy: z.literal('rsa-1024').exactOptional(),
};

type PeerTls = Pick<TlsPeerRule, 'name' | 'sanUri' | 'authority' | 'fingerprints' | 'legacy'>;

/** What the transports need to know of the peers. */
export function tlsRulesOf(peers: readonly PeerTls[]): TlsPeerRule[] {
  return peers.map(({ name, sanUri, authority, fingerprints, legacy }) => ({
    name,
    sanUri,
    ...(authority !== undefined && { authority }),
    ...(fingerprints !== undefined && { fingerprints }),
    ...(legacy !== undefined && { legacy }),
  }));
}
