import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** `psap.pods`: several processes that share bus, store and records. */
export const podsSchema = z
  .strictObject({
    /** How often a process says that it lives, and looks who does. */
    beat: durationSchema.refine((ms) => ms >= 50, 'expected at least 50 ms').prefault('500 ms'),
    /** A process that said nothing for so long has died: its chats are taken over. */
    lease: durationSchema.refine((ms) => ms >= 200, 'expected at least 200 ms').prefault('2 s'),
    /** How long the process that has a chat may take for an answer before another one takes the chat over. */
    passOn: durationSchema.refine((ms) => ms >= 50, 'expected at least 50 ms').prefault('2 s'),
    /** How long the store may take before it counts as away. */
    storeWait: durationSchema.refine((ms) => ms >= 10, 'expected at least 10 ms').prefault('400 ms'),
    /** How long the others have to say that a chat is theirs, where the store does not tell. */
    ask: durationSchema.refine((ms) => ms >= 10, 'expected at least 10 ms').prefault('200 ms'),
    /** In what time all chats of a process are checked to be its own still. */
    audit: durationSchema.refine((ms) => ms >= 1_000, 'expected at least 1 s').prefault('20 s'),
    /** How often what nobody needs any more is given up. */
    tidy: durationSchema.refine((ms) => ms >= 1_000, 'expected at least 1 s').prefault('1 min'),
    /** Calls of others remembered, to take them over at once. */
    remembered: z.int().min(100).max(1_000_000).default(100_000),
  })
  .prefault({});

export type PodsConfig = z.infer<typeof podsSchema>;
