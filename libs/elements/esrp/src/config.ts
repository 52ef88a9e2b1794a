import {
  dialogsSchema,
  domainSchema,
  durationSchema,
  httpUrlSchema,
  listenSchema,
  nextHopsSchema,
  overloadSchema,
  sipPortsSchema,
  sipUriSchema,
} from '@esinet/platform';
import { z } from 'zod';
import { statesConfigSchema } from './states/config.js';
import { policiesConfigSchema } from './policies/config.js';
import { queuesConfigSchema } from './queues/config.js';
import { explanationsConfigSchema } from './explanation/config.js';

/** Ways to ask ECRF and LIS, in the order in which they are tried. */
const viaSchema = z
  .array(z.enum(['bus', 'http']))
  .min(1)
  .max(2)
  .refine((ways) => new Set(ways).size === ways.length, 'expected bus and http once each')
  .default(['http']);

export const esrpConfigSchema = z
  .strictObject({
    http: listenSchema({ port: 15_970 }),
    /** A port of null turns a transport off. */
    listen: sipPortsSchema({ udp: 15_070, tcp: 15_070, tls: null }).prefault({}),
    privateDomain: domainSchema.default('psap.esinet.internal'),
    /** Next hops of the domains inside; what is not here is left to the border. */
    hosts: z
      .record(domainSchema, nextHopsSchema)
      .prefault({ 'psap.esinet.internal': ['tcp:127.0.0.1:15075'] }),
    /** The inner side of the border: outbound messages of PSAPs, and other ESInets. */
    bcf: nextHopsSchema.prefault(['tcp:127.0.0.1:15062']),
    /** Where a call goes for which no PSAP could be found out. */
    defaultPsap: sipUriSchema.default('sip:default@psap.esinet.internal'),
    ecrf: z
      .strictObject({
        url: httpUrlSchema.default('http://127.0.0.1:15222/lost'),
        /** How it is asked: one after the other, within `timeout` together. */
        via: viaSchema,
        /** Time for one question, redirect included. */
        timeout: durationSchema.prefault('900 ms'),
        /** Octets of an answer. */
        maxBytes: z.int().min(1_024).default(1_048_576),
        /** LoST servers a redirect may name, and where each is asked. */
        redirects: z.record(domainSchema, httpUrlSchema).default({}),
        breaker: z
          .strictObject({
            /** Failures in a row after which the ECRF is left alone. */
            failures: z.int().min(1).default(3),
            /** For how long; then one call asks again. */
            pause: durationSchema.prefault('5 s'),
          })
          .prefault({}),
        cache: z
          .strictObject({
            entries: z.int().min(0).default(256),
            /** A mapping is not used longer than this, whatever it says itself. */
            maxAge: durationSchema.prefault('24 h'),
            /** How long beyond its end a mapping serves while the ECRF is away. */
            stale: durationSchema.prefault('24 h'),
          })
          .prefault({}),
      })
      .prefault({}),
    held: z
      .strictObject({
        /** The LIS asked for the location of an asserted caller whose message has none (RFC 6155); null: nobody is. */
        lis: httpUrlSchema.nullable().default('http://127.0.0.1:15985/held'),
        /** Hosts whose location URIs are fetched, as `host:port`; nobody else's are. */
        allowedHosts: z.array(z.string().min(1)).default(['127.0.0.1:15985']),
        /** How their location URIs are asked; the bus has none of other ESInets, so that HTTP stays the last. */
        via: viaSchema,
        timeout: durationSchema.prefault('1 s'),
        maxBytes: z.int().min(1_024).default(65_536),
      })
      .prefault({}),
    /** Location and mapping together; the call goes on with what is known by then. */
    budget: durationSchema.prefault('1.9 s'),
    /** RFC 6442 4.2: what an explicit `Geolocation-Routing: no` means for an emergency. */
    geolocationRoutingNo: z.enum(['honour', 'override']).default('honour'),
    /** Domains or URIs of next hops that cannot take a URN as Request-URI. */
    rewrite: z.record(z.string().min(1), z.enum(['request-uri', 'request-uri-and-to'])).default({}),
    /** Route policies: rules that decide who answers. */
    policies: policiesConfigSchema,
    dialogs: dialogsSchema,
    /** A next hop that is silent for this long is joined by the next one. */
    failover: durationSchema.prefault('4 s'),
    /** The same over TCP and TLS between the servers of one next hop: they say 100 within 200 ms (RFC 4320 4.1). */
    prompt: durationSchema.prefault('500 ms'),
    states: statesConfigSchema,
    /** Limits of next hops, who serves them, and where calls go that they do not take. */
    queues: queuesConfigSchema,
    /** Decisions remembered, to explain and to replay them. */
    explanations: explanationsConfigSchema,
    overload: overloadSchema,
  })
  .prefault({});

export type EsrpConfig = z.infer<typeof esrpConfigSchema>;
