import { durationSchema, sipPortsSchema } from '@esinet/platform';
import { z } from 'zod';
import { isNetwork } from '../peer-list.js';

/** Location by presence (RFC 3856, 6446, 6447); null: the LIS speaks no SIP. */
export const presenceConfigSchema = z
  .strictObject({
    /** A port of null turns a transport off. */
    listen: sipPortsSchema({ udp: 15_085, tcp: 15_085, tls: null, ws: null, wss: null }).prefault({}),
    /** The URIs that HELD answers give for it, beside that of HELD itself. */
    uris: z.array(z.enum(['sip', 'pres'])).default(['sip']),
    /** Networks of proxies of ours: NOTIFYs to them go where the dialog says; to all others back where they come from. */
    proxies: z
      .array(z.string().refine(isNetwork, 'expected an IP address or a network such as 192.0.2.0/24'))
      .default([]),
    /** Subscriptions held at once. */
    maxSubscriptions: z.int().min(1).max(1_000_000).default(20_000),
    /** Subscriptions to one location URI. */
    perUri: z.int().min(1).default(20),
    /** NOTIFYs to one address over UDP that have no answer yet. */
    unanswered: z.int().min(1).default(500),
    /** Without an Expires header (RFC 3856 6.4), and at most. */
    expires: durationSchema.pipe(z.number().min(1_000)).default(3_600_000),
    maxExpires: durationSchema.pipe(z.number().min(1_000).max(86_400_000)).default(3_600_000),
    /** What is asked for shorter is 423. */
    minExpires: durationSchema.pipe(z.number().min(0).max(3_599_000)).default(60_000),
    /** Between notifications of a watcher who names no max-rate (RFC 3856 6.10). */
    interval: durationSchema.pipe(z.number().min(100)).default(5_000),
    /** Between notifications at least, whatever max-rate is asked for; also how often a moving device is looked at. */
    shortestInterval: durationSchema.pipe(z.number().min(20)).default(1_000),
    /** Between notifications of an unchanged place at least, whatever min-rate is asked for. */
    shortestRepeat: durationSchema.pipe(z.number().min(100)).default(2_000),
    /** Octets of a filter document. */
    maxFilterBytes: z.int().min(256).max(65_536).default(16_384),
    maxFilters: z.int().min(1).max(100).default(10),
    /** Conditions of all filters of a subscription. */
    maxConditions: z.int().min(1).max(500).default(20),
    /** Positions of a region's outline. */
    maxRegionPositions: z.int().min(4).max(4_000).default(200),
    /** Times that watchers have for their last NOTIFY when the LIS stops. */
    farewell: durationSchema.pipe(z.number().min(0).max(30_000)).default(1_000),
  })
  .nullable()
  .prefault({});

export type PresenceConfig = NonNullable<z.infer<typeof presenceConfigSchema>>;
