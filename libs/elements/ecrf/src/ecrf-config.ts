import { isIP } from 'node:net';
import {
  domainSchema,
  durationSchema,
  httpUrlSchema,
  listenSchema,
  sipUriSchema,
  tlsSideSchema,
  hostPort,
} from '@esinet/platform';
import { z } from 'zod';
import { syncConfigSchema } from './sync/sync-config.js';
import { civicDataSchema } from './civic-config.js';

/** RFC 5222 section 15 wants at least two labels in the name of a LoST server. */
const sourceSchema = domainSchema.refine(
  (name) => name.includes('.'),
  'expected a name with a dot, such as ecrf.esinet.lab',
);

function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const at = hostPort(text);
  return at !== undefined && isIP(at.host) !== 0;
}

const civicMatchSchema = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/, 'expected a civic element such as A1'),
    z.string().min(1),
  )
  .refine((match) => Object.keys(match).length > 0, 'expected at least one element, such as country');

const serviceSchema = z.string().regex(/^urn:[^\s]+$/i, 'expected a service URN');

const layerSchema = z.strictObject({
  /** GeoJSON. */
  files: z.array(z.string().min(1)).min(1),
  /** The service of all its features, whatever they say themselves. */
  service: serviceSchema.optional(),
  /** The authority its mappings come from (RFC 5222 section 5.1), where it is not this server. */
  source: sourceSchema.optional(),
  /** Answered where no boundary of its services holds the location. */
  default: z.strictObject({ uri: sipUriSchema, name: z.string().min(1).max(200).optional() }).optional(),
});

