import { isIP } from 'node:net';
import { hostPort } from '@esinet/platform';
import {
  type Destination,
  type ForwardTarget,
  type TransportName,
  defaultPort,
  isTransportName,
} from '@esinet/sip';
import { z } from 'zod';

/** A configured next hop: an address, or a name that is looked up when it is needed (RFC 3263). */
export type NextHop = Destination | { readonly transport: TransportName; readonly uri: string };

/** `tcp:10.0.0.7:15070`, `tls:esrp.esinet.example:5061`; IPv6 in brackets. */
export const nextHopSchema = z.string().transform((text, context): NextHop => {
  const colon = text.indexOf(':');
  const transport = text.slice(0, colon).toLowerCase();
  const to = hostPort(text.slice(colon + 1));
  if (!isTransportName(transport) || !to) {
    context.addIssue({
      code: 'custom',
      message: 'expected transport, host and port such as tcp:127.0.0.1:15070',
    });
    return z.NEVER;
  }
  if (isIP(to.host) !== 0) return { transport, address: to.host, port: to.port ?? defaultPort(transport) };
  const secure = transport === 'tls' || transport === 'wss';
  const port = to.port === undefined ? '' : `:${to.port}`;
  return {
    transport,
    uri: `${secure ? 'sips' : 'sip'}:${to.host}${port};transport=${transport === 'tls' ? 'tcp' : transport}`,
  };
});

export const nextHopsSchema = z.array(nextHopSchema).max(32);

/** The part of a forward target that says where it goes. */
export function towards(hop: NextHop): Pick<ForwardTarget, 'destination' | 'nextHopUri'> {
  return 'uri' in hop ? { nextHopUri: hop.uri } : { destination: hop };
}
