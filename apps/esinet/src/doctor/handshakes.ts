import { type Finding, fault, fine, warning } from './finding.js';

/** What the far side of a TLS connection has shown. */
export interface Handshake {
  /** Why it did not come about, or why its certificate is refused. */
  readonly refused?: string;
  readonly protocol?: string;
  /** The end of its certificate, as text and as milliseconds. */
  readonly validTo?: string;
  readonly ends?: number;
}

export interface SecureHop {
  readonly path: string;
  readonly host: string;
  readonly port: number;
  /** What the certificate has to speak for. */
  readonly serverName?: string;
}

const soonMs = 30 * 86_400_000;

/** A handshake with each next hop and server that is reached over TLS. */
export async function checkHandshakes(
  hops: readonly SecureHop[],
  ports: { handshake(hop: SecureHop): Promise<Handshake>; readonly now: number },
): Promise<Finding[]> {
  return Promise.all(
    hops.map(async (hop) => {
      const where = `${hop.path}: ${hop.serverName ?? hop.host} at ${hop.host}:${hop.port}`;
      const { refused, protocol, validTo, ends } = await ports.handshake(hop);
      if (refused !== undefined) {
        const fix =
          'See that it runs, that its certificate is of ca.cert.pem or pki.trust, and that it believes ours.';
        return fault(`${where} gives no TLS: ${refused}.`, fix);
      }
      if (ends !== undefined && ends - ports.now < soonMs)
        return warning(`${where} shows a certificate that expires on ${validTo}.`, 'Tell those who run it.');
      return fine(`${where} speaks ${protocol ?? 'TLS'}, and its certificate is good.`);
    }),
  );
}
