import { parseUri } from '@esinet/sip';

/** How a next hop is known: the URI without parameters, and the domain whose servers it is asked at. */
export interface UriKey {
  readonly uri: string;
  /** `host` or `host:port`. */
  readonly hop: string;
}

/** URIs remembered; beyond, all are read anew. */
const most = 2_000;

const known = new Map<string, UriKey>();

/** What cannot be read stands for itself. */
export function uriKey(text: string): UriKey {
  const before = known.get(text);
  if (before) return before;
  const parsed = parseUri(text);
  const uri = parsed?.host === '' ? undefined : parsed;
  const hop = uri ? `${uri.host.toLowerCase()}${uri.port === undefined ? '' : `:${uri.port}`}` : text;
  const user = uri?.user === undefined ? '' : `${uri.user}@`;
  const key = { uri: uri ? `sip:${user}${hop}` : text, hop };
  if (known.size >= most) known.clear();
  known.set(text, key);
  return key;
}
