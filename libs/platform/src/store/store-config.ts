import { z } from 'zod';

/** `store`: where what processes share for a while is kept. */
export const storeSchema = z
  .discriminatedUnion('kind', [
    /** Of this process alone. */
    z.strictObject({ kind: z.literal('memory') }),
  ])
  .prefault({ kind: 'memory' });

export type StoreConfig = z.infer<typeof storeSchema>;
