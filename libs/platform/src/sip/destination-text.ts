import { isIP } from 'node:net';
import { type Result, err, ok } from '@esinet/kernel';
import { type Destination, type TransportName, defaultPort, isTransportName } from '@esinet/sip';
import { z } from 'zod';
import { domainSchema, hostPort, isHost } from '../config/values.js';

/**
 * Reads `transport:address:port[;name]`: `udp:127.0.0.1:15070`, `tls:[2001:db8::1]:5061;bcf.esinet.lab`. Without a port
 * it is the transport's own; the name is the identity that the peer's certificate must show.
 */
export function parseDestination(text: string): Result<Destination, string> {
  const example = 'expected transport:address:port such as udp:127.0.0.1:15070';
  const colon = text.indexOf(':');
  if (colon < 0) return err(example);
  const transport = text.slice(0, colon).toLowerCase();
  if (!isTransportName(transport)) return err(`${example}; "${transport}" is none of udp, tcp, tls, ws, wss`);
  const semicolon = text.indexOf(';', colon);
  const serverName = semicolon < 0 ? undefined : text.slice(semicolon + 1);
  const authority = text.slice(colon + 1, semicolon < 0 ? undefined : semicolon);
  const to = hostPort(authority);
  if (!to) return err(example);
  if (isIP(to.host) === 0) return err(`${example}; "${to.host}" is a name, an IP address is needed here`);
  if (serverName !== undefined && !isHost(serverName)) return err(`"${serverName}" is no name of a server`);
  const port = to.port ?? defaultPort(transport);
  const destination = { transport, address: to.host, port };
  return ok(
    serverName === undefined ? destination : { ...destination, serverName: serverName.toLowerCase() },
  );
}

/** `transport:address:port[;name]` as text in a configuration, a Destination in the program. */
export const destinationSchema = z.string().transform((text, context): Destination => {
  const parsed = parseDestination(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.error });
  return z.NEVER;
});

const transports = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const satisfies readonly TransportName[];

const sipListenerSchema = z
  .strictObject({
    /** Tells the sides of an element apart: `public-udp`. */
    name: z.string().min(1).max(64),
    transport: z.enum(transports),
    host: z
      .string()
      .refine((text) => isIP(text) !== 0, 'expected an IP address')
      .default('127.0.0.1'),
    port: z.int('expected a port number').min(0, 'a port is 0 to 65535').max(65_535, 'a port is 0 to 65535'),
    /** `host` or `host:port` that others reach this listener by, when it is not what it listens on. */
    advertise: z
      .string()
      .refine((text) => hostPort(text) !== undefined, 'expected a host, or host:port')
      .optional(),
    /** Of a WebSocket listener. */
    path: z.string().startsWith('/').optional(),
    /** Refuse peers that show no certificate of ours: by default true on tls, false on wss. */
    requireClientCertificate: z.boolean().optional(),
    /** SIP domains one of which that certificate has to speak for (RFC 5922 7.4); any if not given. */
    clients: z.array(domainSchema).min(1).max(1_000).optional(),
  })
  .superRefine((listener, context) => {
    const web = listener.transport === 'ws' || listener.transport === 'wss';
    const secure = listener.transport === 'tls' || listener.transport === 'wss';
    if (listener.path !== undefined && !web) {
      context.addIssue({ code: 'custom', message: 'only ws and wss listeners have a path', path: ['path'] });
    }
    if (listener.requireClientCertificate !== undefined && !secure) {
      context.addIssue({
        code: 'custom',
        message: 'only tls and wss listeners see certificates',
        path: ['requireClientCertificate'],
      });
    }
  });

export type SipListener = z.infer<typeof sipListenerSchema>;

/** The sockets an element speaks SIP on. */
export const sipListenersSchema = z
  .array(sipListenerSchema)
  .min(1)
  .superRefine((listeners, context) => {
    const sockets = new Map<string, string>();
    const names = new Set<string>();
    for (const [i, { name, transport, host, port }] of listeners.entries()) {
      if (names.has(name)) {
        context.addIssue({ code: 'custom', message: `another listener is named ${name}`, path: [i, 'name'] });
      }
      names.add(name);
      const socket = `${transport === 'udp' ? 'udp' : 'tcp'} ${host} ${port}`;
      const other = sockets.get(socket);
      if (other !== undefined && port !== 0) {
        context.addIssue({
          code: 'custom',
          message: `listener ${other} has this port already`,
          path: [i, 'port'],
        });
      }
      sockets.set(socket, name);
    }
  });
