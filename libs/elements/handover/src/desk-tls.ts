import { type ElementOptions, type TlsOptions, tlsIdentity, tlsSideSchema } from '@esinet/platform';
import type { HandoverConfig } from './handover-config.js';

/** Beyond one machine the tokens of people must not go over the network in clear. */
export const deskTlsSchema = tlsSideSchema.refine((tls) => tls.port !== undefined, {
  path: ['port'],
  message: 'expected a port of its own, such as 15094',
});

/** The same with the desk over HTTPS too, or only there: plain HTTP is left to probes and metrics then. */
export function withDeskTls(o: ElementOptions, config: HandoverConfig, program: TlsOptions): ElementOptions {
  const { tls: side, http, limits } = config;
  const tls = side && tlsIdentity('handover', side, program);
  if (!tls || side.port === undefined || !o.fastRoutes) return o;
  const { fastRoutes: routes, ...rest } = o;
  return {
    ...rest,
    ...(side.only ? { http: { ...o.http, probesOnly: true } } : { fastRoutes: routes }),
    also: [
      {
        ...{ host: side.host ?? http.host, port: side.port, tls, routes, everything: true },
        ...{ clientCertificate: side.clientCertificate, maxBodyBytes: limits.bodyBytes },
        configKey: 'handover.tls.port',
      },
    ],
  };
}
