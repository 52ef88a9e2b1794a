import {
  type Destination,
  type Fallback,
  type ForwardTarget,
  type TransportName,
  isSecure,
  isTransportName,
} from '@esinet/sip';
import { z } from 'zod';
import { hostPort } from '../config/values.js';
import { parseDestination } from './destination-text.js';

/** A configured next hop: an address, or a name that is looked up when it is needed (RFC 3263). */
export type NextHop =
  | Destination
  | {
      readonly transport: TransportName;
      readonly uri: string;
      /** As of a Destination: of what is found under that name. */
      readonly authority?: string;
      readonly fallback?: Fallback;
    };

/** `tcp:10.0.0.7:15070`, `tls:10.0.0.7:5061;esrp.esinet.lab` with the name the certificate must show, `tcp:esrp.example:5060`. */
export const nextHopSchema = z.string().transform((text, context): NextHop => {
  const address = parseDestination(text);
  const hop = address.ok ? address.value : byName(text);
  if (hop) return hop;
  context.addIssue({ code: 'custom', message: 'expected transport:host:port such as tcp:127.0.0.1:15070' });
  return z.NEVER;
});

/** Next hops in the order in which they are tried. */
export const nextHopsSchema = z.array(nextHopSchema).max(32);

/** The part of a forward target that says where it goes. */
export function towards(
  hop: NextHop,
): Pick<ForwardTarget, 'destination' | 'nextHopUri' | 'authority' | 'fallback'> {
  if (!('uri' in hop)) return { destination: hop };
  const { uri, authority, fallback } = hop;
  return { nextHopUri: uri, ...(authority !== undefined && { authority }), ...(fallback && { fallback }) };
}

function byName(text: string): NextHop | undefined {
  const colon = text.indexOf(':');
  const transport = text.slice(0, colon).toLowerCase();
  const to = hostPort(text.slice(colon + 1));
  if (!isTransportName(transport) || !to) return undefined;
  const port = to.port === undefined ? '' : `:${to.port}`;
  // RFC 3261 19.1.1, 26.2.2: TLS is a sips URI over the stream transport.
  const over = transport === 'tls' ? 'tcp' : transport === 'wss' ? 'ws' : transport;
  return { transport, uri: `${isSecure(transport) ? 'sips' : 'sip'}:${to.host}${port};transport=${over}` };
}
