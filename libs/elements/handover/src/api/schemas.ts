import { profileDefaults } from '@esinet/handover';
import { z } from 'zod';

const text = (most: number) => z.string().min(1).max(most);
const time = text(40).describe('RFC 3339, such as 2026-03-04T08:00:00Z');
const span = z.strictObject({ from: time, until: time }).describe('[from, until)');
const hashAlgorithm = z.enum(['sha-256', 'sha-512', 'sha3-512']);
const hashConstruct = z.enum(['salt-prefix', 'salt-suffix', 'hmac']);
const endpoint = z.strictObject({ countryCode: text(2), uniqueIdentifier: text(65_535) });

export const profileSchema = z
  .strictObject({
    specification: z.enum(['1.1.1', '1.5.1']),
    etsiVersion: text(20).optional().describe('Edition of TS 103 120: V1.23.1'),
    namespace: text(200).optional(),
    reference: z.enum(['LDID', 'LIID']).optional(),
    collections: z.boolean().optional(),
    manifest: z.boolean().optional(),
    binary: z.enum(['A', 'B']).optional().describe('TS 103 707 Annex C'),
    sender: endpoint,
    receiver: endpoint.optional(),
    schemaContent: z.enum(['first', 'always', 'never']).optional(),
    maxBytes: z.int().min(10_000).max(67_108_864).optional(),
    maxItems: z.int().min(1).max(10_000).optional(),
  })
  .describe('What is not given is as usual for the version')
  .transform((given) => {
    const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { ...profileDefaults[given.specification], ...said } as (typeof profileDefaults)['1.5.1'] &
      typeof given;
  });

export const authoritySchema = z.strictObject({
  name: text(200),
  profile: profileSchema,
  deliveryUrl: text(2_000),
  objectsUrl: text(2_000).optional().describe('Model B: ends with a slash'),
  certificates: z
    .array(text(200).transform((print) => print.replaceAll(':', '').toLowerCase()))
    .max(20)
    .describe('SHA-256 fingerprints of the certificates it shows'),
  requester: endpoint.optional().describe('What it calls itself where it sends requests (TS 103 120)'),
  hash: z.strictObject({ algorithm: hashAlgorithm, construct: hashConstruct }).prefault({
    algorithm: 'sha-256',
    construct: 'salt-prefix',
  }),
});

export const pauseSchema = z.strictObject({ reason: text(200) });

export const intakeSchema = z.strictObject({
  authority: text(63),
  reference: z.strictObject({ kind: z.enum(['LDID', 'LIID']), value: text(255) }),
  legalReference: z.string().max(500),
  selectors: z
    .array(z.strictObject({ kind: z.enum(['uri', 'call-id']), value: z.string().max(2_000) }))
    .max(1_000),
  categories: z.array(z.enum(['subscriber', 'traffic', 'content', 'location'])).max(10),
  range: span,
  validity: span,
  includeTests: z.boolean().optional(),
  reviewBatches: z.boolean().optional(),
  hash: z
    .strictObject({
      algorithm: hashAlgorithm.optional(),
      construct: hashConstruct.optional(),
      salt: text(200),
      digest: text(200),
    })
    .optional(),
  deliveryUrl: text(2_000).optional(),
});

export const reviewSchema = z.strictObject({
  decisions: z
    .array(
      z.strictObject({
        index: z.int().min(0),
        withhold: z.enum(['message', 'text', 'parts', 'location']),
        reason: z.enum(['third-party', 'privileged', 'reviewer']),
      }),
    )
    .max(100_000),
});

export const approvalSchema = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/, 'expected the `digest` of the case that you looked at'),
});

export const auditQuery = z.strictObject({
  case: text(64).optional(),
  after: z.coerce.number().int().min(0).optional().describe('Number of the last entry of the page before'),
  limit: z.coerce.number().int().min(1).max(10_000).optional(),
});

export const countsQuery = z.strictObject({ from: time.optional(), until: time.optional() });

export const noQuery = z.strictObject({});
