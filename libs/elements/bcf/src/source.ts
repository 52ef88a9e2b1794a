import type { Flow } from '@esinet/sip';
import type { PeerPolicy, Source } from './policy.js';

/**
 * Where a flow leads: the side by the listener's name, the peer by the certificate it showed. Never by an address.
 * `ownAuthorities` are fingerprints of those whose certificates need no further word: another authority that is believed
 * for the sake of one peer speaks for no other.
 */
export function sourceOf(
  flow: Pick<Flow, 'listener' | 'tlsPeer'>,
  peers: readonly PeerPolicy[],
  ownAuthorities?: ReadonlySet<string>,
): Source {
  const side = flow.listener.startsWith('private-') ? 'private' : 'public';
  const tls = flow.tlsPeer;
  if (!tls?.authorized) return { listener: flow.listener, side };
  const names = new Set(tls.sanUris.map((uri) => uri.toLowerCase()));
  const signed = ({ authority }: PeerPolicy): boolean => {
    if (authority !== undefined) return tls.authority === authority;
    return ownAuthorities === undefined || ownAuthorities.has(tls.authority ?? '');
  };
  const peer = peers.find((each) => {
    if (each.sanUri === undefined || !names.has(each.sanUri.toLowerCase()) || !signed(each)) return false;
    return each.fingerprints === undefined || each.fingerprints.includes(tls.fingerprint256 ?? '');
  });
  return { listener: flow.listener, side, ...(peer && { peer }) };
}
