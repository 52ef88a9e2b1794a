import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** What the routing proxy remembers of its decisions, to explain and to replay them. It holds personal data. */
export const explanationsConfigSchema = z
  .strictObject({
    /** Decisions kept; 0 keeps none. The oldest goes first. */
    max: z.int().min(0).max(1_000_000).default(10_000),
    /** No longer than this. */
    keep: durationSchema.prefault('24 h'),
    /** Whether the location that a call was routed by is kept with it. */
    location: z.boolean().default(true),
    /**
     * What of the request is kept: `head` without its body. Policies that look at header fields can be replayed with
     * `head`, those that look at bodies with `whole`; that has what the caller wrote in it.
     */
    request: z.enum(['none', 'head', 'whole']).default('head'),
    /** Octets of a request that is kept; of a longer one nothing is. */
    maxRequestBytes: z.int().min(0).default(8_192),
  })
  .prefault({});

export type ExplanationsConfig = z.infer<typeof explanationsConfigSchema>;
