import type { TransportName } from '../transport/destination.js';
import type { TransactionTransport } from './transport-port.js';

/** The listener for a transport on the side of another: the part of its name before the last hyphen is the side. */
export function listenerOfSide(
  listeners: ReturnType<TransactionTransport['listeners']>,
  transport: TransportName,
  listener: string,
): string {
  const named = listeners.find((candidate) => candidate.name === listener);
  if (!named || named.transport === transport) return listener;
  const side = listener.slice(0, listener.lastIndexOf('-') + 1);
  const sibling = side && listeners.find((l) => l.name.startsWith(side) && l.transport === transport);
  return sibling ? sibling.name : listener;
}
