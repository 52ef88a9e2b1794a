import type { Via } from '../codec/via.js';
import type { Flow } from '../transport/flow.js';
import { responseRoute } from '../transport/via-route.js';
import type { TransactionTransport } from './transport-port.js';

/** Hands `send` the flow a response goes by, RFC 3261 18.2.2: that of the request, or a new one where it is gone. */
export function responseFlow(
  transport: TransactionTransport,
  via: Via | undefined,
  flow: Flow,
  send: (flow: Flow) => void,
  failed: (error: unknown) => void,
): void {
  if (!via) return send(flow);
  const route = responseRoute(via, flow);
  if ('flow' in route) return send(route.flow);
  transport.flowTo(route.destination, flow.listener).then(send).catch(failed);
}
