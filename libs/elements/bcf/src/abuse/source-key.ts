import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { type Flow, type SipMessage, parseNameAddr } from '@esinet/sip';
import { canonicalUser } from '../chat-flow.js';
import type { Source } from '../policy.js';

/**
 * Under which names the border counts what a request asks of it. An address is what a stranger cannot choose over a
 * connection, and over UDP only at the price of not hearing the answer; what a stranger says of itself counts below
 * its address, so that nobody uses up what somebody else may ask.
 */
export interface SourceKey {
  /** The peer that showed a certificate, or the address. */
  readonly origin: string;
  readonly peer?: string;
  /** One user of it. */
  readonly identity: string;
  /** What a measure against a bad actor is held against: a user of a peer, or an address. */
  readonly measured: string;
}

/** The key as it is kept for others and told to them: users are not to be read in it. */
export function sealed(key: SourceKey): SourceKey {
  return { ...key, identity: seal(key.identity), measured: seal(key.measured) };
}

export function seal(name: string): string {
  return hash('sha256', name, 'base64url');
}

/** Characters of a user that are kept as they are. */
const longestUser = 120;

export function sourceKeyOf(
  request: SipMessage,
  source: Source,
  flow: Pick<Flow, 'remoteAddress'>,
): SourceKey {
  const peer = source.peer?.trusted ? source.peer.name : undefined;
  const origin = peer === undefined ? addressKey(flow.remoteAddress) : `peer ${peer}`;
  const identity = `${origin} ${userOf(request, peer !== undefined)}`;
  if (peer === undefined) return { origin, identity, measured: origin };
  return { origin, peer, identity, measured: identity };
}

/** IPv4 as it is, also within IPv6; of IPv6 the /64, which is what one subscriber has. RFC 6177 2 */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const lower = address.toLowerCase().split('%')[0] ?? '';
  const mapped = lower.lastIndexOf(':ffff:');
  if (mapped >= 0 && lower.includes('.')) return lower.slice(mapped + ':ffff:'.length);
  const [head = '', tail] = lower.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/** TS 103 698 6.2.3: whom the peer asserts, else From. */
function userOf(request: SipMessage, asserted: boolean): string {
  const value = asserted ? request.values('P-Asserted-Identity')[0] : undefined;
  const uri = (value === undefined ? undefined : parseNameAddr(value)?.uri) ?? request.from?.uri ?? '';
  const user = canonicalUser(uri);
  return user.length <= longestUser ? user : hash('sha256', user, 'base64url');
}
