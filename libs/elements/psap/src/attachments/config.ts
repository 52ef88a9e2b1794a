import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** Additional data by reference (RFC 7852 6.1, TS 103 698 6.1.2.7). */
export const additionalDataSchema = z
  .strictObject({
    /** Hosts that are asked, over TLS and with this element's certificate, as `host` or `host:port`; nobody else is. */
    allowedHosts: z.array(z.string().min(1)).default([]),
    /** Hosts that may be asked without TLS, inside a network that protects otherwise. */
    plainHosts: z.array(z.string().min(1)).default([]),
    timeout: durationSchema.prefault('3 s'),
    /** Octets of one answer. */
    maxBytes: z.int().min(1_024).max(1_048_576).default(65_536),
  })
  .prefault({});

/** Injection token: certificate, key and authority of this element; null if it has none. */
export const PSAP_TLS = Symbol('esinet.psap.tls');
