import { parseUri } from '../codec/uri.js';
import { type Destination, isTransportName, plainAddress } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';

/**
 * Where a NOTIFY goes. What a SUBSCRIBE names as its Contact or Record-Route is the word of somebody we do not know: sent
 * wherever it says, our NOTIFYs would hit a victim of their choice (RFC 6665 6.3). So it goes back where the SUBSCRIBE
 * came from: over its connection, or to the address it was sent from. The URI still decides the port and transport of
 * that same host. `undefined`: there is no way any more. `trusted`: the URI is located as RFC 3261 12.2.1.1 has it.
 */
export function wayBack(
  nextHop: string,
  flow: Flow,
  trusted: boolean,
): Destination | Flow | 'locate' | undefined {
  if (trusted) return 'locate';
  if (flow.reliable && flow.open) return flow;
  const uri = parseUri(nextHop);
  const named = uri?.params.get('transport')?.toLowerCase();
  const sameHost = uri !== undefined && plainAddress(uri.host) === flow.remoteAddress;
  if (flow.reliable) {
    if (!sameHost || uri.port === undefined) return undefined;
    return { transport: flow.transport, address: flow.remoteAddress, port: uri.port };
  }
  if (!sameHost) return flow;
  const transport = named !== undefined && isTransportName(named) && named === 'tcp' ? named : 'udp';
  const port = uri.port ?? 5060;
  if (transport === 'udp' && port === flow.remotePort) return flow;
  return { transport, address: flow.remoteAddress, port };
}
