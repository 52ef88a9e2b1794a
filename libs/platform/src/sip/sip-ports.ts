import type { TransportName } from '@esinet/sip';
import { z } from 'zod';
import { domainSchema, hostSchema, portSchema } from '../config/values.js';
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
    /** Refuse who shows no certificate of our authorities: by default true on tls, false on wss. */
    requireClientCertificate: z.boolean().optional(),
    /** SIP domains one of which that certificate has to speak for (RFC 5922 7.4); any if not given. */
    clients: z.array(domainSchema).min(1).max(1_000).optional(),
    ...ports,
  });
}

export type SipPorts = {
  readonly host: string;
  readonly advertise?: string | undefined;
  readonly requireClientCertificate?: boolean | undefined;
  readonly clients?: readonly string[] | undefined;
} & {
  readonly [K in TransportName]?: number | null;
};

/** The listeners of the transports that are on, named after them: `tcp`, or `public-tcp` with the prefix `public-`. */
export function sipPortListeners(ports: SipPorts, prefix = ''): SipListener[] {
  return (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).flatMap((transport) => {
    const port = ports[transport];
    if (port === undefined || port === null) return [];
    const { host, advertise, requireClientCertificate, clients } = ports;
    const secure = transport === 'tls' || transport === 'wss';
    return [
      {
        name: `${prefix}${transport}`,
        transport,
        host,
        port,
        ...(advertise !== undefined && { advertise }),
        ...(secure && requireClientCertificate !== undefined && { requireClientCertificate }),
        ...(secure && clients && { clients: [...clients] }),
      },
    ];
  });
}
