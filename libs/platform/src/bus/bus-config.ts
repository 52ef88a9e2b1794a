import { z } from 'zod';
import { durationSchema } from '../config/values.js';
import { patternProblem } from './subject.js';

const serverSchema = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const bare = url.username === '' && url.password === '' && ['', '/'].includes(url.pathname);
  return bare && (url.protocol === 'nats:' || url.protocol === 'tls:') && url.hostname !== '';
}, 'expected a URL such as nats://nats-1:4222, without user and password');

const patternSchema = z
  .string()
  .refine(
    (text) => patternProblem(text) === undefined,
    'expected subjects with dots between their words, such as events.psap.>',
  );

/** RFC-like name of a stream: neither dots, blanks nor wildcards. */
const streamSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected letters, digits, - and _');

/** Events that must not be lost while NATS is away. Each is published by one element only. */
export const defaultDurable: readonly string[] = ['events.psap.>', 'events.bcf.bad-actor'];

const milliseconds = (least: number, most: number) => durationSchema.pipe(z.number().min(least).max(most));

const natsSchema = z
  .strictObject({
    kind: z.literal('nats'),
    /** The servers of one NATS cluster. Tried in any order until one answers, for ever. */
    servers: z.array(serverSchema).min(1).max(16),
    /** What the servers call this connection; the instance when not given. */
    name: z.string().min(1).max(100).optional(),
    user: z.string().min(1).max(200).optional(),
    password: z.string().min(1).max(1_000).optional(),
    /** Seed of the NKEY of a user, `SU…`. */
    nkeySeed: z
      .string()
      .regex(/^SU[A-Z2-7]{56}$/, 'expected the seed of a user NKEY: SU and 56 letters and digits')
      .optional(),
    /** Text of a credentials file (JWT and seed); `credentialsFile` names the file. */
    credentials: z.string().min(1).optional(),
    /** With true the servers are believed by our authority, and the element's certificate is shown to them. */
    tls: z
      .union([
        z.boolean(),
        z.strictObject({
          /** PEM of the authority of the servers, in place of ours; `caFile` names the file. */
          ca: z.string().min(1).optional(),
          /** Whether the element's certificate is shown. */
          certificate: z.boolean().default(true),
        }),
      ])
      .default(false),
    /** How long a request waits when it does not say; `limits.bus.requestTimeoutMs` when not given. */
    requestTimeout: milliseconds(1, 60_000).optional(),
    /** One attempt at one server. */
    connectTimeout: milliseconds(50, 30_000).prefault('2 s'),
    /** Before the next attempt; doubled with each until `reconnectWaitMax`, with half of it up or down by chance. */
    reconnectWait: milliseconds(10, 60_000).prefault('250 ms'),
    reconnectWaitMax: milliseconds(10, 60_000).prefault('2 s'),
    /** The start goes on without NATS after this. */
    startWait: milliseconds(0, 10_000).prefault('500 ms'),
    /** A server that does not answer a ping for so long gets nothing more to read until it does. */
    stalledAfter: milliseconds(50, 60_000).prefault('1 s'),
    /** After this the connection is given up for another. */
    deadAfter: milliseconds(100, 120_000).prefault('5 s'),
    /** Subjects of events that wait on disk until JetStream has them. None: nothing is kept. */
    durable: z
      .array(patternSchema)
      .max(32)
      .default([...defaultDurable]),
    jetstream: z
      .strictObject({
        stream: streamSchema.default('esinet-events'),
        /** Servers that each event is kept on: 3 in a cluster of three. */
        replicas: z.int().min(1).max(5).default(1),
        maxAge: milliseconds(60_000, 31_536_000_000).prefault('7 d'),
        maxBytes: z.int().min(1_048_576).default(268_435_456),
        /** An event that is sent again within this is not kept twice. */
        duplicateWindow: milliseconds(1_000, 3_600_000).prefault('5 min'),
        /** How long one event waits to be acknowledged before it is sent again. */
        ackTimeout: milliseconds(50, 30_000).prefault('1 s'),
        /** Events under way at a time; those of one chat go one after another. */
        maxInFlight: z.int().min(1).max(10_000).default(256),
        /** False where the operator makes the stream; we need no rights for the JetStream API then. */
        manage: z.boolean().default(true),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const issue = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    const { user, password, nkeySeed, credentials } = config;
    if ([user, nkeySeed, credentials].filter((each) => each !== undefined).length > 1) {
      issue('nkeySeed', 'give one of user, nkeySeed and credentials, not several');
    }
    if ((user === undefined) !== (password === undefined)) {
      issue(user === undefined ? 'password' : 'user', 'user and password go together');
    }
    if (config.reconnectWaitMax < config.reconnectWait)
      issue('reconnectWaitMax', 'must be at least reconnectWait');
    if (config.deadAfter < config.stalledAfter) issue('deadAfter', 'must be at least stalledAfter');
    if (config.jetstream.maxAge < config.jetstream.duplicateWindow)
      context.addIssue({
        code: 'custom',
        path: ['jetstream', 'maxAge'],
        message: 'must be at least duplicateWindow',
      });
  });

/** `bus`: what carries events and requests between elements. */
export const busSchema = z
  .discriminatedUnion('kind', [
    /** Within this process. */
    z.strictObject({ kind: z.literal('process') }),
    /** Between processes. */
    natsSchema,
  ])
  .prefault({ kind: 'process' });

export type BusConfig = z.infer<typeof busSchema>;
export type NatsConfig = z.infer<typeof natsSchema>;
