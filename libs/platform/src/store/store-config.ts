import { z } from 'zod';
import { durationSchema, hostPort } from '../config/values.js';

/** `redis://host:port` or `rediss://host:port` (over TLS), with the number of a database as its path if need be. */
const redisUrlSchema = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'redis:' && url?.protocol !== 'rediss:') return false;
  const database = url.pathname.slice(1);
  return url.hostname !== '' && url.username === '' && url.password === '' && [...database].every(isDigit);
}, 'expected redis://host:port or rediss://host:port; who we are stands in user and passwordFile');

const nodesSchema = z
  .array(z.string().refine((text) => hostPort(text) !== undefined, 'expected host:port'))
  .min(1)
  .max(100);

const userSchema = z.string().min(1).max(256);
const passwordSchema = z.string().min(1).max(4_096);

const redisSchema = z
  .strictObject({
    kind: z.literal('redis'),
    /** One server. */
    url: redisUrlSchema.optional(),
    /** Or the one that these sentinels say is the master. */
    sentinels: z
      .strictObject({
        name: z.string().min(1).max(256).default('mymaster'),
        nodes: nodesSchema,
        user: userSchema.optional(),
        password: passwordSchema.optional(),
      })
      .optional(),
    /** Or a cluster, found from any of these nodes. */
    cluster: z.strictObject({ nodes: nodesSchema }).optional(),
    user: userSchema.optional(),
    password: passwordSchema.optional(),
    /** Whether it is spoken to over TLS, with the element's own certificate. `rediss:` says so as well. */
    tls: z.boolean().default(false),
    /** Start of every key. */
    prefix: z.string().max(64).default('esinet:'),
    /** How long one command is waited for; the store counts as away when nothing at all was answered meanwhile. */
    timeout: durationSchema.prefault('100 ms'),
    /** How long a connection may take. */
    connect: durationSchema.prefault('2 s'),
    /** Longest pause between two attempts to connect; the first ones are shorter. */
    retry: durationSchema.prefault('1 s'),
    /** A connection over which nothing comes for this long, though something is waited for, is given up. */
    silence: durationSchema.prefault('5 s'),
    /** Values of this process kept at hand for when the store is away or comes back empty. */
    local: z.int().min(0).max(1_000_000).default(100_000),
  })
  .superRefine(({ url, sentinels, cluster }, context) => {
    const given = [url, sentinels, cluster].filter((each) => each !== undefined).length;
    if (given === 1) return;
    const message = `give one of url, sentinels and cluster${given === 0 ? ", such as url: 'redis://127.0.0.1:6379'" : ''}`;
    context.addIssue({ code: 'custom', message });
  });

/** `store`: where what processes share for a while is kept. */
export const storeSchema = z
  .discriminatedUnion('kind', [
    /** Of this process alone. */
    z.strictObject({ kind: z.literal('memory') }),
    /** Redis 6 or later, alone, behind Sentinel, or a Cluster. */
    redisSchema,
  ])
  .prefault({ kind: 'memory' });

export type StoreConfig = z.infer<typeof storeSchema>;
export type RedisConfig = Extract<StoreConfig, { kind: 'redis' }>;

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
