import type { Destination } from '../transport/destination.js';

/** RFC 3261 18.1.1: a request within 200 bytes of the path MTU, or over 1,300 where that is unknown. */
export const largestUdpRequest = 1_300;

/**
 * RFC 3261 18.1.1: a large request prefers a transport with congestion control. Each UDP destination is put behind the
 * reliable ones that were located with it; UDP stays as the way out when no connection can be had.
 */
export function orderForSize(destinations: readonly Destination[], bytes: number): readonly Destination[] {
  if (bytes <= largestUdpRequest || !destinations.some((d) => d.transport === 'udp')) return destinations;
  const reliable = destinations.filter((d) => d.transport !== 'udp');
  return reliable.length === 0
    ? destinations
    : [...reliable, ...destinations.filter((d) => d.transport === 'udp')];
}
