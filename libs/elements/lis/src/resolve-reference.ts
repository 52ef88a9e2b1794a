import { type PolicyGrant, policyGrant } from '@esinet/held';
import type { Clock } from '@esinet/kernel';
import type { Devices } from './device.js';
import type { LocationReferences, Reference } from './location-references.js';
import { type ChosenPlaces, type Place, placesNow } from './place.js';
import type { Requester } from './third-parties.js';

export interface Resolved {
  readonly reference: Reference;
  /** What a policy leaves; undefined: all. */
  readonly grant?: PolicyGrant;
  readonly found: ChosenPlaces | 'late';
}

/**
 * What a location URI shows to somebody now. Undefined, whyever it is so: no such reference, lapsed, used up, revoked,
 * nothing known of the device, or nothing for this requester.
 */
export async function resolveReference(
  token: string,
  requester: Requester,
  waitMs: number | undefined,
  o: {
    readonly references: LocationReferences;
    readonly devices: Devices;
    readonly clock: Pick<Clock, 'wall'>;
    readonly lapsedMs: number;
  },
): Promise<Resolved | undefined> {
  const reference = await o.references.find(token);
  if (!reference) return undefined;
  const now = o.clock.wall();
  const since = o.devices.since(reference.device);
  if (since === undefined || reference.made < since || reference.expires <= now) return undefined;
  const places = reference.snapshot ?? o.devices.get(reference.device)?.places ?? [];
  const found = reference.snapshot
    ? { places: reference.snapshot, delayMs: 0 }
    : placesNow(places, now, { waitMs, lapsedMs: o.lapsedMs });
  if (!found || (found !== 'late' && found.places.length === 0)) return undefined;
  if (reference.rules === undefined) return { reference, found };
  const grant = reference.rules && policyGrant(reference.rules, bareNames(requester), now);
  return grant ? { reference, grant, found } : undefined;
}

/** Frozen: as they are told now. */
export function snapshotOf(places: readonly Place[], now: number): Place[] {
  return places.map((place) => ({ ...place, timestamp: place.timestamp ?? now }));
}

/** Names of a certificate without their kind: what a policy names people by. */
function bareNames({ names = [] }: Requester): string[] {
  return names.map((name) => name.slice(name.indexOf(':') + 1));
}
