import { type X509Certificate, constants } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, type TLSSocket, type TlsOptions as NodeTlsOptions } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import { certificatesIn } from './certificate-path.js';
import { type Destination, plainAddress } from './destination.js';
import { alternativeNames, hasWildcardFor, matchesIdentity } from './tls-names.js';
import { type TlsPeerRule, peerAt } from './tls-peer-rule.js';
import type { Shown } from './tls-verdict.js';

/** Our certificate, its key, and the authorities whose certificates we accept: PEM texts. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  /** Those of `ca` that sign for us; the others are believed for the sake of peers. All of them if not given. */
  readonly ownCa?: string;
  /**
   * Also takes keys of 80 bits of strength, which means RSA-1024: TS 103 698 6.1.1 asks for no more, but such a key
   * can be broken. For all peers; `TlsPeerRule.legacy` is for one. Default: false.
   */
  readonly legacyKeys?: boolean;
  /** Certificates taken back by their authorities, as `revokedName` writes them. */
  readonly revoked?: ReadonlySet<string>;
  /**
   * Registers a callback for when key, cert, ca, ownCa or revoked have become others, which is where they change
   * while the program runs. The returned function takes it back.
   */
  readonly onChanged?: (callback: () => void) => () => void;
}

/** TLS 1.2 at least, and no keys below 112 bits of strength (RSA-1024 is refused). */
function strength(legacy: boolean) {
  return { minVersion: 'TLSv1.2', ciphers: `DEFAULT@SECLEVEL=${legacy ? 1 : 2}` } as const;
}

/** What a client is asked for; `wanted` takes it without as well. */
export type ClientCertificate = 'required' | 'wanted' | 'none';

/** Key, certificate and authorities of a server, for its beginning and for a rotation. */
export function serverCredentials(tls: TlsOptions, peers: readonly TlsPeerRule[] = []): NodeTlsOptions {
  return {
    ...strength((tls.legacyKeys ?? false) || peers.some(({ legacy }) => legacy !== undefined)),
    key: tls.key,
    cert: tls.cert,
    ca: tls.ca,
    // A session taken up again shows no chain, and would outlive what made its certificate good.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/**
 * TS 103 698 6.1.1: both ends show a certificate. Whether that of the client will do is judged after the handshake
 * (`judge`), which knows more rules than OpenSSL and can say who was refused.
 */
export function serverTlsOptions(
  tls: TlsOptions,
  clientCertificate: ClientCertificate,
  peers: readonly TlsPeerRule[] = [],
): NodeTlsOptions {
  return {
    ...serverCredentials(tls, peers),
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: false,
  };
}

export function clientTlsOptions(
  tls: TlsOptions,
  destination: Destination,
  peers: readonly TlsPeerRule[] = [],
): ConnectionOptions {
  const expected = destination.serverName ?? plainAddress(destination.address);
  const web = destination.transport === 'wss';
  return {
    ...strength((tls.legacyKeys ?? false) || peerAt(destination, peers)?.legacy !== undefined),
    ...(tls.key && tls.cert ? { key: tls.key, cert: tls.cert } : {}),
    ca: believed(tls, destination),
    rejectUnauthorized: true,
    ...(isIP(expected) ? {} : { servername: expected }),
    checkServerIdentity: (host, certificate) =>
      // A WebSocket server is a web server: its name is matched as RFC 6455 10.6 has it, by the rules of HTTPS.
      web ? checkServerIdentity(expected, certificate) : wrongIdentity(expected, certificate.subjectaltname),
  };
}

/** Another authority that we believe speaks only for the destinations that name it. */
function believed(tls: TlsOptions, { authority }: Destination): string | string[] {
  if (authority === undefined) return tls.ownCa ?? tls.ca;
  return certificatesIn(tls.ca)
    .filter(({ fingerprint256 }) => fingerprint256 === authority)
    .map((certificate) => certificate.toString());
}

function wrongIdentity(expected: string, subjectaltname: string | undefined): Error | undefined {
  const names = alternativeNames(subjectaltname);
  if (matchesIdentity(expected, names)) return undefined;
  return Object.assign(new Error(`the certificate does not speak for ${expected}`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    rule: hasWildcardFor(expected, names) ? 'wildcard' : 'wrong-name',
  });
}

/** What the peer of a socket showed in the handshake. */
export function shownBy(socket: TLSSocket): Shown {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  // node:tls says the code of OpenSSL, whatever its types say.
  const code = socket.authorizationError as unknown;
  return {
    certificate,
    authorized: socket.authorized,
    ...(code ? { code: code instanceof Error && 'code' in code ? String(code.code) : String(code) } : {}),
  };
}
