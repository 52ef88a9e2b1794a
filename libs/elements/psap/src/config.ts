import {
  domainSchema,
  durationSchema,
  hostSchema,
  listenSchema,
  nextHopSchema,
  portSchema,
  sipListenersSchema,
  sipUriSchema,
} from '@esinet/platform';
import { z } from 'zod';
import { additionalDataSchema } from './attachments/config.js';
import { badActorsSchema } from './bad-actors/config.js';
import { testsSchema } from './tests/test-config.js';
import { agreementsSchema } from './agreement.js';
import { eventsConfigSchema } from './api/config.js';
import { podsSchema } from './pods/config.js';
import { statesConfigSchema } from './states/config.js';
import { recordsViewSchema } from './records-view.js';
import { snippetsConfigSchema, takersConfigSchema } from './takers/config.js';

/** What answers by itself once the chat is open: nothing, the first message only, or every text. */
const scriptSchema = z.enum(['none', 'greet', 'echo']);

/** TS 103 698 6.3.2. Incoming transfers: taken at once, left to a call taker, or left to one only where one is signed on. */
const acceptSchema = z.enum(['auto', 'ask', 'staffed']);

/** TS 103 698 Annex A: an ExpiryTime has at least 10 s. */
const expirySchema = durationSchema.refine((ms) => ms >= 10_000 && ms <= 3_600_000, 'expected 10 s to 1 h');

/** Text that a caller reads. */
const textSchema = z.string().min(1).max(2_000);

const centreSchema = z.strictObject({
  /** `sip:madrid@psap.esinet.internal` */
  uri: sipUriSchema,
  /** What people read: `112 Madrid` */
  name: z.string().min(1).max(200),
  /** Text of the automatic first message (TS 103 698 6.2.2). */
  greeting: z.string().min(1).max(2_000).optional(),
  script: scriptSchema.optional(),
  /** Who answers when a chat is to be transferred here: `psap.transfer.accept` if not given. */
  accept: acceptSchema.optional(),
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
    /** What the border calls that domain outside (TS 103 698 D.1). */
    publicDomain: domainSchema.default('esinet.lab'),
    /** Name this element gives itself in the identifiers it makes. */
    element: domainSchema.default('psap.esinet.internal'),
    centres: z.array(centreSchema).max(2_000).default([]),
    /** Every user of the domain is a centre, listed or not. */
    acceptAny: z.boolean().default(true),
    /** User part of the centre that takes what names none. */
    defaultCentre: z.string().min(1).default('default'),
    /** Next hops of everything that leaves, tried in this order: the inner sides of the borders, or the ESRPs. */
    outboundProxy: z
      .union([nextHopSchema.transform((one) => [one]), z.array(nextHopSchema).min(1).max(32)])
      .prefault('tcp:127.0.0.1:15062'),
    /** `{name}` becomes the name of the centre. */
    greeting: z.string().min(1).max(2_000).default('You have reached {name}. What is your emergency?'),
    /** Text of a stop to which nobody gave one (6.2.4). */
    closing: textSchema.default('{name} has closed this chat.'),
    script: scriptSchema.default('echo'),
    /** TS 103 698 6.2.5: every 20 s at least. */
    heartbeat: durationSchema
      .refine((ms) => ms > 0 && ms <= 20_000, 'expected at most 20 s')
      .prefault('19 s'),
    silence: durationSchema.prefault('60 s'),
    /** How long a text behind a hole in the Message Identifiers waits to be shown. */
    gap: durationSchema.prefault('2 s'),
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
    additionalData: additionalDataSchema,
    badActors: badActorsSchema,
    tests: testsSchema,
    /** Transfers between PSAPs (TS 103 698 6.3, HTTP-3). */
    transfer: z
      .strictObject({
        /** Where HTTP-3 is served; beside the REST interface, on the one port, if not given. */
        listen: z.strictObject({ host: hostSchema.default('127.0.0.1'), port: portSchema }).optional(),
        /** With whom, and what is allowed between us. Nothing is without. */
        agreements: agreementsSchema,
        accept: acceptSchema.default('staffed'),
        /** How long a call taker has to answer. */
        answer: durationSchema.prefault('20 s'),
        /** How long an agreed transfer may wait for its execution. */
        negotiation: expirySchema.prefault('60 s'),
        /** How long the other PSAP has to take the chat over. */
        execution: expirySchema.prefault('30 s'),
        /** How long the APP has to answer the stop|transfer. */
        stall: durationSchema.prefault('5 s'),
        /** How long the other PSAP's answer is waited for. Longer than its call takers have to answer. */
        timeout: durationSchema.prefault('35 s'),
        /** Whether the centres of this process transfer and redirect to each other without an agreement. */
        ownCentres: z.boolean().default(true),
        /** Predefined texts (6.2.6, 6.2.7); `{name}` becomes the name of the centre. */
        texts: z
          .strictObject({
            // Clients are deployed that take either of these for the end of the chat.
            transferring: textSchema.default(
              'Your chat is being passed to another centre. Please wait. If nobody answers, start a new chat.',
            ),
            transferred: textSchema.default('You are in touch with {name} now.'),
            reactivated: textSchema.default('You are still in touch with {name}. Please go on writing.'),
            redirecting: textSchema.default(
              'Another centre will answer you. Please wait. If nobody does, start a new chat.',
            ),
          })
          .prefault({}),
        /** Octets of one chat's history that are sent along; a request has at most 1 MB. */
        historyBytes: z.int().min(10_000).max(950_000).default(900_000),
        /** Transfers remembered after they are over. */
        remembered: z.int().min(10).max(100_000).default(1_000),
      })
      .prefault({}),
    takers: takersConfigSchema,
    snippets: snippetsConfigSchema,
    events: eventsConfigSchema,
    states: statesConfigSchema,
    pods: podsSchema,
    /** Where who hands records over reads them; nowhere if not given. */
    recordsView: recordsViewSchema.optional(),
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
export type PsapAccept = z.infer<typeof acceptSchema>;
export type PsapScript = z.infer<typeof scriptSchema>;

/** Injection token of the element's configuration. */
export const PSAP_CONFIG = Symbol('esinet.psap.config');
