import { durationSchema, httpUrlSchema } from '@esinet/platform';
import { z } from 'zod';
import { isCertificateName, isNetwork } from './sync-peers.js';

const sourceSchema = z
  .string()
  .regex(
    /^(\*|(\*\.)?([a-z0-9-]{1,63}\.){1,31}[a-z0-9]{1,63})$/i,
    'expected a LoST name such as ecrf.b.lab, *.b.lab or *',
  )
  .transform((name) => name.toLowerCase());

const peerSchema = z
  .strictObject({
    /** What logs and metrics call it. */
    name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'expected a short name in lower case such as fg-b'),
    /** By what it is known when it asks: names of its certificate, addresses, networks. */
    from: z
      .array(
        z
          .string()
          .refine(
            (text) => isNetwork(text) || isCertificateName(text),
            'expected an address, a network, or a name of a certificate such as DNS:ecrf.b.lab',
          ),
      )
      .default([]),
    /** Sources whose mappings it may write here. */
    sources: z.array(sourceSchema).default([]),
    /** What becomes of them: where to send questions, or answers as they stand (those that have a URI). */
    as: z.enum(['coverage', 'mappings']).default('coverage'),
    /** What it gets: nothing, what is ours, or also what was learnt from others and the coverage regions. */
    give: z.enum(['none', 'own', 'all']).default('none'),
    /** Its LoST-Sync interface. */
    url: httpUrlSchema.optional(),
    /** How often it is asked for what is new; 0: never. */
    pull: durationSchema.default(0),
    /** Whether it is told of changes. */
    push: z.boolean().default(false),
  })
  .refine((peer) => peer.url !== undefined || (peer.pull === 0 && !peer.push), 'pull and push need a url')
  .refine((peer) => !peer.push || peer.give !== 'none', 'push needs give: own or all');

export const syncConfigSchema = z
  .strictObject({
    peers: z
      .array(peerSchema)
      .refine((peers) => new Set(peers.map((p) => p.name)).size === peers.length, 'two peers of one name')
      .default([]),
    /** How own boundaries are given: as coverage of this server, or as they are answered. */
    announce: z.enum(['coverage', 'mappings']).default('coverage'),
    /** GeoJSON files: given as the coverage of this server instead of all its boundaries. */
    outline: z.array(z.string().min(1)).default([]),
    /** For one exchange with a peer. */
    timeout: durationSchema.prefault('10 s'),
    /** Octets of one document. */
    maxBytes: z.int().min(65_536).max(67_108_864).default(4_194_304),
    /** Positions of the boundaries in one document of ours; a larger boundary goes alone. */
    positions: z.int().min(100).default(20_000),
    /** Mappings kept of all peers, deleted ones included. */
    maxMappings: z.int().min(1).default(10_000),
    /** Positions of their boundaries. */
    maxPositions: z.int().min(100).default(2_000_000),
    /** How long it is remembered that a mapping was deleted. */
    deleted: durationSchema.prefault('30 d'),
  })
  .prefault({});
