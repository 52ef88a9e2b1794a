import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, type TLSSocket, type TlsOptions as NodeTlsOptions } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import { type Destination, plainAddress } from './destination.js';
import type { TlsPeer } from './flow.js';

/** Our certificate, its key, and the authorities whose certificates we accept: PEM texts. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  /** Those of `ca` that sign for us; the others are believed for the sake of peers. All of them if not given. */
  readonly ownCa?: string;
  /**
   * Also takes keys of 80 bits of strength, which means RSA-1024: TS 103 698 6.1.1 asks for no more, but such a key
   * can be broken. For a peer that has no other. Default: false.
   */
  readonly legacyKeys?: boolean;
}

/** TLS 1.2 at least, and no keys below 112 bits of strength (RSA-1024 is refused). */
function strength(tls: TlsOptions) {
  return { minVersion: 'TLSv1.2', ciphers: `DEFAULT@SECLEVEL=${tls.legacyKeys ? 1 : 2}` } as const;
}

/** What a client is asked for; `wanted` takes it without as well. */
export type ClientCertificate = 'required' | 'wanted' | 'none';

/** TS 103 698 6.1.1: both ends show a certificate. */
export function serverTlsOptions(tls: TlsOptions, clientCertificate: ClientCertificate): NodeTlsOptions {
  return {
    ...strength(tls),
    key: tls.key,
    cert: tls.cert,
    ca: tls.ca,
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate === 'required',
  };
}

export function clientTlsOptions(tls: TlsOptions, destination: Destination): ConnectionOptions {
  const expected = destination.serverName ?? plainAddress(destination.address);
  const web = destination.transport === 'wss';
  return {
    ...strength(tls),
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

/** The values of a subjectAltName in the text form of node:tls, by kind. */
export interface AlternativeNames {
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * Reads `DNS:a.example, URI:sip:b.example, IP Address:192.0.2.1`. Values with characters that could be taken for
 * a separator stand quoted in it, as JSON strings.
 */
export function alternativeNames(text: string | undefined): AlternativeNames {
  const uris: string[] = [];
  const dns: string[] = [];
  const addresses: string[] = [];
  let at = 0;
  const source = text ?? '';
  while (at < source.length) {
    const colon = source.indexOf(':', at);
    if (colon < 0) break;
    const kind = source.slice(at, colon).trim();
    let value: string;
    if (source[colon + 1] === '"') {
      let end = colon + 2;
      while (end < source.length && source[end] !== '"') end += source[end] === '\\' ? 2 : 1;
      value = unquoted(source.slice(colon + 1, end + 1));
      at = end + 1;
    } else {
      const comma = source.indexOf(', ', colon);
      const end = comma < 0 ? source.length : comma;
      value = source.slice(colon + 1, end);
      at = end;
    }
    if (source.startsWith(', ', at)) at += 2;
    if (kind === 'URI') uris.push(value);
    else if (kind === 'DNS') dns.push(value);
    else if (kind === 'IP Address') addresses.push(value);
  }
  return { uris, dns, addresses };
}

function unquoted(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}

/** The SIP domains a certificate speaks for: its `sip:` URIs without a user, else its DNS names. RFC 5922 7.1 */
export function sipIdentities(names: Pick<AlternativeNames, 'uris' | 'dns'>): string[] {
  const domains: string[] = [];
  for (const uri of names.uris) {
    if (uri.slice(0, 4).toLowerCase() !== 'sip:' || uri.includes('@')) continue;
    const rest = uri.slice(4);
    const end = rest.search(/[;?]/);
    const hostport = end < 0 ? rest : rest.slice(0, end);
    const port = hostport.startsWith('[') ? hostport.indexOf(']') + 1 : hostport.indexOf(':');
    const host = port > 0 ? hostport.slice(0, port) : hostport;
    if (host) domains.push(host.toLowerCase());
  }
  return domains.length > 0 ? domains : names.dns.map((name) => name.toLowerCase());
}

/** Whole names, no wildcards. RFC 5922 7.2. An address configured as such may stand as iPAddress in the certificate. */
export function matchesIdentity(expected: string, names: AlternativeNames): boolean {
  const wanted = plainAddress(expected).toLowerCase();
  if (isIP(wanted)) {
    return (
      names.addresses.some((address) => address.toLowerCase() === wanted) ||
      sipIdentities({ uris: names.uris, dns: [] }).some((identity) => plainAddress(identity) === wanted)
    );
  }
  return sipIdentities(names).includes(wanted);
}

function wrongIdentity(expected: string, subjectaltname: string | undefined): Error | undefined {
  if (matchesIdentity(expected, alternativeNames(subjectaltname))) return undefined;
  return Object.assign(new Error(`the certificate does not speak for ${expected}`), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
}

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

/** What the peer's certificate says, or undefined where it showed none. `authorities` are those we believe. */
export function tlsPeerOf(
  socket: TLSSocket,
  authorities: readonly X509Certificate[] = [],
): TlsPeer | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  const names = alternativeNames(certificate.subjectAltName);
  const authority = socket.authorized ? authorityOf(certificate, authorities) : undefined;
  return {
    authorized: socket.authorized,
    subject: certificate.subject,
    sanUris: names.uris,
    sanDns: names.dns,
    fingerprint256: certificate.fingerprint256,
    ...(authority && { authority: authority.fingerprint256 }),
  };
}

/** Longest chain that is looked at. */
const maxChain = 8;

/**
 * The one of `authorities` that a certificate goes back to, over what the peer sent in between. OpenSSL has checked the
 * chain; this only finds out whose it is, since two that we believe may both sign one name.
 */
function authorityOf(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
): X509Certificate | undefined {
  let current: X509Certificate | undefined = certificate;
  for (let i = 0; current && i < maxChain; i++) {
    const signed: X509Certificate = current;
    const found = authorities.find((each) => signed.checkIssued(each) && signed.verify(each.publicKey));
    if (found) return found;
    current = signed.issuerCertificate;
  }
  return undefined;
}
