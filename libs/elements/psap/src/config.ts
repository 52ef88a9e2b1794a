import {
  destinationSchema,
  domainSchema,
  durationSchema,
  listenSchema,
  sipListenersSchema,
  sipUriSchema,
} from '@esinet/platform';
import { z } from 'zod';

/** What answers by itself once the chat is open: nothing, the first message only, or every text. */
const scriptSchema = z.enum(['none', 'greet', 'echo']);

const centreSchema = z.strictObject({
  /** `sip:madrid@psap.esinet.internal` */
  uri: sipUriSchema,
  /** What people read: `112 Madrid` */
  name: z.string().min(1).max(200),
  /** Text of the automatic first message (TS 103 698 6.2.2). */
  greeting: z.string().min(1).max(2_000).optional(),
  script: scriptSchema.optional(),
});

export const psapConfigSchema = z
  .strictObject({
    listeners: sipListenersSchema.prefault([
      { name: 'psap-udp', transport: 'udp', port: 15_075 },
      { name: 'psap-tcp', transport: 'tcp', port: 15_075 },
    ]),
    http: listenSchema({ port: 15_090 }),
    /** Domain of the centres' URIs inside the ESInet. */
    domain: domainSchema.default('psap.esinet.internal'),
    /** Name this element gives itself in the identifiers it makes. */
    element: domainSchema.default('psap.esinet.internal'),
    centres: z.array(centreSchema).max(2_000).default([]),
    /** Every user of the domain is a centre, listed or not. */
    acceptAny: z.boolean().default(true),
    /** User part of the centre that takes what names none. */
    defaultCentre: z.string().min(1).default('default'),
    /** Next hop of everything that leaves: the inner side of the border, or the ESRP. */
    outboundProxy: destinationSchema.prefault('tcp:127.0.0.1:15062'),
    /** `{name}` becomes the name of the centre. */
    greeting: z.string().min(1).max(2_000).default('You have reached {name}. What is your emergency?'),
    script: scriptSchema.default('echo'),
    heartbeat: durationSchema.prefault('19 s'),
    silence: durationSchema.prefault('60 s'),
    /** Time for requests under way to be answered when the element shuts down. */
    drain: durationSchema.prefault('5 s'),
    held: z
      .strictObject({
        /** Hosts whose location URIs are fetched, as `host:port`; nobody else's are. */
        allowedHosts: z.array(z.string()).default(['127.0.0.1:15985']),
        timeout: durationSchema.prefault('2 s'),
        /** Shortest time between two looks at the location of one chat. */
        interval: durationSchema.prefault('10 s'),
      })
      .prefault({}),
    /** Test calls (TS 103 698 6.1.2.10). What is over the limit, or all if they are disabled, is answered 486. */
    tests: z
      .strictObject({
        enabled: z.boolean().default(true),
        /** Shortest time between two test calls of one caller. */
        interval: durationSchema.prefault('2 min'),
      })
      .prefault({}),
    limits: z
      .strictObject({
        /** Octets of chat text in one message. */
        textBytes: z.int().min(1_000).default(65_536),
        /** Chats kept in memory. */
        chats: z.int().min(1).default(20_000),
        /** Messages of one chat that may wait to be recorded. */
        waitingPerChat: z.int().min(1).default(256),
        /** Sends of one message before it counts as undelivered. */
        attempts: z.int().min(1).max(20).default(6),
        /** Pause before the second attempt; it doubles from one to the next. */
        firstPause: durationSchema.prefault('1 s'),
        /** How long a closed chat stays in memory. */
        closedFor: durationSchema.prefault('15 min'),
        /** How far back open chats are looked for at start. */
        restoreWithin: durationSchema.prefault('7 d'),
      })
      .prefault({}),
  })
  .prefault({});

export type PsapConfig = z.infer<typeof psapConfigSchema>;
export type PsapScript = z.infer<typeof scriptSchema>;

/** Injection token of the element's configuration. */
export const PSAP_CONFIG = Symbol('esinet.psap.config');
