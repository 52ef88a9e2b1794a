import type { TransportName } from '@esinet/sip';
import { z } from 'zod';
import { hostSchema, portSchema } from '../config/values.js';
import type { SipListener } from './destination-text.js';

const portOrOff = portSchema.nullable();

/** One address with a port for each transport; a port of null turns a transport off. */
export function sipPortsSchema<P extends Partial<Record<TransportName, number | null>>>(defaults: P) {
  const ports = Object.fromEntries(
    Object.entries(defaults).map(([transport, port]) => [transport, portOrOff.default(port)]),
  ) as { [K in keyof P]: z.ZodDefault<typeof portOrOff> };
  return z.strictObject({
    host: hostSchema.default('127.0.0.1'),
    /** The name or address that stands in Via and Record-Route instead of the host. */
    advertise: hostSchema.optional(),
    ...ports,
  });
}

export type SipPorts = { readonly host: string; readonly advertise?: string | undefined } & {
  readonly [K in TransportName]?: number | null;
};

/** The listeners of the transports that are on, named after them: `tcp`, or `public-tcp` with the prefix `public-`. */
export function sipPortListeners(ports: SipPorts, prefix = ''): SipListener[] {
  return (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).flatMap((transport) => {
    const port = ports[transport];
    if (port === undefined || port === null) return [];
    const advertise = ports.advertise === undefined ? {} : { advertise: ports.advertise };
    return [{ name: `${prefix}${transport}`, transport, host: ports.host, port, ...advertise }];
  });
}
