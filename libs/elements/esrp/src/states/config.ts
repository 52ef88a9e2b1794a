import { durationSchema, domainSchema, sipUriSchema, stateTellingShape } from '@esinet/platform';
import { z } from 'zod';

const watchSchema = z.strictObject({
  /** An element, a service or a queue: `sip:psap.esinet.internal`, `sip:madrid@psap.esinet.internal`. */
  uri: sipUriSchema,
  packages: z
    .array(z.enum(['ElementState', 'ServiceState', 'QueueState']))
    .min(1)
    .max(3),
  /** What its service is called until it says so itself. */
  name: z.string().min(1).max(255).default('PSAP'),
  /** Its domain, until it says so itself; the host of the URI if not given. */
  domain: domainSchema.exactOptional(),
});

/** What this element tells of itself, and whom it asks how they are (RFC 6665; NENA i3 shapes). */
export const statesConfigSchema = z
  .strictObject({
    ...stateTellingShape('esrp.esinet.lab'),
    /** Whom it subscribes to; a host of `hosts` is reached by its next hops. */
    subscribe: z.array(watchSchema).max(2_000).default([]),
    /** Whether it also listens to the states on the bus. */
    bus: z.boolean().default(true),
    /** How often an unchanged state is to be told (RFC 6446 min-rate). */
    heartbeat: durationSchema.pipe(z.number().min(100)).prefault('5 s'),
    /** Without a word of it for so long a state is Unreachable. */
    silence: durationSchema.pipe(z.number().min(300)).prefault('12 s'),
    /** Duration asked for. */
    duration: durationSchema.pipe(z.number().min(60_000).max(86_400_000)).prefault('10 min'),
    /** Before the second attempt; twice as long before each further one, up to `longestPause`. With jitter. */
    firstPause: durationSchema.pipe(z.number().min(50)).prefault('1 s'),
    longestPause: durationSchema.pipe(z.number().min(100)).prefault('10 s'),
    /** Who has answered that there is no such state is asked again after that. With jitter. */
    refusedPause: durationSchema.pipe(z.number().min(1_000)).prefault('5 min'),
    /** What only the bus has told is Unreachable after that. */
    busSilence: durationSchema.pipe(z.number().min(1_000)).prefault('150 s'),
    /** States of one kind that the bus may bring. */
    fromBus: z.int().min(0).max(1_000_000).default(10_000),
  })
  .refine(({ heartbeat, silence }) => silence >= 2 * heartbeat, {
    path: ['silence'],
    message: 'expected at least two heartbeats: one NOTIFY may be lost',
  })
  .prefault({});

export type EsrpStatesConfig = z.infer<typeof statesConfigSchema>;
