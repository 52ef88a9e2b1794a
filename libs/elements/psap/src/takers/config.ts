import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** How a chat comes to a call taker: taken from the queue, or given to whoever has most seats free. */
export const assignSchema = z.enum(['pull', 'push']);

export const takersConfigSchema = z
  .strictObject({
    /** Chats one call taker may hold, where signing on says nothing else. */
    seats: z.int().min(1).max(1_000).default(3),
    assign: assignSchema.default('pull'),
    /** Call takers signed on at once, over all centres. */
    signedOn: z.int().min(1).default(1_000),
    /** Octets of one note. */
    noteBytes: z.int().min(100).max(65_536).default(8_192),
    /** Notes of one chat. */
    notes: z.int().min(1).default(500),
    /** How often the ages of what waits are brought up to date in the metrics. */
    refresh: durationSchema.prefault('5 s'),
  })
  .prefault({});

export type TakersConfig = z.infer<typeof takersConfigSchema>;

/** Texts a call taker sends by their name. `{name}` becomes the name of the centre. */
export const snippetsConfigSchema = z
  .array(
    z.strictObject({
      id: z.string().min(1).max(64),
      text: z.string().min(1).max(2_000),
      /** BCP 47: `en`, `es-ES`. */
      language: z.string().min(2).max(35).optional(),
    }),
  )
  .max(1_000)
  .default([]);

export type SnippetsConfig = z.infer<typeof snippetsConfigSchema>;
