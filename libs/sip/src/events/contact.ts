import { isSecure } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';

/** Our Contact in a dialog that came over that flow: where we listen, by the same transport. RFC 3261 8.1.1.8, 12.1.1 */
export function contactOf(sentBy: string, flow: Pick<Flow, 'transport'>): string {
  const { transport } = flow;
  const scheme = isSecure(transport) ? 'sips' : 'sip';
  // RFC 3261 26.2.2: a sips URI names the transport below TLS.
  const over = transport === 'tls' ? 'tcp' : transport === 'wss' ? 'ws' : transport;
  return `<${scheme}:${sentBy}${over === 'udp' ? '' : `;transport=${over}`}>`;
}
