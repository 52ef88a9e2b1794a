import { domainSchema, durationSchema, httpUrlSchema } from '@esinet/platform';
import { z } from 'zod';

/** HTTP-2: where bad actors are reported. */
export const badActorsSchema = z
  .strictObject({
    /** The border by the domain in the source identifier it gave; `*` for any other. */
    borders: z
      .record(z.union([z.literal('*'), domainSchema]), httpUrlSchema)
      .default({ '*': 'http://127.0.0.1:15960' }),
    /** How long a border is waited for. */
    timeout: durationSchema.prefault('3 s'),
  })
  .prefault({});

export type BadActorsConfig = z.infer<typeof badActorsSchema>;
