import { z } from 'zod';
import { durationSchema } from '../config/values.js';

/** How a program ends on SIGTERM. */
export const drainSchema = z
  .strictObject({
    /**
     * How long it goes on as before while readiness says no and OPTIONS of those who cope is answered 503: as long as
     * balancers and neighbours take to notice. In Kubernetes 5 s; none where nobody looks.
     */
    notice: durationSchema.pipe(z.number().max(600_000)).prefault('0 s'),
    /** How long requests under way then have to be answered. Timer F (RFC 3261 17.1.2.2) is 32 s. */
    transactions: durationSchema.pipe(z.number().max(32_000)).prefault('25 s'),
    /** All of it together; then the process ends all the same. */
    limit: durationSchema.pipe(z.number().min(1_000).max(3_600_000)).prefault('35 s'),
  })
  .refine(({ notice, transactions, limit }) => notice + transactions < limit, {
    path: ['limit'],
    message: 'expected more than notice and transactions together',
  })
  .prefault({});

export type DrainConfig = z.infer<typeof drainSchema>;

/** What of it an element keeps to, in milliseconds. */
export type DrainTimes = Pick<DrainConfig, 'notice' | 'transactions'>;
