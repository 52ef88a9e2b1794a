import type { SipMessage } from '../codec/sip-message.js';
import { parseNameAddr } from '../codec/name-addr.js';
import { type Uri, parseUri } from '../codec/uri.js';

/** One end of a call as PASSporT knows it: a number, or a URI. RFC 8224 8.1 */
export interface Party {
  readonly tn?: string;
  readonly uri: string;
  /** Domain that has to stand behind a URI. */
  readonly host?: string;
}

/** Who calls: the asserted identity, else From. RFC 8224 8.1 */
export function originatorOf(request: SipMessage): Party | undefined {
  for (const value of [...request.values('P-Asserted-Identity'), request.header('From')]) {
    const uri = value === undefined ? undefined : parseNameAddr(value)?.uri;
    const party = uri === undefined ? undefined : partyOf(uri);
    if (party) return party;
  }
  return undefined;
}

/** Who is called: To, and the Request-URI, because a border before this one may have changed either. */
export function destinationsOf(request: SipMessage): Party[] {
  const uris = [request.to?.uri, request.requestUri];
  return uris.flatMap((uri) => (uri === undefined ? [] : (partyOf(uri) ?? [])));
}

export function partyOf(text: string): Party | undefined {
  const uri = parseUri(text);
  if (!uri) return undefined;
  const tn = numberOf(uri);
  if (uri.scheme === 'sip' || uri.scheme === 'sips') {
    return { uri: canonicalUri(uri), host: uri.host, ...(tn !== undefined && { tn }) };
  }
  return { uri: text.toLowerCase(), ...(tn !== undefined && { tn }) };
}

/** RFC 8224 8.3: digits, `#` and `*`. */
export function canonicalNumber(text: string): string | undefined {
  const end = text.indexOf(';');
  const bare = (end < 0 ? text : text.slice(0, end)).replace(/[+\-.() ]/g, '');
  return /^[0-9#*]{1,32}$/.test(bare) ? bare : undefined;
}

/** RFC 8224 8.5: scheme, user, host; no port unless one is given, no parameters. */
function canonicalUri({ scheme, user, host, port }: Uri): string {
  return `${scheme}:${user === undefined ? '' : `${user}@`}${host.toLowerCase()}${port === undefined ? '' : `:${port}`}`;
}

function numberOf(uri: Uri): string | undefined {
  if (uri.scheme === 'tel') return canonicalNumber(uri.opaque ?? uri.text.slice('tel:'.length));
  return uri.user === undefined ? undefined : canonicalNumber(uri.user);
}
