import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** Test calls (TS 103 698 6.1.2.10). What is over a limit, or all if they are disabled, is answered 486. */
export const testsSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Shortest time between two test calls of one caller. */
    interval: durationSchema.prefault('2 min'),
    /** Test calls of all callers within a minute. */
    perMinute: z.int().min(1).max(100_000).default(60),
    /** How a location by reference is fetched for a test: with credentials that tell the LIS that it is one. */
    held: z
      .strictObject({
        /** Hosts whose location URIs are fetched; those of `psap.held` if not given. */
        allowedHosts: z.array(z.string()).optional(),
        /** The answer does not wait longer for it. */
        timeout: durationSchema.prefault('3 s'),
        /** Bearer token for the LIS. */
        token: z.string().min(1).max(4_096).optional(),
        /** Certificate and key for the LIS, and who vouches for it: PEM. */
        cert: z.string().min(1).optional(),
        key: z.string().min(1).optional(),
        ca: z.string().min(1).optional(),
      })
      .prefault({}),
  })
  .prefault({});

export type TestsConfig = z.infer<typeof testsSchema>;
