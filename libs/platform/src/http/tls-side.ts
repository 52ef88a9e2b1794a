import { z } from 'zod';
import { defaultLimits } from '../config/limits.js';
import { hostSchema, portSchema } from '../config/values.js';
import type { ElementOptions } from '../nest/start-element.js';
import type { TlsOptions } from '../pki/tls-options.js';

const pemSchema = z.string().regex(/-----BEGIN [A-Z ]+-----/, 'expected PEM');

/** How an element serves HTTPS. As `certFile`, `keyFile` and `caFile` the texts come from files. */
export const tlsSideSchema = z
  .strictObject({
    /** Those of `http` when not given: both are served on one port then. */
    host: hostSchema.optional(),
    port: portSchema.optional(),
    /** Certificate with its chain. The program's own of the PKI folder when not given. */
    cert: pemSchema.optional(),
    key: pemSchema.optional(),
    /** Who signs the certificates of clients, and of servers that are asked. */
    ca: pemSchema.optional(),
    clientCertificate: z.enum(['none', 'asked', 'required']).default('asked'),
    /** Plain HTTP for probes and metrics only. */
    only: z.boolean().default(true),
  })
  .refine(
    (tls) => (tls.cert === undefined) === (tls.key === undefined),
    'cert and key (certFile and keyFile) belong together',
  );

export type TlsSide = z.infer<typeof tlsSideSchema>;

/**
 * The certificate an element serves with and shows to others: that of its TLS side, else the program's.
 *
 * @throws Error, a sentence for the operator, when there is a TLS side and no certificate
 */
export function tlsIdentity(
  element: string,
  side: TlsSide | undefined,
  program: TlsOptions | undefined,
): TlsOptions | undefined {
  if (side?.cert !== undefined && side.key !== undefined) {
    return { cert: side.cert, key: side.key, ca: side.ca ?? program?.ca ?? side.cert };
  }
  if (side && !program) {
    throw new Error(
      `${element}.tls has no certificate; set ${element}.tls.certFile and keyFile, or pki.folder`,
    );
  }
  return program && side?.ca !== undefined ? withAuthorities(program, side.ca) : program;
}

/** The program's certificate, whichever it has at the time, and other authorities. */
function withAuthorities(program: TlsOptions, ca: string): TlsOptions {
  return {
    get key() {
      return program.key;
    },
    get cert() {
      return program.cert;
    },
    ca,
    ...(program.onChanged && { onChanged: program.onChanged }),
  };
}

/** The same element with its routes over HTTPS too, or only there. `identity` as of `tlsIdentity`. */
export function withTlsSide(
  o: ElementOptions & { readonly fastRoutes: NonNullable<ElementOptions['fastRoutes']> },
  side: TlsSide | undefined,
  identity: TlsOptions | undefined,
): ElementOptions {
  if (!side || !identity) return o;
  const { fastRoutes, ...rest } = o;
  return {
    ...rest,
    ...(side.only ? { http: { ...o.http, probesOnly: true } } : { fastRoutes }),
    secure: {
      host: side.host ?? o.http.host,
      port: side.port ?? o.http.port,
      tls: identity,
      clientCertificate: side.clientCertificate,
      routes: fastRoutes,
      everything: true,
      maxBodyBytes: o.http.limits?.maxBodyBytes ?? (o.platform.limits ?? defaultLimits).http.maxBodyBytes,
      configKey: `${o.name}.tls.port`,
    },
  };
}
