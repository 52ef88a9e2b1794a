import { z } from 'zod';

/** `records`: where what was promised is kept. */
export const recordsSchema = z
  .discriminatedUnion('kind', [
    /** Files in the data folder, of this process alone. */
    z.strictObject({ kind: z.literal('files') }),
  ])
  .prefault({ kind: 'files' });

export type RecordsConfig = z.infer<typeof recordsSchema>;
