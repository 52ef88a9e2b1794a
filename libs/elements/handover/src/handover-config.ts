import { createHash } from 'node:crypto';
import {
  durationSchema,
  hostSchema,
  httpUrlSchema,
  listenSchema,
  portSchema,
  postgresViewSchema,
} from '@esinet/platform';
import { z } from 'zod';
import { deskTlsSchema } from './desk-tls.js';

const roles = ['handover-clerk', 'handover-reviewer', 'approver', 'administrator', 'auditor'] as const;

const hexSchema = (octets: number, what: string) =>
  z
    .string()
    .transform((text) => text.trim().toLowerCase())
    .refine((text) => new RegExp(`^[0-9a-f]{${octets * 2}}$`).test(text), what);

const httpsUrlSchema = httpUrlSchema.refine((url) => url.startsWith('https:'), 'expected an https URL');

/** A person of the desk. The configuration knows the digest of a token and never the token. */
const personSchema = z.strictObject({
  /** Stands in the audit for what this person did. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'expected letters, digits, dots and hyphens'),
  roles: z.array(z.enum(roles)).min(1),
  /** SHA-256 of the bearer token, in hexadecimal: `printf %s TOKEN | sha256sum`. */
  tokenSha256: hexSchema(32, 'expected a SHA-256 digest, 64 hexadecimal digits'),
});

const peopleSchema = z
  .array(personSchema)
  .max(1_000)
  .refine((people) => new Set(people.map(({ name }) => name)).size === people.length, 'a name is there twice')
  .refine(
    (people) => new Set(people.map(({ tokenSha256 }) => tokenSha256)).size === people.length,
    'two people have the same token',
  );

/** Where the records of the chat service are read. */
const viewSchema = z.discriminatedUnion('kind', [
  /** From the PSAP's listener `psap.recordsView`. */
  z.strictObject({
    kind: z.literal('pull'),
    url: httpsUrlSchema.prefault('https://127.0.0.1:15093/records/'),
    /** The name in its certificate, where that is not the host. */
    serverName: z.string().min(1).max(253).optional(),
    timeout: durationSchema.pipe(z.number().min(100).max(600_000)).prefault('30 s'),
  }),
  /** From views in PostgreSQL, by a role that can read these and nothing else. */
  postgresViewSchema,
]);

export const handoverConfigSchema = z.strictObject({
  /** The desk: REST for people. Never the public side. */
  http: listenSchema({ port: 15_092 }),
  /** The side of authorities, mutual TLS: objects they fetch (Model A), HI1 messages they send. */
  public: z
    .strictObject({
      host: hostSchema.default('127.0.0.1'),
      port: portSchema.default(15_443),
      /** Octets of an HI1 message. */
      maxBodyBytes: z.int().min(10_000).max(67_108_864).default(1_048_576),
    })
    .prefault({}),
  /** The desk over HTTPS, at a port of its own. */
  tls: deskTlsSchema.optional(),
  people: peopleSchema.default([]),
  objects: z
    .strictObject({
      /** What URLs of objects start with, as authorities reach `public`; ends with a slash. */
      url: httpsUrlSchema
        .refine((url) => url.endsWith('/'), 'expected a slash at the end')
        .prefault('https://127.0.0.1:15443/objects/'),
      /** How long an object can be fetched after it was sealed. */
      lifetime: durationSchema.pipe(z.number().min(60_000).max(31_622_400_000)).prefault('30 d'),
      /** A refusal is answered after this time, whatever its reason. */
      refusalMs: z.int().min(0).max(10_000).default(100),
    })
    .prefault({}),
  delivery: z
    .strictObject({
      /** One attempt, from the call to the last octet of the answer. */
      timeoutMs: z.int().min(100).max(600_000).default(30_000),
      /** Model B: how long the authority may think before it says go on. */
      continueMs: z.int().min(100).max(600_000).default(10_000),
      /** Pause before the second attempt; it doubles from one to the next. */
      firstPauseMs: z.int().min(10).max(3_600_000).default(2_000),
      mostPauseMs: z.int().min(10).max(86_400_000).default(900_000),
      /** The queue is looked at this often, beside when it is told. */
      everyMs: z.int().min(10).max(3_600_000).default(5_000),
    })
    .prefault({}),
  /** What one order may name. */
  intake: z
    .strictObject({
      rangeDays: z.int().min(1).max(36_525).default(366),
      validityDays: z.int().min(1).max(36_525).default(366),
      selectors: z.int().min(1).max(1_000).default(16),
    })
    .prefault({}),
  /** A chat that began so long before a range is looked at for messages within it. */
  longestChat: durationSchema.pipe(z.number().min(0).max(31_622_400_000)).prefault('7 d'),
  /** LIIDs: records handed over as they come. */
  liid: z
    .strictObject({
      /** A message waits at most so long for others to go with it. */
      batch: durationSchema.pipe(z.number().min(0).max(86_400_000)).prefault('10 s'),
      /** So many do not wait. */
      records: z.int().min(1).max(100_000).default(100),
      /** The last batch is made so long before the validity ends, so that it still leaves under it. */
      lead: durationSchema.pipe(z.number().min(1_000).max(86_400_000)).prefault('60 s'),
      /** A record that is stored so long after it was stamped is found all the same. */
      lookBack: durationSchema.pipe(z.number().min(60_000).max(31_622_400_000)).prefault('24 h'),
      /** New records are looked for this often. */
      everyMs: z.int().min(10).max(3_600_000).default(2_000),
      /** After a batch that could not be made its LIID is looked at again then. */
      retryMs: z.int().min(10).max(3_600_000).default(60_000),
    })
    .prefault({}),
  /** What is over: objects whose URL expired are erased, cases whose order ended are closed. */
  ends: z
    .strictObject({
      everyMs: z.int().min(10).max(86_400_000).default(60_000),
      /** A case is kept so long after its order ended, so that people see what became of it. */
      keep: durationSchema.pipe(z.number().min(0).max(31_622_400_000)).prefault('24 h'),
    })
    .prefault({}),
  view: viewSchema.prefault({ kind: 'pull' }),
  vault: z.strictObject({
    /** Folder of the keys of cases; `keys` in the data folder when not given. Backups leave it out. */
    folder: z.string().min(1).optional(),
    /** Wraps the key of each case: 32 octets in hexadecimal. As `masterKeyFile` from a file: `openssl rand -hex 32`. */
    masterKey: hexSchema(32, 'expected 32 octets, 64 hexadecimal digits: openssl rand -hex 32'),
  }),
  /** Entry file of ETSI's own schemas, in place of those that come along. */
  schemas: z.string().min(1).optional(),
  limits: z
    .strictObject({
      /** Octets of a request at the desk. */
      bodyBytes: z.int().min(10_000).max(67_108_864).default(4_194_304),
      /** Audit entries of one answer. */
      auditPage: z.int().min(1).max(10_000).default(1_000),
    })
    .prefault({}),
});

export type HandoverConfig = z.infer<typeof handoverConfigSchema>;
export type DeskPerson = HandoverConfig['people'][number];

/** As `people[].tokenSha256` has it. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
