import { domainSchema, durationSchema, httpUrlSchema, listenSchema, tlsSideSchema } from '@esinet/platform';
import { z } from 'zod';
import { isCertificateName, isNetwork } from './peer-list.js';
import { deviceSchema } from './device-schema.js';

const networkSchema = z
  .string()
  .refine(isNetwork, 'expected an IP address or a network such as 192.0.2.0/24');
const peerSchema = z
  .string()
  .refine(
    (text) => isNetwork(text) || isCertificateName(text),
    'expected an IP address, a network, or a name of a client certificate such as URI:sip:esrp.esinet.lab',
  );

const LOOPBACK = ['127.0.0.0/8', '::1'];

export const lisConfigSchema = z
  .strictObject({
    http: listenSchema({ port: 15985 }),
    /** HELD over HTTPS, with client certificates or without; location URIs are https then. */
    tls: tlsSideSchema.optional(),
    /** What location URIs start with; without it the address listened on. */
    publicUrl: httpUrlSchema.optional(),
    /** Domain of the pseudonyms in PIDF-LO (RFC 5985 section 6.6). */
    domain: domainSchema.default('lis.esinet.lab'),
    devices: z.array(deviceSchema).default([]),
    /** Who may ask for the location of others (RFC 6155 section 4.2). */
    thirdParties: z.array(peerSchema).default(LOOPBACK),
    /** Who may provision devices over HTTP. */
    provisioners: z.array(peerSchema).default(LOOPBACK),
    /** Networks of own devices; asked from elsewhere the answer is notLocatable. Empty: anywhere. */
    accessNetwork: z.array(networkSchema).default([]),
    /** How long a location URI works (RFC 5985 section 6.5.2: 30 minutes to 24 hours). */
    uriExpires: durationSchema.pipe(z.number().min(1_000).max(86_400_000)).default(1_800_000),
    /** How long a recipient may keep a location (RFC 4119 section 2.2.2). */
    retention: durationSchema.default(86_400_000),
    /** Time for responseTime="emergencyRouting" (RFC 5985 section 6.1). */
    emergencyRouting: durationSchema.default(2_000),
    /** Time for responseTime="emergencyDispatch". */
    emergencyDispatch: durationSchema.default(10_000),
    maxDevices: z.int().min(1).max(1_000_000).default(100_000),
  })
  .prefault({});

export type LisConfig = z.infer<typeof lisConfigSchema>;
