import { z } from 'zod';

/** `bus`: what carries events and requests between elements. */
export const busSchema = z
  .discriminatedUnion('kind', [
    /** Within this process. */
    z.strictObject({ kind: z.literal('process') }),
  ])
  .prefault({ kind: 'process' });

export type BusConfig = z.infer<typeof busSchema>;
