import type { Flow } from '@esinet/sip';
import type { PeerPolicy, Source } from './policy.js';

/** Where a flow leads: the side by the listener's name, the peer by the certificate it showed. Never by an address. */
export function sourceOf(flow: Pick<Flow, 'listener' | 'tlsPeer'>, peers: readonly PeerPolicy[]): Source {
  const side = flow.listener.startsWith('private-') ? 'private' : 'public';
  const tls = flow.tlsPeer;
  if (!tls?.authorized) return { listener: flow.listener, side };
  const names = new Set(tls.sanUris.map((uri) => uri.toLowerCase()));
  const peer = peers.find(({ sanUri }) => sanUri !== undefined && names.has(sanUri.toLowerCase()));
  return { listener: flow.listener, side, ...(peer && { peer: { name: peer.name, trusted: peer.trusted } }) };
}
