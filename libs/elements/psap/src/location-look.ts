import type { Logger } from '@esinet/kernel';
import type { HeldClient } from '@esinet/held';
import type { RecordedLocation } from './message-record.js';

/** Fetches a location by reference (TS 103 698 5.4.2, HELD-2); undefined if there is none to be had. Never throws. */
export type LocationLook = (uri: string) => Promise<RecordedLocation | undefined>;

export function heldLook(client: HeldClient, logger: Logger): LocationLook {
  return async (uri) => {
    const found = await client.dereference(uri);
    if (!found.ok) {
      logger.warn('location not fetched', { reason: found.error.code });
      return undefined;
    }
    const { document, shapes, civics, timestamp } = found.value;
    return {
      source: 'reference',
      document,
      shapes,
      civics,
      ...(timestamp !== undefined && { timestamp }),
    };
  };
}
