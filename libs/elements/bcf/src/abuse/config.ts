import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** A token bucket: so many a second, and so many at once. */
export const bucketSchema = (defaults: { readonly rate: number; readonly burst: number }) =>
  z
    .strictObject({
      /** Requests a second, in the long run. */
      rate: z.number().positive().max(1_000_000).default(defaults.rate),
      /** Requests at once. */
      burst: z.int().min(1).max(1_000_000).default(defaults.burst),
    })
    .prefault({});

/** RFC 3261 21.4.18, 21.4.24, 21.6.1, 21.4.4. Never 503: a peer would take this whole border for gone (TS 103 698 6.1.2.9). */
const refusalStatus = z.union([z.literal(403), z.literal(480), z.literal(486), z.literal(600)]);

/** Bounds of one peer that showed a certificate, in place of `bcf.abuse.peer`. */
export const peerLimitsSchema = z.strictObject({
  rate: z.number().positive().max(1_000_000).exactOptional(),
  burst: z.int().min(1).max(1_000_000).exactOptional(),
});

/** What one source may ask of this border. Requests from inside are not counted. */
export const abuseConfigSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Of one address without a known certificate; of a /64 for IPv6. */
    address: bucketSchema({ rate: 100, burst: 500 }),
    /** Of one peer that showed its certificate: many people stand behind it. */
    peer: bucketSchema({ rate: 2_000, burst: 10_000 }),
    /** Of one user of an address or of a peer. */
    identity: bucketSchema({ rate: 20, burst: 200 }),
    /** Part of each bucket that only running chats may use. */
    reservePercent: z.int().min(0).max(90).default(20),
    /** Borders that one source's requests are spread over: each lets in its part of these. */
    instances: z.int().min(1).max(100).default(1),
    /** What this border answers by itself over one connection, or over UDP to one address: refusals, OPTIONS. Beyond: silence. */
    ownAnswers: bucketSchema({ rate: 2, burst: 100 }),
    /** Shortest time between two completed test calls of one source. TS 103 698 6.1.2.10 */
    testInterval: durationSchema.prefault('2 min'),
    /** The answer to what is too much. */
    status: refusalStatus.default(480),
    /** Retry-After of it; up to twice as long, so that not all come back at once. */
    retryAfter: durationSchema.prefault('5 s'),
    /** Ways back to callers that one address may have in memory: what runs is heard of more often than it fills this. */
    chatsPerAddress: z.int().min(1).default(5_000),
    /** Signed identities: RFC 8224. What they are worth is a label, and never a reason to refuse. */
    passports: z
      .strictObject({
        enabled: z.boolean().default(true),
        /** Hosts that certificates are fetched from, as `host` or `host:port`; nobody else is asked. */
        allowedHosts: z.array(z.string().min(1).max(253)).max(1_000).default([]),
        /** PEM of the authorities whose certificates may sign calls. */
        trust: z.string().min(1).exactOptional(),
        /** Whether those hosts may have addresses of private networks. */
        insideAddresses: z.boolean().default(false),
        /** How far `iat` may be off. RFC 8224 6.2 */
        fresh: durationSchema.prefault('60 s'),
        timeout: durationSchema.prefault('2 s'),
        /** How long a certificate is kept, and how long one that could not be had is not asked for again. */
        keep: durationSchema.prefault('1 h'),
        retry: durationSchema.prefault('1 min'),
        certificates: z.int().min(1).max(100_000).default(1_000),
      })
      .prefault({}),
    /** Sources, users and test calls remembered, of each kind. */
    remembered: z.int().min(100).max(1_000_000).default(50_000),
  })
  .prefault({});

/** HTTP-2: what follows when a PSAP reports a source. */
export const badActorsConfigSchema = z
  .strictObject({
    /** `limit` lets a few through: a block by mistake can cost a life. */
    action: z.enum(['limit', 'block']).default('limit'),
    duration: durationSchema.prefault('15 min'),
    /** Sources under a measure at once; beyond, the one that would end first ends. */
    max: z.int().min(1).max(100_000).default(1_000),
    /** What a limited source may still send. */
    rate: bucketSchema({ rate: 0.1, burst: 3 }),
    /** The answer to a blocked source. */
    status: refusalStatus.default(403),
    /** How long a source can be reported after its last first message, and how many are remembered. */
    remember: durationSchema.prefault('2 h'),
    sources: z.int().min(100).max(1_000_000).default(100_000),
    /** Who may report, list and undo. */
    reporters: z
      .strictObject({
        /** Over plain HTTP: only from these addresses. */
        addresses: z
          .array(z.union([z.ipv4(), z.ipv6()]))
          .max(1_000)
          .default(['127.0.0.1', '::1']),
        /** Over HTTPS: names in their certificate, as `URI:sip:psap.example`; that of the private domain if none is given. */
        names: z.array(z.string().min(5).max(300)).max(1_000).default([]),
      })
      .prefault({}),
    /** Octets of the audit trail; the file before it is kept as well. */
    auditBytes: z.int().min(10_000).max(1_000_000_000).default(10_000_000),
  })
  .prefault({});

export type AbuseConfig = z.infer<typeof abuseConfigSchema>;
export type BadActorsConfig = z.infer<typeof badActorsConfigSchema>;
