import { isIP } from 'node:net';
import { plainAddress } from './destination.js';

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

/** Whether a certificate would speak for `expected` if wildcards counted, which they do not. RFC 5922 7.2 */
export function hasWildcardFor(expected: string, { dns }: Pick<AlternativeNames, 'dns'>): boolean {
  const wanted = expected.toLowerCase();
  const parent = wanted.slice(wanted.indexOf('.'));
  return dns.some((name) => name.startsWith('*.') && name.slice(1).toLowerCase() === parent);
}
