import type { Logger } from '@esinet/kernel';
import type { HeldClient } from '@esinet/held';
import type { RecordedLocation } from './message-record.js';
import { locationWords } from './reading/location-words.js';

/** A location that was fetched, and the same in words. */
export interface FoundLocation {
  readonly location: RecordedLocation;
  readonly words: string;
}

/** Fetches a location by reference (TS 103 698 5.4.2, HELD-2); undefined if there is none to be had. Never rejects. */
export type LocationLook = (uri: string) => Promise<FoundLocation | undefined>;

export function heldLook(client: HeldClient, logger: Logger): LocationLook {
  return async (uri) => {
    const found = await client.dereference(uri);
    if (!found.ok) {
      logger.warn('location not fetched', { reason: found.error.code });
      return undefined;
    }
    const { document, shapes, civics, timestamp } = found.value;
    const location: RecordedLocation = {
      source: 'reference',
      document,
      shapes,
      civics,
      ...(timestamp !== undefined && { timestamp }),
    };
    return { location, words: locationWords(found.value) };
  };
}