export const ecrfConfigSchema = z
  .strictObject({
    http: listenSchema({ port: 15222 }),
    /** LoST over HTTPS, with client certificates or without. */
    tls: tlsSideSchema.optional(),
    /** The name of this server in LoST (RFC 5222 section 4). */
    source: sourceSchema.default('ecrf.esinet.lab'),
    /** GeoJSON files with service boundaries, or the laboratory's own. None at all makes a forest guide or a resolver. */
    boundaries: z.union([z.literal('lab'), z.array(z.string().min(1))]).default('lab'),
    /** More boundaries, each layer with what its features have in common. */
    layers: z.array(layerSchema).default([]),
    /** Which boundary an area of uncertainty belongs to: RFC 5222 section 12.2 leaves it to the server. */
    uncertainty: z.enum(['largest-share', 'centroid', 'all']).default('largest-share'),
    /** New boundaries from the files, without a gap. */
    reload: z
      .strictObject({
        /** Whenever a file changes. */
        watch: z.boolean().default(false),
        /** How long files have to be left alone before they are read. */
        debounce: durationSchema.prefault('1 s'),
        /** ECRFs of the same `source` tell each other on the bus when they took new files, and go over together. */
        share: z.boolean().default(false),
        /** Who may ask for it by POST /reload, beside this machine: IP addresses. */
        addresses: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
        /** The same by a name in the client's certificate. */
        names: z.array(z.string().min(1)).default([]),
      })
      .prefault({}),
    /** Positions shown by GET /boundaries; of larger sets every so manieth. */
    mapPositions: z.int().min(1_000).max(1_000_000).default(200_000),
    /** GeoJSON files: where other LoST servers are responsible (RFC 5582 section 7.1). */
    coverage: z.array(z.string().min(1)).default([]),
    /** The same by civic address: every element named must be in the address with that value. */
    coverageCivic: z
      .array(
        z.strictObject({
          match: civicMatchSchema,
          service: serviceSchema.default('urn:service:sos'),
          server: sourceSchema,
        }),
      )
      .default([]),
    /** LoST name of the server that is asked where neither boundaries nor coverage hold the location. */
    forestGuide: sourceSchema.optional(),
    /** Where LoST servers are asked, by name. Others are found by U-NAPTR (RFC 5222 section 4). */
    servers: z.record(domainSchema, httpUrlSchema).default({}),
    /** Servers that are not in `servers`, by U-NAPTR (RFC 4848, RFC 5222 section 4). */
    discovery: z
      .strictObject({
        enabled: z.boolean().default(true),
        /** As `192.0.2.53` or `192.0.2.53:5353`; those of the system when none are given. */
        nameServers: z
          .array(z.string().refine(isNameServer, 'expected an address such as 192.0.2.53 or 192.0.2.53:5353'))
          .default([]),
        /** All questions of one discovery together. */
        timeout: durationSchema.prefault('300 ms'),
        /** How long what was found is taken without asking again. */
        ttl: durationSchema.prefault('1 h'),
        /** The same for "there is none", and while the DNS does not answer. */
        retry: durationSchema.prefault('5 s'),
        /** How old the last good answer may grow while the DNS does not answer. */
        stale: durationSchema.prefault('3 d'),
        /** Also servers that are found under http only. */
        plainHttp: z.boolean().default(false),
        /** Also servers at addresses of private use and of this machine: for an ESInet that is a network of its own. */
        innerAddresses: z.boolean().default(false),
      })
      .prefault({}),
    /** Mappings to and from other servers (RFC 6739). */
    sync: syncConfigSchema,
    /** What asking other servers may cost. */
    upstream: z
      .strictObject({
        /** All questions that one question brings about. */
        budget: durationSchema.prefault('800 ms'),
        /** Less for each server that was asked before this one. */
        hop: durationSchema.prefault('100 ms'),
        /** Redirects of another server that are followed. */
        redirects: z.int().min(0).max(10).default(3),
        /** Servers asked at once where coverage regions overlap. */
        overlapping: z.int().min(1).max(8).default(3),
        /** Octets of an answer. */
        maxBytes: z.int().min(1_024).default(1_048_576),
        /** Questions under way to one server, and to all of them. */
        perServer: z.int().min(1).default(64),
        total: z.int().min(1).default(512),
        breaker: z
          .strictObject({
            /** Failures in a row after which a server is left alone. */
            failures: z.int().min(1).default(3),
            /** For how long; then one question is let through. */
            pause: durationSchema.prefault('5 s'),
          })
          .prefault({}),
        cache: z
          .strictObject({
            entries: z.int().min(0).default(512),
            /** Positions of all boundaries kept. */
            positions: z.int().min(0).default(500_000),
            /** An answer is not used longer than this, whatever it says itself. */
            maxAge: durationSchema.prefault('24 h'),
            /** How long beyond its end an answer serves while its authority is away. */
            stale: durationSchema.prefault('24 h'),
          })
          .prefault({}),
      })
      .prefault({}),
    /** Answered where no boundary holds the location. Without it the answer is notFound and the ESRP decides. */
    defaultMapping: sipUriSchema.optional(),
    defaultMappingName: z.string().min(1).max(200).default('Default PSAP'),
    /** How long an answer may be kept. */
    expires: durationSchema.default(86_400_000),
    /** Positions of a boundary that is sent by value; larger ones go by reference. */
    maxVerticesByValue: z.int().min(4).max(4_000).default(2_000),
    /** Outside of all boundaries the nearest within so many metres is answered, with a warning. 0: never. */
    nearestWithinMetres: z.number().min(0).max(200_000).default(0),
    /** Civic addresses by boundary: every element named must be in the address with that value. */
    civic: z
      .array(
        z.strictObject({
          match: civicMatchSchema,
          /** NGUID of a boundary. */
          boundary: z.string().min(1),
        }),
      )
      .default([]),
    /** Areas, streets and address points: what civic addresses are found in and validated against. */
    civicData: civicDataSchema.optional(),
  })
  .superRefine((config, context) => {
    const hasOthers =
      config.coverage.length > 0 ||
      config.coverageCivic.length > 0 ||
      config.forestGuide !== undefined ||
      config.sync.peers.length > 0;
    if (config.boundaries.length > 0 || config.layers.length > 0 || hasOthers) return;
    context.addIssue({
      code: 'custom',
      path: ['boundaries'],
      message: 'without boundaries there has to be coverage, a forestGuide or a peer of sync',
    });
  })
  .prefault({});

export type EcrfConfig = z.infer<typeof ecrfConfigSchema>;
