import { parseNameAddr } from '../codec/name-addr.js';
import { sameUri } from '../codec/uri.js';

/** One retargeting to be told about. RFC 7044 5 (and RFC 4244, which TS 103 698 names: without the last parameter) */
export interface Retarget {
  readonly uri: string;
  /**
   * How the new target was found: `rc` the same user under another URI, `mp` mapped to another. RFC 7044 10.4. A mapping
   * that leaves the Request-URI as it is and names the target in a Route is `mp` too: `np` would tell of the unchanged
   * URI only, and TS 103 698 6.1.2.6 wants the PSAP to see to whom it went before.
   * `np`: forwarded to the same target.
   */
  readonly by: 'rc' | 'mp' | 'np';
  /** Why the target before this one was left: a Reason value. RFC 7044 9.3 step 2, 10.2; RFC 4244 4.3.3.1.2 */
  readonly because?: string;
}

/**
 * All values of History-Info after `retargets` were done one after the other by this element: the received ones, an
 * entry for the Request-URI where the one before us wrote none, and one for each new target. RFC 7044 9.1, 9.2, 10.3
 *
 * The reason why a target was left stands in its own entry. Why the Request-URI itself was left stands in that of the
 * first new target: it is a service URN here, which has no place for headers, and TS 103 698 6.1.2.6 wants it told.
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
  retargets.forEach(({ uri, by, because }, i) => {
    const left = retargets[i + 1]?.because ?? (i === 0 ? because : undefined);
    const target = left === undefined ? uri : withReason(uri, left);
    entries.push(`<${target}>;index=${parent}.${i + 1};${by}=${parent}`);
  });
  return entries;
}

/** A URI with a Reason. RFC 3261 19.1.1: only SIP URIs have headers; RFC 7044 10.2 */
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
