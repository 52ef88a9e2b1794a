import type { PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import { HttpsAgent } from '@esinet/kernel';
import type { TlsOptions } from '@esinet/platform';
import type { Authority } from '../model.js';

/** Connections to one authority at a time: a lane for documents, three for objects. */
const maxSockets = 4;

/**
 * Connections to authorities: our certificate is shown, theirs has to be signed by an authority we believe, to be for the
 * host, and to be one of those that were onboarded. TS 103 707 7: TLS 1.2 or 1.3, both sides with certificates.
 */
export class AuthorityAgents {
  readonly #agents = new Map<string, { readonly pins: string; readonly agent: HttpsAgent }>();

  constructor(private readonly tls: TlsOptions) {}

  of({ id, certificates }: Authority): HttpsAgent {
    const pins = [...certificates].sort().join(' ');
    const known = this.#agents.get(id);
    if (known?.pins === pins) return known.agent;
    // Connections that were made under other fingerprints are not gone on with.
    known?.agent.destroy();
    const agent = new HttpsAgent(
      {
        // Of a connection that is kept a request may be repeated unasked, without a look whether the order is in force.
        ...{ keepAlive: false, maxSockets, minVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=2' },
        // A session that is taken up again is not looked at again.
        maxCachedSessions: 0,
        checkServerIdentity: (host, certificate) => identityProblem(host, certificate, certificates),
      },
      this.tls,
    );
    this.#agents.set(id, { pins, agent });
    return agent;
  }

  close(): void {
    for (const { agent } of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}

/** Why this is not the authority, or undefined where it is. */
export function identityProblem(
  host: string,
  certificate: PeerCertificate,
  pins: readonly string[],
): Error | undefined {
  const wrongName = checkServerIdentity(host, certificate);
  if (wrongName) return wrongName;
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  if (pins.includes(fingerprint)) return undefined;
  return Object.assign(new Error('the certificate is none that was onboarded'), {
    code: 'CERT_NOT_ONBOARDED',
  });
}
