import { z } from 'zod';
import { durationSchema } from '../config/values.js';

/** `postgres://user@host:port/database`, with nothing behind it: what else there is to say has a key of its own. */
export const postgresUrlSchema = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const { protocol, hostname, pathname, username, search, hash } = url ?? {};
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') return false;
  const name = pathname?.slice(1) ?? '';
  return hostname !== '' && username !== '' && name !== '' && !name.includes('/') && !search && !hash;
}, 'expected postgres://user@host:port/database');

const spoolSchema = z
  .strictObject({
    /** False: while the server is away nothing is accepted. */
    enabled: z.boolean().default(true),
    /** Of this process alone, on a disk that outlives it; `spool/records` in the data folder when not given. */
    folder: z.string().min(1).optional(),
    maxRecords: z.int().min(1).max(10_000_000).default(200_000),
    maxBytes: z.int().min(1_024).max(1e12).default(1_073_741_824),
    /**
     * A server that acknowledged nothing for so long counts as away: what waits goes into the spool, and what follows.
     * Senders wait for seconds, with a 100 in between; of processes that work from their disks none knows what the other wrote.
     */
    slow: durationSchema.prefault('3 s'),
    /** How often a server that is away is asked whether it is back. */
    probe: durationSchema.prefault('500 ms'),
    /** How often one that is there is asked when nothing else is. */
    idleProbe: durationSchema.prefault('5 s'),
  })
  .prefault({});

const postgresSchema = z.strictObject({
  kind: z.literal('postgres'),
  url: postgresUrlSchema,
  /** In place of those in the URL. */
  user: z.string().min(1).max(63).optional(),
  password: z.string().min(1).optional(),
  /** False: in clear. True: the authority of the element's own certificate is believed. */
  tls: z
    .union([
      z.boolean(),
      z.strictObject({
        /** PEM file of the authority that signed the server's certificate. */
        ca: z.string().min(1).optional(),
        /** Its name in the certificate, where that is not the host. */
        serverName: z.string().min(1).max(253).optional(),
        /** Shows the element's own certificate to the server. */
        clientCertificate: z.boolean().default(false),
      }),
    ])
    .default(false),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'expected a name of a-z, 0-9 and _')
    .default('esinet'),
  /** Connections for reading; one more writes. */
  pool: z.int().min(1).max(100).default(4),
  connectTimeout: durationSchema.prefault('5 s'),
  /** One statement. */
  timeout: durationSchema.prefault('5 s'),
  /** Months whose partitions are made beforehand. */
  monthsAhead: z.int().min(1).max(120).default(3),
  /** Also a server with `fsync` off, which may lose what it acknowledged: for a lab. */
  allowUnsafe: z.boolean().default(false),
  spool: spoolSchema,
});

/** Records of somebody else that are offered in views: read, and by a role that can do nothing else. */
export const postgresViewSchema = postgresSchema.pick({
  kind: true,
  url: true,
  user: true,
  password: true,
  tls: true,
  schema: true,
  pool: true,
  connectTimeout: true,
  timeout: true,
});

export type PostgresViewConfig = z.infer<typeof postgresViewSchema>;

/** `records`: where what was promised is kept. */
export const recordsSchema = z
  .discriminatedUnion('kind', [
    /** Files in the data folder, of this process alone. */
    z.strictObject({ kind: z.literal('files') }),
    /** A server that all processes share. */
    postgresSchema,
  ])
  .prefault({ kind: 'files' });

export type RecordsConfig = z.infer<typeof recordsSchema>;
export type PostgresConfig = z.infer<typeof postgresSchema>;
