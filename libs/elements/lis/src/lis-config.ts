import {
  domainSchema,
  durationSchema,
  httpUrlSchema,
  listenSchema,
  sipUriSchema,
  tlsSideSchema,
} from '@esinet/platform';
import { z } from 'zod';
import { isCertificateName, isNetwork } from './peer-list.js';
import { DEVICE_IDENTITY_KINDS } from '@esinet/held';
import { deviceSchema } from './device-schema.js';
import { presenceConfigSchema } from './presence/presence-config.js';
import type { ThirdPartyRule } from './third-parties.js';

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

/** An agreement with third parties (RFC 6155 4.2): who, by which identifiers, in which form. */
const thirdPartySchema = z
  .union([
    peerSchema,
    z.strictObject({
      peers: z.array(peerSchema).min(1),
      /** Kinds of identifiers they may use; all if not given. */
      kinds: z.array(z.enum(DEVICE_IDENTITY_KINDS)).min(1).optional(),
      /** What an identifier has to look like: `uri:sip:*@provider.lab`. */
      identifiers: z.array(z.string().min(1).max(600)).min(1).optional(),
      /** By value, or only by a location URI, whose policy still decides. */
      give: z
        .array(z.enum(['value', 'reference']))
        .min(1)
        .default(['value', 'reference']),
    }),
  ])
  .transform((rule): ThirdPartyRule =>
    typeof rule === 'string' ? { peers: [rule], give: ['value', 'reference'] } : rule,
  );

/** RFC 7840: the ECRF that is asked for routes, and what is answered without it. */
const routingSchema = z
  .strictObject({
    /** LoST over HTTP. Without it and without `default` no routing information is given. */
    lost: httpUrlSchema.optional(),
    /** Given with defaultRoute="true" where LoST knows nothing (RFC 7840 section 4). */
    default: sipUriSchema.optional(),
    /** How long LoST may take before the answer goes without it. */
    timeout: durationSchema.pipe(z.number().min(1).max(10_000)).default(1_000),
  })
  .prefault({});

export const lisConfigSchema = z
  .strictObject({
    http: listenSchema({ port: 15985 }),
    /** HELD over HTTPS, with client certificates or without; location URIs are https then. */
    tls: tlsSideSchema.optional(),
    /** Location URIs are dereferenced over the bus as well, for whoever may send there. */
    overBus: z.boolean().default(true),
    /** What location URIs start with; without it the address listened on. */
    publicUrl: httpUrlSchema.optional(),
    /** Domain of the pseudonyms in PIDF-LO (RFC 5985 section 6.6). */
    domain: domainSchema.default('lis.esinet.lab'),
    devices: z.array(deviceSchema).default([]),
    /** Files of devices: .csv, .ndjson, or .json with an array. Read again when they change. */
    deviceFiles: z.array(z.string().min(1)).max(100).default([]),
    /** Devices that came over HTTP are on disk before that is answered, and there again after a restart. */
    keepDevices: z.boolean().default(false),
    /** Who may ask for the location of others (RFC 6155 section 4.2). */
    thirdParties: z.array(thirdPartySchema).prefault(LOOPBACK),
    /** Who may provision devices over HTTP. */
    provisioners: z.array(peerSchema).default(LOOPBACK),
    /** Networks of own devices; asked from elsewhere the answer is notLocatable. Empty: anywhere. */
    accessNetwork: z.array(networkSchema).default([]),
    /** Positions outside of it are refused: [west, south, east, north] in degrees. */
    area: z
      .tuple([
        z.number().min(-180).max(180),
        z.number().min(-90).max(90),
        z.number().min(-180).max(180),
        z.number().min(-90).max(90),
      ])
      .optional(),
    /** How long a position that has expired is still told, marked by its timestamp, where nothing newer is known. */
    keepLapsed: durationSchema.default(0),
    /** How long a location URI works (RFC 5985 section 6.5.2: 30 minutes to 24 hours). */
    uriExpires: durationSchema.pipe(z.number().min(1_000).max(86_400_000)).default(1_800_000),
    /** What a requester may ask for instead. */
    uriExpiresMin: durationSchema.pipe(z.number().min(1_000)).default(60_000),
    uriExpiresMax: durationSchema.pipe(z.number().min(1_000).max(86_400_000)).default(86_400_000),
    /** Dereferences after which a location URI works no more; 0: any number. A requester may ask for fewer. */
    uriUses: z.int().min(0).default(0),
    /** Whether a location URI shows where the device was when it was made, not where it is. */
    uriSnapshot: z.boolean().default(false),
    /** Location URIs of one device at a time; beyond, locations are given by value only. */
    urisPerDevice: z.int().min(1).default(10_000),
    /** RFC 7199: a policy URI with every location URI, with those that are asked for one, or never. */
    policyUris: z.enum(['always', 'asked', 'never']).default('asked'),
    /** Who may change a policy without TLS (RFC 7199 section 7.2): networks that are safe by themselves. */
    safeNetworks: z.array(networkSchema).default(LOOPBACK),
    routing: routingSchema,
    sip: presenceConfigSchema,
    /** Where data about the provider of the locations is (RFC 7852 6.2), for devices that do not say. */
    providedBy: httpUrlSchema.optional(),
    /** RFC 4119 section 2.2.2, for devices that do not say. Not given: nothing is said, which means false. */
    retransmissionAllowed: z.boolean().optional(),
    /** How long a recipient may keep a location (RFC 4119 section 2.2.2). */
    retention: durationSchema.default(86_400_000),
    /** Time for responseTime="emergencyRouting" (RFC 5985 section 6.1). */
    emergencyRouting: durationSchema.default(2_000),
    /** Time for responseTime="emergencyDispatch". */
    emergencyDispatch: durationSchema.default(10_000),
    /** Many devices in one request. */
    load: z
      .strictObject({
        /** Octets of a body. */
        maxBytes: z.int().min(1_000).max(1_073_741_824).default(67_108_864),
        /** Loads that are read at the same time. */
        atOnce: z.int().min(1).max(10).default(1),
      })
      .prefault({}),
    maxDevices: z.int().min(1).max(1_000_000).default(100_000),
  })
  .prefault({});

export type LisConfig = z.infer<typeof lisConfigSchema>;
