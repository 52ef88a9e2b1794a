import { parseNameAddr, type SipMessage, sameUri } from '@esinet/sip';

/** One retargeting to be told about. RFC 7044 5 (and RFC 4244, which TS 103 698 names: without the last parameter) */
export interface Retarget {
  readonly uri: string;
  /** How the new target was found: `rc` the same user under another URI, `mp` mapped to another. RFC 7044 10.4 */
  readonly by: 'rc' | 'mp';
  /** The Reason value that stands in the URI, where it can. RFC 7044 10.2 */
  readonly reason?: string;
}

/**
 * All values of History-Info after `retargets` were done one after the other by this element: the received ones, an
 * entry for the Request-URI where the one before us wrote none, and one for each new target. RFC 7044 9.1, 9.2, 10.3
 */
export function historyInfo(
  received: readonly string[],
  requestUri: string,
  retargets: readonly Retarget[],
): string[] {
  const entries = [...received];
  let parent = '1';
  const last = entries.at(-1);
  if (last === undefined) {
    entries.push(`<${requestUri}>;index=1`);
  } else {
    const address = parseNameAddr(last);
    const index = indexOf(address?.params.get('index'));
    parent = index;
    if (!address || !isSame(address.uri, requestUri)) {
      // RFC 7044 10.3 rule 6: a gap shows as an index of 0.
      parent = `${index}.0`;
      entries.push(`<${requestUri}>;index=${parent}`);
    }
  }
  retargets.forEach((retarget, i) => {
    const uri = retarget.reason === undefined ? retarget.uri : withReason(retarget.uri, retarget.reason);
    entries.push(`<${uri}>;index=${parent}.${i + 1};${retarget.by}=${parent}`);
  });
  return entries;
}

/** A URI that says why it was chosen. RFC 3261 19.1.1: only SIP URIs have headers; RFC 7044 10.2 */
function withReason(uri: string, reason: string): string {
  const lower = uri.slice(0, 5).toLowerCase();
  if (!lower.startsWith('sip:') && !lower.startsWith('sips:')) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}Reason=${escapeHeaderValue(reason)}`;
}

/** hvalue of RFC 3261 25.1: unreserved and a few more stand for themselves. */
function escapeHeaderValue(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    out += /[A-Za-z0-9\-_.!~*'()]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** Long or odd indices are not carried on: the next would only be longer. */
function indexOf(text: string | undefined): string {
  return text !== undefined && text.length <= 64 && /^[0-9.]+$/.test(text) ? text : '1';
}

function isSame(a: string, b: string): boolean {
  const bare = a.includes('?') ? a.slice(0, a.indexOf('?')) : a;
  return bare === b || sameUri(bare, b);
}

/** A Reason value of RFC 3326. */
export function sipReason(cause: number, text: string): string {
  return `SIP;cause=${cause};text="${text.replace(/["\\\r\n]/g, ' ')}"`;
}

/** The values of History-Info as received. */
export function receivedHistory(request: SipMessage): readonly string[] {
  return request.values('History-Info');
}
