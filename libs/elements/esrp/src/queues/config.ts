import {
  domainSchema,
  durationSchema,
  hostSchema,
  isSipUri,
  portSchema,
  sipUriSchema,
} from '@esinet/platform';
import { z } from 'zod';

/** `sip:madrid@psap.esinet.internal`: calls to that URI. A domain, or `*@domain`: all calls to that domain together. */
const queueNameSchema = z.string().transform((text, context): string => {
  if (isSipUri(text)) return text;
  const domain = domainSchema.safeParse(text.startsWith('*@') ? text.slice(2) : text);
  if (domain.success) return `sip:${domain.data}`;
  context.addIssue({ code: 'custom', message: 'expected a SIP URI, a domain, or *@domain' });
  return z.NEVER;
});

/** Who may register as a dequeuer: by name of the client certificate (`URI:sip:…`, `DNS:…`), or by address. */
const dequeuersSchema = z.strictObject({
  names: z.array(z.string().min(1)).max(1_000).default([]),
  addresses: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .max(1_000)
    .default([]),
  /** Also everybody on this machine: for a lab. */
  loopback: z.boolean().default(false),
  /** Registrations of one queue. */
  atMost: z.int().min(1).max(10_000).default(100),
  /** A longer registration is cut to this. */
  longest: durationSchema.refine((ms) => ms >= 1_000, 'expected at least 1 s').prefault('1 h'),
});

const queueSchema = z.strictObject({
  uri: queueNameSchema,
  /** Set by the operator: a disabled queue takes no calls, one on standby only those that nobody else takes. */
  state: z.enum(['Active', 'Disabled', 'Standby']).default('Active'),
  /** Calls handed to the next hop and not yet answered finally. Left out: no limit. */
  maxInService: z.int().min(1).max(1_000_000).optional(),
  /** Calls handed to the next hop in a second, also the size of a burst. Left out: no limit. */
  ratePerSecond: z.number().min(0.01).max(1_000_000).optional(),
  /** Calls that wait while the next hop has its fill; 0: none does. */
  maxWaiting: z.int().min(0).max(10_000).default(500),
  /**
   * A call that has waited this long goes on to the alternates. With the 1.9 s for location and mapping the default is
   * below the 4 s after which the border tries its next router; beyond 25 s a client's Timer F (32 s) ends the call.
   */
  maxWait: durationSchema.refine((ms) => ms <= 25_000, 'expected at most 25 s').prefault('2 s'),
  /** Where calls go that the queue does not take, in this order. */
  alternates: z.array(sipUriSchema).max(16).default([]),
  /** Sources (as the border names them) whose calls the queue takes. Left out: everybody's. */
  acceptsFrom: z.array(z.string().min(1)).max(1_000).optional(),
  /** The queue is served by whoever registers for it; without a registration it is inactive. */
  dequeuers: dequeuersSchema.optional(),
});

export const queuesConfigSchema = z
  .strictObject({
    list: z
      .array(queueSchema)
      .max(10_000)
      .refine((list) => new Set(list.map(({ uri }) => uri.toLowerCase())).size === list.length, {
        message: 'a queue is listed twice',
      })
      .default([]),
    /** Calls that wait over all queues: memory, and the transactions behind them. */
    maxWaiting: z.int().min(0).max(50_000).default(10_000),
    /** When all that could take a call are full: it goes to the last of its targets all the same, or is told to come again. */
    whenAllFull: z.enum(['last-target', 'busy']).default('last-target'),
    /** An admission nobody gave back; longer than any transaction with its timers (RFC 3261 timer C: 3 min). */
    longestService: durationSchema.refine((ms) => ms >= 35_000, 'expected at least 35 s').prefault('5 min'),
    /** How often routers that share a bus tell each other who is registered, beside each change. */
    tellEvery: durationSchema.refine((ms) => ms >= 100, 'expected at least 100 ms').prefault('5 s'),
    /** A next hop that answered 486 is full for this long. */
    busyFor: durationSchema.prefault('5 s'),
    /** A 486 to a call that is no test sends it on to its next target. */
    busyGoesOn: z.boolean().default(true),
    /** HTTPS for dequeuers that show a certificate of the authority of this element; null: only the port of `http`. */
    https: z
      .strictObject({ host: hostSchema.default('127.0.0.1'), port: portSchema })
      .nullable()
      .default(null),
    nextHops: z
      .strictObject({
        /** Answers 408 or 503 in a row after which a next hop is left alone; silence or a refused connection: at once. */
        failures: z.int().min(1).max(1_000).default(3),
        /** Between two OPTIONS to one that is left alone. */
        probeEvery: durationSchema.refine((ms) => ms >= 100, 'expected at least 100 ms').prefault('2 s'),
        /** For the answer to one of them. */
        probeTimeout: durationSchema.refine((ms) => ms >= 100, 'expected at least 100 ms').prefault('2 s'),
        /** One that answers OPTIONS and fails calls is left alone longer each time, up to this. */
        longestPause: durationSchema.prefault('30 s'),
      })
      .prefault({}),
  })
  .prefault({});

export type QueuesConfig = z.infer<typeof queuesConfigSchema>;
export type QueueConfig = QueuesConfig['list'][number];
export type DequeuersConfig = NonNullable<QueueConfig['dequeuers']>;
