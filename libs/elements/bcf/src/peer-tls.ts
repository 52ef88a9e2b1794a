import type { NextHop } from '@esinet/platform';
import { type TlsPeerRule, parseUri } from '@esinet/sip';
import { z } from 'zod';

const fingerprintSchema = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, 'expected a SHA-256 fingerprint, as esinet pki ls shows it')
  .transform((text) => text.toUpperCase());

/** `tcp`, or `tcp:5070` where it is not the transport's own port. */
const fallbackSchema = z
  .string()
  .regex(/^(tcp|udp)(:[1-9][0-9]{0,4})?$/, 'expected tcp or udp, or with a port as tcp:5070')
  .transform((text) => {
    const [transport, port] = text.split(':');
    return { transport: transport as 'tcp' | 'udp', port: port === undefined ? 5060 : Number(port) };
  });

/** How a peer is told by its certificate, how it is reached, and what is let pass for its sake. */
export const peerTlsShape = {
  /** The SIP URI in its certificate's subjectAltName. RFC 5922 7.1 */
  sanUri: z.string().min(5),
  /** SHA-256 fingerprint of the authority that has to have signed its certificate; this border's own if not given. */
  authority: fingerprintSchema.exactOptional(),
  /** Fingerprints of its certificates themselves; any that its authority signs if not given. The next one beside the present one. */
  fingerprints: z.array(fingerprintSchema).min(1).max(8).exactOptional(),
  /** Takes RSA keys of 1024 bits of this peer, logged each time: TS 103 698 6.1.1 asks for no more, but they can be broken. */
  legacy: z.literal('rsa-1024').exactOptional(),
  /** What its next hops may use. */
  transports: z
    .array(z.enum(['tls', 'tcp', 'udp']))
    .min(1)
    .default(['tls']),
  /** What may stand in where no TLS connection to it can be had, in this order; each time is logged. TS 103 698 6.1.1 */
  fallback: z.array(fallbackSchema).max(4).default([]),
  /** Also where the certificate shown there will not do, which may mean that somebody else is there. */
  fallbackOnVerifyFailure: z.boolean().default(false),
};

type Reached = z.infer<z.ZodObject<typeof peerTlsShape>>;

/** The next hops of a peer: who answers there has to show the certificate it calls with, unless its policy is content with less. */
export function boundHops(hops: readonly NextHop[], peer: Reached): NextHop[] {
  const serverName = parseUri(peer.sanUri)?.host;
  const { authority, fallback, fallbackOnVerifyFailure } = peer;
  return hops.map((hop) => ({
    ...('address' in hop && serverName !== undefined && { serverName }),
    ...hop,
    ...(authority !== undefined && { authority }),
    ...(hop.transport === 'tls' &&
      fallback.length > 0 && { fallback: { to: fallback, onVerifyFailure: fallbackOnVerifyFailure } }),
  }));
}

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
