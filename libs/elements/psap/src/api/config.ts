import { durationSchema } from '@esinet/platform';
import { z } from 'zod';

/** The event stream of the REST interface. */
export const eventsConfigSchema = z
  .strictObject({
    /** Who may read at once. */
    listeners: z.int().min(1).max(10_000).default(200),
    /** Events kept for those who come back with Last-Event-ID. */
    kept: z.int().min(1).default(1_000),
    /** Characters of these; older ones go first. */
    keptBytes: z.int().min(10_000).default(8_388_608),
    /** Characters one reader may leave unread. */
    unreadBytes: z.int().min(10_000).default(2_097_152),
    /** Pause between two comments that keep the connection alive. */
    ping: durationSchema.prefault('15 s'),
  })
  .prefault({});

export type EventsConfig = z.infer<typeof eventsConfigSchema>;
