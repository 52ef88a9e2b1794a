import { stateTellingShape } from '@esinet/platform';
import { z } from 'zod';

/** What the PSAP tells of itself (RFC 6665; NENA i3 shapes). */
export const statesConfigSchema = z
  .strictObject({
    ...stateTellingShape('psap.esinet.internal'),
    /** Chats that may wait for a call taker at one centre; then its queue is Full. `limits.chats` if null. */
    queueMax: z.int().min(1).max(1_000_000).nullable().default(null),
    /** Whether a centre where no call taker is signed on says that it is Unstaffed. */
    unstaffed: z.boolean().default(false),
  })
  .prefault({});

export type PsapStatesConfig = z.infer<typeof statesConfigSchema>;
